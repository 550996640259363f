import type { AlertMatcher, AlertRow, AlertSilence, Recurrence } from "@wsight/protocol";
import type { SilenceDraft } from "./alerts-api.ts";

/** Units that lengths are written in. */
export const LENGTH_UNITS = [
  { value: "60", label: "minutes" },
  { value: "3600", label: "hours" },
  { value: "86400", label: "days" },
] as const;

/** A length of time as a form takes it. */
export interface Length {
  readonly count: string;
  /** Seconds of its unit. */
  readonly unit: (typeof LENGTH_UNITS)[number]["value"];
}

/** The largest unit that makes a whole number. */
export function lengthOf(durationSec: number): Length {
  const unit = [...LENGTH_UNITS].reverse().find(({ value }) => durationSec % Number(value) === 0) ?? LENGTH_UNITS[0];
  return { count: String(Number((durationSec / Number(unit.value)).toFixed(2))), unit: unit.value };
}

/** Seconds; NaN for no number. */
export function secondsOf({ count, unit }: Length): number {
  return count.trim() === "" ? Number.NaN : Math.round(Number(count) * Number(unit));
}

/** The wall clock of a zone at an instant, `2026-11-21T02:30`. */
export function wallClock(at: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  }).formatToParts(at);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}T${part("hour")}:${part("minute")}`;
}

/** The zone of this machine. */
function ownZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

/** A silence that begins now and says nothing of what yet. */
export function newSilence(kind: AlertSilence["kind"], now: number, timeZone: string = ownZone()): SilenceDraft {
  return {
    kind,
    matchers: [],
    startsAt: wallClock(now, timeZone),
    durationSec: kind === "maintenance" ? 2 * 3600 : 3600,
    timeZone,
    recurrence: null,
    comment: "",
  };
}

/** A silence of what is like an alert: its rule, and its labels. */
export function likeAlert(alert: Pick<AlertRow, "ruleId" | "labels">, now: number): SilenceDraft {
  const matchers: readonly AlertMatcher[] = [
    { label: "rule", op: "=", value: alert.ruleId },
    ...Object.keys(alert.labels)
      .sort()
      .map((label): AlertMatcher => ({ label, op: "=", value: alert.labels[label] ?? "" })),
  ];
  return { ...newSilence("silence", now), matchers };
}

/** Another way to come again; its days are those that the first window is on. */
export function recurring(every: Recurrence["every"] | "never", startsAt: string): Recurrence | null {
  if (every === "never") return null;
  const day = new Date(`${startsAt.slice(0, 10)}T00:00:00Z`);
  const days =
    every === "day" || Number.isNaN(day.getTime()) ? [] : [every === "week" ? day.getUTCDay() : day.getUTCDate()];
  return { every, days, until: null };
}

/** Days of the month as they are typed, `1, 15, -1`; `null` when that makes no sense. */
export function parseMonthDays(text: string): readonly number[] | null {
  const days = text
    .split(/[\s,]+/)
    .filter((word) => word !== "")
    .map(Number);
  const good = days.every((day) => Number.isInteger(day) && (day === -1 || (day >= 1 && day <= 31)));
  return good && days.length > 0 ? days : null;
}

/** Why a silence can't be saved as it stands; `null` when it can. */
export function silenceObstacle(draft: SilenceDraft): string | null {
  if (draft.matchers.length === 0 && draft.kind === "silence") return "Say which alerts: add a condition.";
  if (draft.matchers.some(({ label }) => label.trim() === "")) return "A condition has no label.";
  if (!(draft.durationSec >= 60 && draft.durationSec <= 31 * 86_400)) return "It lasts from a minute to 31 days.";
  if (draft.startsAt === "") return "Say when it starts.";
  if (draft.recurrence?.every === "week" && draft.recurrence.days.length === 0) return "Choose a day of the week.";
  return null;
}
