import type {
  AlertEpisode,
  AlertLimit,
  AlertMatcher,
  AlertRow,
  AlertSeverity,
  AlertSuppression,
  EpisodeEnd,
  HistoryResult,
  Labels,
  NoticeKind,
  Recurrence,
} from "@wsight/protocol";
import type { IconName } from "../../components/icons.ts";
import type { Tone } from "../../components/tone.ts";
import type { Clock } from "../../format/clock.ts";
import { join } from "../../format/quantity.ts";
import { formatOf } from "../history/units.ts";

/** How a severity looks and reads. */
export const SEVERITIES: Readonly<
  Record<AlertSeverity, { readonly icon: IconName; readonly tone: Tone; readonly word: string }>
> = {
  critical: { icon: "alert", tone: "crit", word: "critical" },
  warning: { icon: "warn", tone: "warn", word: "warning" },
};

/** What a status says beside the severity; firing goes without saying. */
export const STATUS_WORDS: Readonly<Record<AlertRow["status"], string | null>> = {
  firing: null,
  pending: "not for long enough yet",
  recovering: "recovering",
  no_data: "no data",
  error: "can't be evaluated",
};

/** Why an episode ended. */
export const END_WORDS: Readonly<Record<EpisodeEnd, string>> = {
  recovered: "recovered",
  resolved_by_hand: "resolved by hand",
  rule_changed: "rule changed",
  rule_disabled: "rule switched off",
  rule_deleted: "rule deleted",
  series_ended: "what it watched ended",
  no_data_ok: "no data, taken for in range",
};

/** What a notice told. */
export const NOTICE_WORDS: Readonly<Record<NoticeKind, string>> = {
  firing: "fired",
  escalated: "got worse",
  deescalated: "got better",
  repeat: "still fires",
  resolved: "resolved",
  flapping: "comes and goes",
  no_data: "no data",
  error: "can't be evaluated",
  test: "test",
  undeliverable: "could not be delivered",
};

/** A figure in the unit of its alert. */
export function figure(value: number | null, unit: string): string {
  return join(formatOf(unit as HistoryResult["unit"])(value));
}

/** A limit, or both ends of a range. */
export function limitText(limit: AlertLimit, unit: string): string {
  return typeof limit === "number" ? figure(limit, unit) : limit.map((end) => figure(end, unit)).join(" to ");
}

/** `node chat/web-1`, by name. */
export function labelTexts(labels: Labels): readonly string[] {
  return Object.keys(labels)
    .sort()
    .map((name) => `${name} ${labels[name] === "" ? "(none)" : labels[name]}`);
}

/** `severity = critical` */
export function matcherText({ label, op, value }: AlertMatcher): string {
  return `${label} ${op} ${value === "" ? '""' : value}`;
}

/** Why nobody is told of an alert; what its own fields say, acknowledged and snoozed, is left to them. */
export function suppressionText(suppression: AlertSuppression, clock: Clock): string | null {
  switch (suppression.by) {
    case "acknowledged":
    case "snooze":
      return null;
    case "flapping":
      return "comes and goes: held";
    case "inhibition":
      return "another alert says it";
    default: {
      const { by, until } = suppression;
      const word = by === "maintenance" ? "in maintenance" : "silenced";
      return until === null ? word : `${word} until ${clock.minute(until)}`;
    }
  }
}

/** An instant with its day, unless that is today's. */
export function when(at: number, now: number, clock: Clock): string {
  return clock.day(at) === clock.day(now) ? clock.minute(at) : `${clock.day(at)} ${clock.minute(at)}`;
}

/** How long an episode lasted, or has. */
export function lastedMs({ startedAt, endedAt }: Pick<AlertEpisode, "startedAt" | "endedAt">, now: number): number {
  return (endedAt ?? now) - startedAt;
}

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;

/** Days of the week as `Recurrence` counts them, for forms: Monday first. */
export const DAYS_OF_WEEK: readonly { readonly day: number; readonly name: string }[] = [1, 2, 3, 4, 5, 6, 0].map(
  (day) => ({ day, name: WEEKDAYS[day] ?? "" }),
);

/** `every Monday and Thursday until 2027-01-31` */
export function recurrenceText({ every, days, until }: Recurrence): string {
  const names = days.map((day) =>
    every === "week" ? (WEEKDAYS[day] ?? "?") : day < 0 ? "the last day" : `the ${nth(day)}`,
  );
  const when =
    every === "day" || names.length === 0
      ? `every ${every}`
      : every === "week"
        ? `every ${listed(names)}`
        : `on ${listed(names)} of each month`;
  return until === null ? when : `${when} until ${until}`;
}

function nth(day: number): string {
  const last = day % 10;
  const teen = day > 10 && day < 14;
  return `${day}${teen ? "th" : last === 1 ? "st" : last === 2 ? "nd" : last === 3 ? "rd" : "th"}`;
}

/** `a, b and c` */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** `1 rule`, `2 rules` */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
