import { type HttpProvider, httpNotifier } from "../http/http-notifier.ts";
import type { Message, Notifier } from "../notifier.ts";
import type { NotifierTools } from "../notifier-tools.ts";
import { MARKS, type NoticeWords, subjectOf, toneOfAll, wordsOf } from "../words.ts";

/** Most notices that are shown whole: Slack takes 50 blocks, each has 4. */
const MOST_SHOWN = 10;
const LONGEST_HEADER = 150;
const LONGEST_TEXT = 2_900;

/** Slack's incoming webhooks, with blocks. Everything that is not ours is `plain_text`, which knows no markup and no mention. */
export function slackNotifier(tools: NotifierTools): Notifier {
  return httpNotifier(PROVIDER, tools);
}

const PROVIDER: HttpProvider = {
  type: "slack",
  requests: (settings, message) => [
    { url: settings.text("url"), headers: {}, body: JSON.stringify(slackPayload(message)) },
  ],
};

function slackPayload(message: Message): object {
  const subject = `${MARKS[toneOfAll(message)]} ${subjectOf(message, LONGEST_HEADER - 3)}`;
  const shown = message.notices.slice(0, MOST_SHOWN).map(wordsOf);
  const left = message.notices.length - shown.length;
  return {
    // Shown in notifications; markup is read in it.
    text: escapeSlack(subject),
    blocks: [
      { type: "header", text: plainText(subject) },
      ...shown.flatMap(blocksOf),
      ...(left === 0 ? [] : [{ type: "section", text: plainText(`and ${left} more`) }]),
      { type: "context", elements: [plainText(message.instance)] },
    ],
    parse: "none",
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
  };
}

function blocksOf({ tone, headline, summary, description, facts, links }: NoticeWords): readonly object[] {
  const lines = [`${MARKS[tone]} ${headline}`, summary, description].filter((line) => line !== "");
  const blocks: object[] = [{ type: "section", text: plainText(lines.join("\n")) }];
  if (facts.length > 0) {
    blocks.push({ type: "context", elements: facts.map(([label, text]) => plainText(`${label}: ${text}`)) });
  }
  if (links.length > 0) {
    const text = links.map(([label, url]) => `<${escapeUrl(url)}|${label}>`).join(" · ");
    blocks.push({ type: "section", text: { type: "mrkdwn", text, verbatim: true } });
  }
  return blocks;
}

function plainText(text: string): object {
  const clipped = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
  return { type: "plain_text", text: clipped, emoji: false };
}

function escapeSlack(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function escapeUrl(url: string): string {
  return url.replace(/[<>|\s]/g, (char) => encodeURIComponent(char));
}
