import { clip } from "../../dispatch/conceal.ts";
import type { Message } from "../../notifier.ts";
import { COLOURS, type NoticeWords, subjectOf, toneOfAll, wordsOf } from "../../words.ts";
import type { MailSettings } from "./mail-settings.ts";

/** A mail before it is put into MIME. */
export interface Mail {
  readonly from: { readonly name: string; readonly address: string };
  readonly to: string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly messageId: string;
  readonly references: string[];
  readonly priority: "high" | "normal";
  readonly headers: Readonly<Record<string, string>>;
}

const LONGEST_SUBJECT = 200;
const MOST_SHOWN = 50;
const MOST_REFERENCES = 20;

/**
 * Writes a mail: its id is the same for each try, and it refers to the first
 * of each episode it tells of, so that mail programs show them together.
 */
export function composeMail(channelId: string, message: Message, { from, to }: MailSettings): Mail {
  const { notices, instance } = message;
  const shown = notices.slice(0, MOST_SHOWN).map(wordsOf);
  const left = notices.length - shown.length;
  const id = (key: string): string => `<${atom(key)}@${domain(instance)}>`;
  const messageId = id(message.idempotencyKey);
  const episodes = [...new Set(notices.flatMap(({ episodeId }) => (episodeId === null ? [] : [episodeId])))];
  const firsts = episodes.slice(0, MOST_REFERENCES).map((episode) => id(`${episode}.firing.1.${channelId}`));
  const subject = `[wsight] ${subjectOf(message, LONGEST_SUBJECT)}`;
  const isUrgent = toneOfAll(message) === "critical";
  return {
    from,
    to: [...to],
    subject,
    text: [...shown.map(textOf), ...(left === 0 ? [] : [`and ${left} more`]), `-- \nwsight ${instance}`].join("\n\n"),
    html: htmlOf(shown, left, instance),
    messageId,
    references: firsts.filter((first) => first !== messageId),
    priority: isUrgent ? "high" : "normal",
    headers: {
      // Keeps away answers of machines: out of office, list confirmations.
      "Auto-Submitted": "auto-generated",
      "X-Auto-Response-Suppress": "All",
      ...(episodes.length === 0 ? {} : { "X-Wsight-Episode": clip(episodes.join(", "), 500) }),
    },
  };
}

function textOf({ headline, summary, description, facts, links }: NoticeWords): string {
  const lines = [
    headline,
    summary,
    description,
    ...facts.map(([label, text]) => `${label}: ${text}`),
    ...links.map(([label, url]) => `${label}: ${url}`),
  ];
  return lines.filter((line) => line !== "").join("\n");
}

function htmlOf(shown: readonly NoticeWords[], left: number, instance: string): string {
  const more = left === 0 ? "" : `<p>and ${left} more</p>`;
  const font = "font:15px/1.45 system-ui,-apple-system,Segoe UI,sans-serif;color:#1c2430";
  return `<!doctype html><html><head><meta charset="utf-8"></head><body style="${font}">${shown.map(articleOf).join("")}${more}<p style="color:#667">wsight ${escapeHtml(instance)}</p></body></html>`;
}

function articleOf({ tone, headline, summary, description, facts, links }: NoticeWords): string {
  const colour = `#${COLOURS[tone].toString(16).padStart(6, "0")}`;
  const rows = facts.map(
    ([label, text]) => `<tr><td style="color:#667;padding-right:12px">${label}</td><td>${escapeHtml(text)}</td></tr>`,
  );
  const anchors = links.map(([label, url]) => `<a href="${escapeHtml(url)}">${label}</a>`).join(" · ");
  return [
    `<div style="border-left:4px solid ${colour};padding:2px 0 2px 12px;margin:0 0 20px">`,
    `<p style="margin:0;color:${colour};font-weight:600">${escapeHtml(headline)}</p>`,
    `<p style="margin:4px 0;font-size:17px">${escapeHtml(summary)}</p>`,
    description === "" ? "" : `<p style="margin:4px 0;white-space:pre-wrap">${escapeHtml(description)}</p>`,
    `<table style="border-collapse:collapse;font-size:13px">${rows.join("")}</table>`,
    anchors === "" ? "" : `<p style="margin:8px 0 0">${anchors}</p>`,
    "</div>",
  ].join("");
}

function escapeHtml(text: string): string {
  const html = text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  return html.replace(/"/g, "&quot;").replace(/'/g, "&#39;");
}

/** What may stand before the @ of a message id. */
function atom(key: string): string {
  return key.replace(/[^A-Za-z0-9._+-]/g, "-").replace(/\.{2,}|^\.|\.$/g, "-");
}

/** What may stand after it. */
function domain(instance: string): string {
  const name = instance.replace(/[^A-Za-z0-9.-]+/g, "-").replace(/\.{2,}/g, ".");
  const plain = name.replace(/^[.-]+|[.-]+$/g, "");
  return plain === "" ? "wsight" : plain;
}
