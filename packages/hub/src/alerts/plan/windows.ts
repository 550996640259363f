import type { AlertSilence } from "@wsight/protocol";
import { openZone, type Zone } from "./zone.ts";

/** A stretch of time, ms epoch; `endAt` does not belong to it, and is `null` where no end can be seen. */
export interface TimeWindow {
  readonly startAt: number;
  readonly endAt: number | null;
}

/** The windows of one silence. */
export interface Windows {
  /** The window that a moment is in, those that touch or overlap taken for one; `null` for none. */
  at(moment: number): TimeWindow | null;
  /** The first window that begins after a moment; `null` for none within a year and a half. */
  after(moment: number): TimeWindow | null;
}

const DAY_MS = 86_400_000;
const WALL_CLOCK = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d))?$/;
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
/** Furthest that a next window is looked for, days. */
const LOOK_AHEAD_DAYS = 550;
/** Windows that may be joined before their end is given up. */
const MAX_JOINED = 400;

/** What windows are made of. */
export type WindowPlan = Pick<AlertSilence, "startsAt" | "durationSec" | "timeZone" | "recurrence">;

/** A day, and when its window begins. */
interface Start {
  /** ms epoch of a clock in UTC. */
  readonly day: number;
  /** ms epoch. */
  readonly startAt: number;
}

/** Reads `2026-11-21T02:30` as ms epoch of a clock in UTC; `null` for what is no such time. */
export function parseWallClock(text: string): number | null {
  const [whole, ...parts] = WALL_CLOCK.exec(text) ?? [];
  return whole === undefined ? null : wallFrom(parts.map((part) => Number(part ?? 0)));
}

/** Reads `2027-01-31` as ms epoch in UTC; `null` for what is no such day. */
export function parseDay(text: string): number | null {
  const [whole, ...parts] = DATE.exec(text) ?? [];
  return whole === undefined ? null : wallFrom(parts.map(Number));
}

/**
 * Lays out the windows of a silence by the wall clock of its zone. Each begins at the time of day of `startsAt`, once
 * a day at most, and lasts its seconds of real time, also across a change of clocks.
 * @param open for who has many of them, see `createZones`: zones are costly to open
 * @throws Error for a zone that this machine does not know, or a time that is none
 */
export function createWindows(plan: WindowPlan, open: (timeZone: string) => Zone = openZone): Windows {
  const { startsAt, durationSec, timeZone, recurrence } = plan;
  const zone = open(timeZone);
  const first = parseWallClock(startsAt);
  if (first === null) throw new Error(`expected a time like 2026-11-21T02:30, got ${JSON.stringify(startsAt)}`);
  const firstDay = dayOf(first);
  const lastDay = recurrence === null ? firstDay : (parseDay(recurrence.until ?? "") ?? Infinity);
  const timeOfDay = first - firstDay;
  const lengthMs = durationSec * 1000;

  /** Nearest start from the day on, forwards or backwards, at most so many days away. */
  function startNear(fromDay: number, days: number, step: 1 | -1 = 1): Start | null {
    let day = step > 0 ? Math.max(fromDay, firstDay) : Math.min(fromDay, lastDay);
    for (let i = 0; i <= days && day >= firstDay && day <= lastDay; i++, day += step * DAY_MS) {
      if (isOnDay(day)) return { day, startAt: zone.momentOf(day + timeOfDay) };
    }
    return null;
  }

  function isOnDay(day: number): boolean {
    if (recurrence === null) return day === firstDay;
    const date = new Date(day);
    switch (recurrence.every) {
      case "day":
        return true;
      case "week":
        return recurrence.days.includes(date.getUTCDay());
      case "month":
        return recurrence.days.includes(date.getUTCDate()) || (recurrence.days.includes(-1) && isLastOfMonth(day));
    }
  }

  /** The window of a start, with those before and after it that leave no gap. */
  function joined(from: Start): TimeWindow {
    const reach = Math.ceil(lengthMs / DAY_MS) + 1;
    let first = from;
    for (let i = 0; i < MAX_JOINED; i++) {
      const before = startNear(first.day - DAY_MS, reach, -1);
      if (before === null || before.startAt + lengthMs < first.startAt) break;
      first = before;
    }
    let last = from;
    for (let i = 0; i < MAX_JOINED; i++) {
      const next = startNear(last.day + DAY_MS, reach);
      if (next === null || next.startAt > last.startAt + lengthMs)
        return { startAt: first.startAt, endAt: last.startAt + lengthMs };
      last = next;
    }
    return { startAt: first.startAt, endAt: null };
  }

  function windowAt(moment: number): TimeWindow | null {
    // Clocks can be a day apart from where they were (Samoa left out a whole day).
    let from = dayOf(zone.wallOf(moment - lengthMs)) - DAY_MS;
    const until = dayOf(zone.wallOf(moment)) + DAY_MS;
    while (from <= until) {
      const next = startNear(from, (until - from) / DAY_MS);
      if (next === null || next.startAt > moment) return null;
      if (moment < next.startAt + lengthMs) return joined(next);
      from = next.day + DAY_MS;
    }
    return null;
  }

  function windowAfter(moment: number): TimeWindow | null {
    const now = windowAt(moment);
    if (now?.endAt === null) return null;
    const free = now?.endAt ?? moment;
    let from = dayOf(zone.wallOf(free)) - DAY_MS;
    // Two days may stand for moments that are past already, a third for one that was put off into them.
    for (let i = 0; i < 4; i++) {
      const next = startNear(from, LOOK_AHEAD_DAYS);
      if (next === null) return null;
      if (next.startAt > free) return joined(next);
      from = next.day + DAY_MS;
    }
    return null;
  }

  return { at: windowAt, after: windowAfter };
}

function wallFrom(parts: readonly number[]): number | null {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts;
  const date = new Date(Date.UTC(2000, 0, 1, hour, minute, second));
  date.setUTCFullYear(year, month - 1, day);
  const isReal =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  return isReal ? date.getTime() : null;
}

function dayOf(wall: number): number {
  return Math.floor(wall / DAY_MS) * DAY_MS;
}

function isLastOfMonth(day: number): boolean {
  return new Date(day + DAY_MS).getUTCDate() === 1;
}
