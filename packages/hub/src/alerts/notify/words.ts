import type { Notice, NoticeKind } from "@wsight/protocol";
import { clip, oneLine } from "./dispatch/conceal.ts";
import type { Message } from "./notifier.ts";

/** How a notice looks: the colour of its mark. */
export type Tone = "critical" | "warning" | "good" | "neutral";

/** A notice as plain text in parts, for channels to put into their own form. Nothing in it is escaped. */
export interface NoticeWords {
  readonly tone: Tone;
  /** `FIRING · critical · NAME`, one line. */
  readonly headline: string;
  /** One line. */
  readonly summary: string;
  /** May have several lines, or be empty. */
  readonly description: string;
  /** Label and text, one line each. */
  readonly facts: readonly (readonly [label: string, text: string])[];
  /** `https:` and `http:` addresses with what they lead to. */
  readonly links: readonly (readonly [label: string, url: string])[];
}

/** What happened, in a word or two. */
const HAPPENED: Readonly<Record<NoticeKind, string>> = {
  firing: "FIRING",
  escalated: "WORSE",
  deescalated: "LESS BAD",
  repeat: "STILL FIRING",
  resolved: "RESOLVED",
  flapping: "FLAPPING",
  no_data: "NO DATA",
  error: "CAN'T BE EVALUATED",
  test: "TEST",
  undeliverable: "NOT DELIVERED",
};

const LONGEST_NAME = 120;
const LONGEST_SUMMARY = 600;
const LONGEST_DESCRIPTION = 2_000;
const LONGEST_FACT = 500;

/** Puts a notice into words. Times are UTC. */
export function wordsOf(notice: Notice): NoticeWords {
  const { kind, severity, name } = notice;
  const level = kind === "test" ? "" : ` · ${severity}`;
  return {
    tone: toneOf(notice),
    headline: oneLine(`${HAPPENED[kind]}${level} · ${plain(name)}`, LONGEST_NAME + 60),
    summary: oneLine(plain(notice.summary), LONGEST_SUMMARY),
    description: clip(plain(notice.description).trim(), LONGEST_DESCRIPTION),
    facts: factsOf(notice).map(([label, text]) => [label, oneLine(plain(text), LONGEST_FACT)] as const),
    links: linksOf(notice),
  };
}

/** One line for all of a message: a subject, a heading, what a phone shows. */
export function subjectOf({ notices }: Message, most: number): string {
  // What goes on matters more than what is over.
  const first = notices.find(({ kind }) => kind !== "resolved") ?? notices[0];
  if (first === undefined) return "";
  const line = lineOf(first);
  if (notices.length === 1) return oneLine(line, most);
  const resolved = notices.filter(({ kind }) => kind === "resolved").length;
  const counts = resolved === 0 ? `${notices.length} alerts` : `${notices.length} alerts, ${resolved} resolved`;
  return oneLine(`${counts} · ${line}`, most);
}

/** What happened and the summary, which begins with the name most often: it is said once. */
function lineOf(notice: Notice): string {
  const { headline, summary } = wordsOf(notice);
  if (summary === "") return headline;
  const name = oneLine(plain(notice.name), LONGEST_NAME);
  const isNamed = headline.endsWith(name) && /^[ :]/.test(summary.slice(name.length)) && summary.startsWith(name);
  return isNamed ? `${headline.slice(0, -name.length)}${summary}` : `${headline}: ${summary}`;
}

/** The worst of a message. */
export function toneOfAll({ notices }: Message): Tone {
  const tones = notices.map(toneOf);
  return (["critical", "warning", "neutral", "good"] as const).find((tone) => tones.includes(tone)) ?? "neutral";
}

/** A mark that is seen before a word is read. */
export const MARKS: Readonly<Record<Tone, string>> = { critical: "🔴", warning: "🟠", good: "🟢", neutral: "🔵" };
/** Colour of each tone, as a number: `0xrrggbb`. */
export const COLOURS: Readonly<Record<Tone, number>> = {
  critical: 0xd03b3b,
  warning: 0xe08a1e,
  good: 0x2e9d5b,
  neutral: 0x4a7dc9,
};

/** True for notices that say that something is well again. */
export function isResolved({ kind }: Notice): boolean {
  return kind === "resolved";
}

/** `2026-11-21 16:19:29 UTC` */
function timeText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

function toneOf(notice: Notice): Tone {
  if (isResolved(notice)) return "good";
  if (notice.kind === "test") return "neutral";
  return notice.severity === "critical" ? "critical" : "warning";
}

function factsOf(notice: Notice): readonly (readonly [string, string])[] {
  const { labels, firedAt, endedAt, endReason, culprits, episodeId } = notice;
  const facts: (readonly [string, string])[] = [];
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
  if (pairs.length > 0) facts.push(["Labels", pairs.join(", ")]);
  if (firedAt !== null) facts.push(["Fired", timeText(firedAt)]);
  if (endedAt !== null) facts.push(["Resolved", `${timeText(endedAt)}${endReason === null ? "" : ` (${endReason})`}`]);
  if (firedAt !== null && endedAt !== null) facts.push(["Lasted", durationText(endedAt - firedAt)]);
  if (culprits.length > 0) facts.push(["Made by", culprits.map(({ label, name }) => `${label} ${name}`).join(", ")]);
  if (episodeId !== null) facts.push(["Episode", episodeId]);
  return facts;
}

function linksOf({ url, runbookUrl, episodeId }: Notice): readonly (readonly [string, string])[] {
  const page = url.indexOf("#");
  const alert = episodeId === null || page < 0 ? "" : `${url.slice(0, page)}#/alerts?alert=${episodeId}`;
  const links = [
    ["Open in wsight", url],
    ["Look after it", alert],
    ["Runbook", runbookUrl],
  ] as const;
  return links.filter(([, address]) => isWebAddress(address)).map(([label, address]) => [label, new URL(address).href]);
}

function isWebAddress(address: string): boolean {
  return /^https?:\/\//i.test(address) && URL.canParse(address) && address.length <= 2_000;
}

function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return "0 s";
  const shown = parts.slice(first, first + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(" ");
}

/** Without control characters other than line ends, and without those that turn the direction of text. */
function plain(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(/(?!\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, " ");
}
