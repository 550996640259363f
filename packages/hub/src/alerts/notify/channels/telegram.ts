import { clip } from "../dispatch/conceal.ts";
import { type HttpProvider, httpNotifier, jsonFields } from "../http/http-notifier.ts";
import type { ProviderReply } from "../http/judge.ts";
import type { Posted } from "../http/post.ts";
import type { Message, Notifier } from "../notifier.ts";
import type { NotifierTools } from "../notifier-tools.ts";
import { SettingsError } from "../settings.ts";
import { MARKS, type NoticeWords, subjectOf, toneOfAll, wordsOf } from "../words.ts";

/** Telegram takes 4,096 characters, counted without markup. */
const MOST_CHARACTERS = 4_000;
const MOST_SHOWN = 20;

/** Telegram's Bot API. */
export function telegramNotifier(tools: NotifierTools): Notifier {
  return httpNotifier(PROVIDER, tools);
}

const PROVIDER: HttpProvider = {
  type: "telegram",
  requests(settings, message) {
    const token = settings.text("token");
    if (!/^\d+:[\w-]+$/.test(token)) throw new SettingsError("Bot token: expected 123456:ABC…");
    const threadId = settings.whole("threadId");
    const body = {
      chat_id: settings.text("chatId"),
      ...(threadId === null ? {} : { message_thread_id: threadId }),
      text: telegramText(message),
      parse_mode: "HTML",
      link_preview_options: { is_disabled: true },
    };
    const base = settings.text("baseUrl").replace(/\/+$/, "");
    return [{ url: `${base}/bot${token}/sendMessage`, headers: {}, body: JSON.stringify(body) }];
  },
  read: readReply,
};

function telegramText(message: Message): string {
  const shown = message.notices.slice(0, MOST_SHOWN).map(wordsOf);
  const left = message.notices.length - shown.length;
  const subject = `${MARKS[toneOfAll(message)]} ${subjectOf(message, 250)}`;
  const room = Math.floor((MOST_CHARACTERS - subject.length - message.instance.length - 40) / shown.length);
  return [
    `<b>${escapeTelegram(subject)}</b>`,
    ...shown.map((words) => paragraph(words, room)),
    ...(left === 0 ? [] : [`and ${left} more`]),
    `<i>${escapeTelegram(message.instance)}</i>`,
  ].join("\n\n");
}

function paragraph({ headline, summary, description, facts, links }: NoticeWords, room: number): string {
  const lines = [headline, summary, description, ...facts.map(([label, text]) => `${label}: ${text}`)];
  const read = links.map(([label]) => label).join(" · ").length;
  // Cut before it is escaped: half an entity would spoil the message.
  const text = escapeTelegram(clip(lines.filter((line) => line !== "").join("\n"), Math.max(60, room - read - 16)));
  const shown = links.map(([label, url]) => `<a href="${escapeTelegram(url)}">${label}</a>`).join(" · ");
  return shown === "" ? text : `${text}\n${shown}`;
}

function readReply({ status, text }: Posted): ProviderReply {
  const { result, description, parameters } = jsonFields(text) as TelegramReply;
  if (status < 300)
    return { providerId: result?.message_id === undefined ? null : String(result.message_id), error: "" };
  const movedTo = parameters?.migrate_to_chat_id;
  const hint = movedTo === undefined ? "" : `; the chat is now ${movedTo}`;
  const seconds = parameters?.retry_after;
  return {
    ...(description === undefined ? {} : { error: `${description}${hint}` }),
    afterMs: typeof seconds === "number" ? seconds * 1000 : null,
  };
}

interface TelegramReply {
  readonly result?: { readonly message_id?: number };
  readonly description?: string;
  readonly parameters?: { readonly retry_after?: number; readonly migrate_to_chat_id?: number };
}

/** Telegram links `@name` in any text and tells whom it names: a word joiner after the @ keeps it from that. */
function escapeTelegram(text: string): string {
  const html = text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
  return html.replace(/@(?=\w)/g, "@\u2060");
}
