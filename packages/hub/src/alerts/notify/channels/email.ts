import { createHash } from "node:crypto";
import type { OpenChannel } from "../../desk/alert-tables.ts";
import { CHANNEL_KINDS } from "../channel-kinds.ts";
import { failure } from "../failure.ts";
import type { Delivery, Message, Notifier } from "../notifier.ts";
import type { NotifierTools } from "../notifier-tools.ts";
import { Settings } from "../settings.ts";
import { composeMail } from "./email/compose-mail.ts";
import { judgeMailError, type MailError, splitRefusals } from "./email/mail-errors.ts";
import { type MailSettings, readMailSettings } from "./email/mail-settings.ts";
import { createMailer, type Mailer } from "./email/mailer.ts";

/** Messages of which it is remembered who has them already. */
const MOST_REMEMBERED = 1_000;
/** Channels with an open connection. */
const MOST_MAILERS = 50;

/** Mail by SMTP: one connection for each channel, kept for a while. */
export function emailNotifier(tools: NotifierTools): Notifier {
  return new EmailNotifier(tools);
}

class EmailNotifier implements Notifier {
  readonly type = "email";
  readonly title: string = CHANNEL_KINDS.email.title;
  readonly fields: Notifier["fields"] = CHANNEL_KINDS.email.fields;
  readonly #tools: NotifierTools;
  readonly #mailers = new Map<string, { readonly settings: string; readonly mailer: Mailer }>();
  /** Who has a message that others could not be given yet. */
  readonly #taken = new Map<string, readonly string[]>();

  constructor(tools: NotifierTools) {
    this.#tools = tools;
  }

  async send(channel: OpenChannel, message: Message, signal: AbortSignal): Promise<Delivery> {
    const key = `${channel.id} ${message.idempotencyKey}`;
    try {
      const settings = readMailSettings(new Settings(channel));
      const taken = this.#taken.get(key) ?? [];
      const to = settings.to.filter((address) => !taken.includes(address));
      const mail = composeMail(channel.id, message, settings);
      const envelope = { from: settings.from.address, to: [...to] };
      const info = await this.#mailerOf(channel, settings).send({ ...mail, envelope, signal });
      return this.#conclude(key, taken, info);
    } catch (error) {
      return isMailError(error) ? this.#refused(key, error) : failure(error);
    }
  }

  async close(): Promise<void> {
    for (const { mailer } of this.#mailers.values()) mailer.close();
    this.#mailers.clear();
  }

  /** Some recipients have it. Those that were refused for now get it later, the others not again. */
  #conclude(key: string, taken: readonly string[], info: Awaited<ReturnType<Mailer["send"]>>): Delivery {
    const { later, never } = splitRefusals(info.refusals);
    if (later.length === 0) {
      this.#taken.delete(key);
      const refused = never.map(({ words }) => words).join("; ");
      const reply = refused === "" ? info.reply : `${info.reply} (refused: ${refused})`;
      return { result: "sent", providerId: info.messageId, reply };
    }
    this.#remember(key, [...taken, ...info.accepted]);
    return { result: "again", error: later.map(({ words }) => words).join("; "), afterMs: null };
  }

  #refused(key: string, error: MailError): Delivery {
    const delivery = judgeMailError(error);
    // Those who had it before are all who will.
    if (delivery.result === "dead") this.#taken.delete(key);
    return delivery;
  }

  #remember(key: string, accepted: readonly string[]): void {
    this.#taken.delete(key);
    this.#taken.set(key, accepted);
    for (const oldest of this.#taken.keys()) {
      if (this.#taken.size <= MOST_REMEMBERED) break;
      this.#taken.delete(oldest);
    }
  }

  #mailerOf(channel: OpenChannel, settings: MailSettings): Mailer {
    const digest = createHash("sha256").update(JSON.stringify(settings)).digest("hex");
    const kept = this.#mailers.get(channel.id);
    if (kept?.settings === digest) return kept.mailer;
    kept?.mailer.close();
    this.#mailers.delete(channel.id);
    for (const [oldest, { mailer }] of this.#mailers) {
      if (this.#mailers.size < MOST_MAILERS) break;
      mailer.close();
      this.#mailers.delete(oldest);
    }
    const mailer = createMailer(settings, this.#tools.guard);
    this.#mailers.set(channel.id, { settings: digest, mailer });
    return mailer;
  }
}

function isMailError(error: unknown): error is MailError {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}
