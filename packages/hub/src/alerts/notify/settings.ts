import type { ChannelField } from "@wsight/protocol";
import type { OpenChannel } from "../desk/alert-tables.ts";
import { CHANNEL_KINDS } from "./channel-kinds.ts";

/** A setting that nothing can be sent with: trying again is of no use until it changes. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/** Reads the settings of a channel by name; what its kind falls back to where nothing is set. */
export class Settings {
  readonly #channel: OpenChannel;
  readonly #fields: readonly ChannelField[];

  constructor(channel: OpenChannel) {
    this.#channel = channel;
    this.#fields = CHANNEL_KINDS[channel.type].fields;
  }

  /** A text; empty when it is not set. @throws SettingsError when it is required */
  text(name: string): string {
    const field = this.#fields.find((each) => each.name === name);
    const { config, secrets } = this.#channel;
    const value = (field?.type === "secret" ? secrets[name] : config[name]) ?? field?.fallback ?? "";
    const text = Array.isArray(value) ? value.join(",") : String(value).trim();
    if (text === "" && field?.required === true) throw new SettingsError(`${field.label}: expected to be set`);
    if (field?.choices !== undefined && !field.choices.includes(text)) {
      throw new SettingsError(`${field.label}: expected one of ${field.choices.join(", ")}, got ${text}`);
    }
    return text;
  }

  /** A whole number; `null` when it is not set. @throws SettingsError */
  whole(name: string): number | null {
    const text = this.text(name);
    if (text === "") return null;
    if (/^\d{1,15}$/.test(text)) return Number(text);
    throw new SettingsError(`${name}: expected a whole number, got ${text}`);
  }

  flag(name: string): boolean {
    return this.text(name) === "true";
  }

  list(name: string): readonly string[] {
    const value = this.#channel.config[name];
    const entries = Array.isArray(value) ? value.map(String) : this.text(name).split(",");
    return entries.map((entry) => entry.trim()).filter((entry) => entry !== "");
  }
}
