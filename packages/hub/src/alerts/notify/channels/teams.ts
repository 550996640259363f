import { clip } from "../dispatch/conceal.ts";
import { type HttpProvider, httpNotifier } from "../http/http-notifier.ts";
import type { Message, Notifier } from "../notifier.ts";
import type { NotifierTools } from "../notifier-tools.ts";
import { MARKS, type NoticeWords, subjectOf, type Tone, toneOfAll, wordsOf } from "../words.ts";

/** A card of more than 28 KB is refused. */
const MOST_SHOWN = 8;
const LONGEST_DESCRIPTION = 800;

const COLOUR: Readonly<Record<Tone, string>> = {
  critical: "Attention",
  warning: "Warning",
  good: "Good",
  neutral: "Accent",
};

/** A workflow of Microsoft Teams that posts an adaptive card. Texts are text runs, which know no Markdown. */
export function teamsNotifier(tools: NotifierTools): Notifier {
  return httpNotifier(PROVIDER, tools);
}

const PROVIDER: HttpProvider = {
  type: "teams",
  requests: (settings, message) => [
    { url: settings.text("url"), headers: {}, body: JSON.stringify(teamsPayload(message)) },
  ],
};

function teamsPayload(message: Message): object {
  const shown = message.notices.slice(0, MOST_SHOWN).map(wordsOf);
  const left = message.notices.length - shown.length;
  const subject = `${MARKS[toneOfAll(message)]} ${subjectOf(message, 200)}`;
  const links = shown[0]?.links ?? [];
  const content = {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
    msteams: { width: "Full" },
    fallbackText: subject,
    body: [
      line(subject, { weight: "Bolder", size: "Large" }),
      ...shown.map(containerOf),
      ...(left === 0 ? [] : [line(`and ${left} more`, {})]),
      line(message.instance, { isSubtle: true, size: "Small" }),
    ],
    actions: links.map(([title, url]) => ({ type: "Action.OpenUrl", title, url })),
  };
  return {
    type: "message",
    summary: subject,
    attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", contentUrl: null, content }],
  };
}

function containerOf({ tone, headline, summary, description, facts }: NoticeWords): object {
  const lines = clip(description, LONGEST_DESCRIPTION).split("\n").slice(0, 12);
  return {
    type: "Container",
    separator: true,
    items: [
      line(headline, { weight: "Bolder", color: COLOUR[tone] }),
      ...[summary, ...lines].filter((each) => each !== "").map((each) => line(each, {})),
      ...facts.map(([label, text]) => line(`${label}: ${text}`, { isSubtle: true, size: "Small" })),
    ],
  };
}

function line(text: string, look: Readonly<Record<string, string | boolean>>): object {
  return { type: "RichTextBlock", inlines: [{ type: "TextRun", text, ...look }] };
}
