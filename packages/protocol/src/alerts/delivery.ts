import type { Labels } from "../series.ts";
import type { AlertCulprit } from "./instance.ts";
import type { AlertLimit, AlertSeverity } from "./rule.ts";

/** Where notices can go. */
export const CHANNEL_TYPES = [
  "email",
  "slack",
  "discord",
  "teams",
  "telegram",
  "pagerduty",
  "webhook",
  "alertmanager",
  "file",
] as const;
export type ChannelType = (typeof CHANNEL_TYPES)[number];

/** A setting of a channel type, for checks, docs and the form on the page. */
export interface ChannelField {
  readonly name: string;
  /** For people. */
  readonly label: string;
  readonly type: "text" | "number" | "switch" | "list" | "url" | "secret";
  readonly required: boolean;
  readonly help: string;
  /** What is taken, when not everything is. */
  readonly choices?: readonly string[];
  /** Where secrets go: they must be entered again when it changes. */
  readonly destination?: boolean;
  /** What is taken when it is not set. */
  readonly fallback?: string | number | boolean;
}

/** A type of channel and its form. */
export interface ChannelForm {
  readonly type: ChannelType;
  /** For people: `Slack`. */
  readonly title: string;
  readonly fields: readonly ChannelField[];
}

/** One way to tell people, as it is shown: secrets are `true` when set, and never told. */
export interface AlertChannel {
  readonly id: string;
  readonly name: string;
  readonly type: ChannelType;
  readonly enabled: boolean;
  /** Settings of its type that are no secret; see docs/notices.md. */
  readonly config: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  /** Which secrets are set. */
  readonly secrets: Readonly<Record<string, boolean>>;
  readonly version: number;
  readonly health: ChannelHealth;
}

/** How a channel fares. */
export interface ChannelHealth {
  /** `unused`: nothing was sent yet · `failing`: the newest try failed · `unreadable`: its secrets were encrypted with another secret; enter them again. */
  readonly state: "unused" | "ok" | "failing" | "unreadable";
  readonly sent: number;
  readonly failed: number;
  /** Notices that were given up. */
  readonly dead: number;
  readonly queued: number;
  readonly lastSentAt: number | null;
  readonly lastError: string | null;
  readonly lastErrorAt: number | null;
}

/** A label and what it must be. `rule`, `severity`, `node`, `service` and the labels of the rule can be matched. */
export interface AlertMatcher {
  readonly label: string;
  /** `=~` and `!~` are anchored regular expressions (RE2 subset, linear time). */
  readonly op: "=" | "!=" | "=~" | "!~";
  readonly value: string;
}

/** Who is told of what: the first child that matches takes a notice, unless `continue` lets the next see it too. */
export interface AlertRoute {
  readonly matchers: readonly AlertMatcher[];
  /** Ids; empty: those of the parent. At the root, empty means every enabled channel. */
  readonly channels: readonly string[];
  /** What is told in one message. @default ["rule", "severity"] */
  readonly groupBy: readonly string[];
  /** Seconds: how long the first notice of a group waits for others. @default 10 */
  readonly groupWaitSec: number;
  /** Seconds between two messages of a group, at least 10. @default 60 */
  readonly groupIntervalSec: number;
  readonly continue: boolean;
  readonly routes: readonly AlertRoute[];
}

/** Alerts that say nothing while another one fires. */
export interface AlertInhibition {
  readonly source: readonly AlertMatcher[];
  readonly target: readonly AlertMatcher[];
  /** Labels that must be equal in both. */
  readonly equal: readonly string[];
}

/** How often a window comes again: `days` of the week (0 Sunday to 6), or of the month (1 to 31, −1 the last), or every day. */
export interface Recurrence {
  readonly every: "day" | "week" | "month";
  readonly days: readonly number[];
  /** No window begins after this wall-clock date, `2027-01-31`; `null` for ever. */
  readonly until: string | null;
}

/** A time in which nobody is told of what matches. Once (`recurrence` null) or again and again, by the wall clock of a zone. */
export interface AlertSilence {
  readonly id: string;
  readonly matchers: readonly AlertMatcher[];
  /** `silence`: because of something that goes on · `maintenance`: planned. */
  readonly kind: "silence" | "maintenance";
  /** Wall clock of the first window's start, `2026-11-21T02:30`. */
  readonly startsAt: string;
  /** Seconds of real time that each window lasts, 60 to 2,678,400. */
  readonly durationSec: number;
  /** IANA name, e.g. `Europe/Berlin`. */
  readonly timeZone: string;
  readonly recurrence: Recurrence | null;
  readonly comment: string;
  readonly createdBy: string;
  readonly createdAt: number;
}

/** What a notice says happened. */
export const NOTICE_KINDS = [
  "firing",
  "escalated",
  "deescalated",
  "repeat",
  "resolved",
  "flapping",
  "no_data",
  "error",
  "test",
  "undeliverable",
] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** What is told, before a channel puts it into its own form. Times are ms epoch. */
export interface Notice {
  readonly kind: NoticeKind;
  /** `null` for notices that are not of an episode. */
  readonly episodeId: string | null;
  /** Of the episode's notices: 1, 2, … */
  readonly seq: number;
  readonly fingerprint: string | null;
  readonly ruleId: string | null;
  readonly name: string;
  readonly severity: AlertSeverity;
  readonly labels: Labels;
  /** Rendered from the rule's templates, or the usual text. */
  readonly summary: string;
  readonly description: string;
  readonly metric: string;
  readonly unit: string;
  readonly value: number | null;
  readonly limit: AlertLimit | null;
  readonly peak: number | null;
  readonly firedAt: number | null;
  readonly endedAt: number | null;
  /** Why it ended, for `resolved`. */
  readonly endReason: string | null;
  readonly culprits: readonly AlertCulprit[];
  readonly runbookUrl: string;
  /** Where the moment can be seen; empty when the hub does not know its own address. */
  readonly url: string;
  readonly at: number;
}

/** `dead` was given up; `dismissed` was given up, and somebody has seen it. */
export const OUTBOX_STATES = ["queued", "leased", "sent", "dead", "dismissed", "superseded"] as const;
export type OutboxState = (typeof OUTBOX_STATES)[number];

/** A notice on its way through one channel. */
export interface OutboxRow {
  readonly id: number;
  readonly channelId: string;
  readonly state: OutboxState;
  readonly notice: Notice;
  readonly attempts: number;
  readonly createdAt: number;
  /** When it is tried next; ms epoch. */
  readonly nextAt: number;
  readonly sentAt: number | null;
  /** What the provider called it; `null` for none. */
  readonly providerId: string | null;
  readonly lastError: string | null;
}

/** What became of a test notice. */
export interface ChannelTestResult {
  readonly ok: boolean;
  /** What the provider replied, or why it failed; one line. */
  readonly reply: string;
  readonly tookMs: number;
}
