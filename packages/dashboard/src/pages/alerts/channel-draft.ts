import type { AlertChannel, ChannelField, ChannelForm } from "@wsight/protocol";
import type { ChannelDraft } from "./alerts-api.ts";

/** A channel as its form holds it: everything as text. */
export interface ChannelFields {
  readonly name: string;
  readonly enabled: boolean;
  /** Settings that are no secret, by name; switches say `true` or empty. */
  readonly config: Readonly<Record<string, string>>;
  /** What is typed; empty leaves what is kept. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Secrets to take away. */
  readonly removed: readonly string[];
}

/** The form as it opens. @param known `null` for a new one */
export function fieldsOf(form: ChannelForm, known: AlertChannel | null): ChannelFields {
  const text = (field: ChannelField): string => {
    // What is typed shows in its field what is taken when it is empty; what is chosen must show what holds.
    const usual = field.type === "switch" || field.choices !== undefined ? field.fallback : undefined;
    const value = known?.config[field.name] ?? usual;
    if (value === undefined || value === false) return "";
    return Array.isArray(value) ? value.join(", ") : String(value);
  };
  return {
    name: known?.name ?? form.title,
    enabled: known?.enabled ?? true,
    config: Object.fromEntries(
      form.fields.filter(({ type }) => type !== "secret").map((field) => [field.name, text(field)]),
    ),
    secrets: {},
    removed: [],
  };
}

/** What is sent; settings that are left empty are left out. */
export function draftOf(form: ChannelForm, fields: ChannelFields): ChannelDraft {
  const config: Record<string, ChannelDraft["config"][string]> = {};
  const secrets: Record<string, string | null> = {};
  for (const field of form.fields) {
    const { name, type } = field;
    if (type === "secret") {
      const typed = fields.secrets[name] ?? "";
      if (typed !== "") secrets[name] = typed;
      else if (fields.removed.includes(name)) secrets[name] = null;
      continue;
    }
    const text = (fields.config[name] ?? "").trim();
    if (type === "switch") config[name] = text === "true";
    else if (text !== "") config[name] = type === "number" ? Number(text) : type === "list" ? listOf(text) : text;
  }
  return { name: fields.name.trim(), type: form.type, enabled: fields.enabled, config, secrets };
}

function listOf(text: string): readonly string[] {
  return text.split(/[\n,;]+/).flatMap((part) => (part.trim() === "" ? [] : [part.trim()]));
}

/** Why it can't be saved as it stands; `null` when it can. */
export function channelObstacle(form: ChannelForm, fields: ChannelFields, known: AlertChannel | null): string | null {
  if (fields.name.trim() === "") return "Give it a name.";
  for (const { name, label, type, required } of form.fields) {
    if (!required) continue;
    const kept = type === "secret" && known?.secrets[name] === true && !fields.removed.includes(name);
    const text = type === "secret" ? fields.secrets[name] : fields.config[name];
    if (!kept && (text ?? "").trim() === "") return `${label} is needed.`;
  }
  return null;
}

/** Addresses that are too long for a line: what tells them apart. */
export function aboutChannel({ type, config }: AlertChannel): string {
  const known = [config.to, config.url, config.file, config.chatId].find((value) => value !== undefined);
  if (known === undefined) return type;
  return Array.isArray(known) ? known.join(", ") : String(known);
}
