import { clip } from "../dispatch/conceal.ts";
import { type HttpProvider, httpNotifier, jsonFields } from "../http/http-notifier.ts";
import type { ProviderReply } from "../http/judge.ts";
import type { Posted } from "../http/post.ts";
import type { Message, Notifier } from "../notifier.ts";
import type { NotifierTools } from "../notifier-tools.ts";
import { COLOURS, MARKS, type NoticeWords, subjectOf, toneOfAll, wordsOf } from "../words.ts";

/** Discord takes 10 embeds with 6,000 characters together. */
const MOST_SHOWN = 10;
const MOST_CHARACTERS = 5_600;
const LONGEST_TITLE = 240;
const LONGEST_CONTENT = 1_800;

/** Discord's webhooks, with embeds. Nobody can be mentioned. */
export function discordNotifier(tools: NotifierTools): Notifier {
  return httpNotifier(PROVIDER, tools);
}

const PROVIDER: HttpProvider = {
  type: "discord",
  requests(settings, message) {
    const url = new URL(settings.text("url"));
    // The answer then says the id of the message, and comes when it is there.
    url.searchParams.set("wait", "true");
    return [{ url: url.href, headers: {}, body: JSON.stringify(discordPayload(message)) }];
  },
  read: readReply,
};

function discordPayload(message: Message): object {
  const shown = message.notices.slice(0, MOST_SHOWN).map(wordsOf);
  const left = message.notices.length - shown.length;
  const more = left === 0 ? "" : ` (${left} more not shown)`;
  const most = Math.floor(MOST_CHARACTERS / shown.length);
  return {
    content: clip(`${MARKS[toneOfAll(message)]} ${escapeMarkdown(subjectOf(message, 400))}${more}`, LONGEST_CONTENT),
    embeds: shown.map((words) => embedOf(words, message.instance, most)),
    allowed_mentions: { parse: [] },
  };
}

function embedOf(
  { tone, headline, summary, description, facts, links }: NoticeWords,
  from: string,
  most: number,
): object {
  const title = clip(escapeMarkdown(headline), Math.min(LONGEST_TITLE, most / 3));
  const lines = [summary, description, ...facts.map(([label, text]) => `${label}: ${text}`)];
  const text = lines.filter((line) => line !== "").map(escapeMarkdown);
  const shownLinks = links
    .map(([label, url]) => `[${label}](<${url.replace(/[<>]/g, encodeURIComponent)}>)`)
    .join(" · ");
  const footer = { text: clip(from, 80) };
  const room = Math.floor(most - title.length - shownLinks.length - footer.text.length - 1);
  // Links are left out before they are cut in two.
  const fits = room >= 40;
  const described = clip(text.join("\n"), Math.max(40, fits ? room : room + shownLinks.length));
  return { title, description: fits ? `${described}\n${shownLinks}` : described, color: COLOURS[tone], footer };
}

/** Its rate limits: what is left of them comes with every answer. */
function readReply({ status, headers, text }: Posted): ProviderReply {
  const { id, message, retry_after: retryAfter } = jsonFields(text);
  if (status === 429) {
    return {
      afterMs: typeof retryAfter === "number" ? Math.ceil(retryAfter * 1000) : null,
      error: String(message ?? ""),
    };
  }
  const isUsedUp = headers["x-ratelimit-remaining"] === "0";
  const resetMs = Number(headers["x-ratelimit-reset-after"]) * 1000;
  const pauseMs = isUsedUp && Number.isFinite(resetMs) ? Math.ceil(resetMs) : 0;
  const said = typeof message === "string" ? { error: message } : {};
  return status < 300 ? { providerId: typeof id === "string" ? id : null, pauseMs, error: "" } : said;
}

/** A backslash before everything that Discord's Markdown knows, mentions included. */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|~<>@:]/g, "\\$&");
}
