import type { AlertSilence, Recurrence } from "@wsight/protocol";
import { createWindows, parseDay, parseWallClock, type WindowPlan } from "../plan/windows.ts";
import { openZone } from "../plan/zone.ts";
import { Form } from "./form.ts";
import { readMatchers } from "./matchers.ts";
import { line, oneOf, orNull, text, wanted, whole } from "./reads.ts";

/** What a client may send back, but does not decide. */
const OURS = ["id", "createdBy", "createdAt"];
const NAMES = ["matchers", "kind", "startsAt", "durationSec", "timeZone", "recurrence", "comment", ...OURS];
const KINDS: readonly AlertSilence["kind"][] = ["silence", "maintenance"];
const EVERY: readonly Recurrence["every"][] = ["day", "week", "month"];
/** Seconds from the start of a window to the next, at least: none may begin before the one before has ended. */
const PERIOD_SEC: Readonly<Record<Recurrence["every"], number>> = { day: 86_400, week: 604_800, month: 2_419_200 };
const SHORTEST_SEC = 60;
const LONGEST_SEC = 2_678_400;
const FIRST_YEAR = 2000;
const LAST_YEAR = 2199;

/** Who makes a silence, and when. */
export interface SilenceContext {
  readonly id: string;
  readonly by: string;
  /** ms epoch. */
  readonly now: number;
}

/**
 * Parses a silence or a maintenance window that came from outside. Without `startsAt` it begins now.
 * @throws WsightError `BAD_REQUEST`, naming every field that is not right
 */
export function parseSilence(value: unknown, { id, by, now }: SilenceContext): AlertSilence {
  const form = Form.open("silence", value, NAMES);
  const kind = form.optional("kind", oneOf(KINDS), "silence");
  const matchers = form.has("matchers") ? readMatchers(form, "matchers", form.raw("matchers")) : [];
  if (kind === "silence" && matchers.length === 0 && !form.hasFault("matchers"))
    form.fail("matchers", "expected at least one; only kind maintenance may silence everything");
  const silence: AlertSilence = {
    id,
    matchers,
    kind,
    ...readTimes(form, now),
    comment: form.optional("comment", text(1000), ""),
    createdBy: by,
    createdAt: now,
  };
  form.finish("silence");
  return silence;
}

function readTimes(form: Form, now: number): WindowPlan {
  const timeZone = form.optional("timeZone", zoneName, "UTC");
  const durationSec = form.required("durationSec", whole(SHORTEST_SEC, LONGEST_SEC), SHORTEST_SEC);
  const recurrence = form.has("recurrence")
    ? form.check(
        "recurrence",
        form.raw("recurrence"),
        orNull((name, value) => readRecurrence(form.within(name, value, ["every", "days", "until"]))),
        null,
      )
    : null;
  const start = form.has("startsAt")
    ? { startsAt: form.required("startsAt", wallClock, ""), timeZone }
    : startingNow(timeZone, now, recurrence === null);
  const plan = { ...start, durationSec, recurrence };
  checkWindows(form, plan, now);
  return plan;
}

function readRecurrence(form: Form): Recurrence {
  const every = form.required("every", oneOf(EVERY), "day");
  const days = form.has("days")
    ? form.list("days", form.raw("days"), 32, (name, day) => form.check(name, day, dayOf(every), 1))
    : [];
  if (every === "day" && days.length > 0) form.fail("days", "expected none for every day");
  if (every !== "day" && days.length === 0 && !form.hasFault("days"))
    form.fail(
      "days",
      every === "week"
        ? "expected days of the week: 0 (Sunday) to 6"
        : "expected days of the month: 1 to 31, or -1 for the last",
    );
  return {
    every,
    days: [...new Set(days)].sort((a, b) => a - b),
    until: form.optional("until", orNull(calendarDay), null),
  };
}

function dayOf(every: Recurrence["every"]): (where: string, value: unknown) => number {
  return (where, value) => {
    if (every === "month" && value === -1) return -1;
    return whole(every === "week" ? 0 : 1, every === "week" ? 6 : 31)(where, value);
  };
}

/** That there is a window at all, and that none begins within the one before. */
function checkWindows(form: Form, plan: WindowPlan, now: number): void {
  const { recurrence, durationSec } = plan;
  if (["startsAt", "durationSec", "timeZone", "recurrence"].some((name) => form.hasFault(name))) return;
  if (recurrence !== null && durationSec > PERIOD_SEC[recurrence.every]) {
    form.fail(
      "durationSec",
      wanted(`at most ${PERIOD_SEC[recurrence.every]}: it comes again every ${recurrence.every}`, durationSec),
    );
    return;
  }
  const windows = createWindows(plan);
  if (windows.at(now) === null && windows.after(now) === null)
    form.fail(recurrence === null ? "startsAt" : "recurrence", "expected a window that has not ended yet");
}

/** The wall clock now; in UTC where the zone's own shows this time twice and the first one would be meant. */
function startingNow(timeZone: string, now: number, isOnce: boolean): Pick<AlertSilence, "startsAt" | "timeZone"> {
  const zone = openZone(timeZone);
  const wall = zone.wallOf(now);
  if (isOnce && zone.momentOf(wall) !== Math.floor(now / 1000) * 1000)
    return { startsAt: writeWall(now), timeZone: "UTC" };
  return { startsAt: writeWall(wall), timeZone };
}

function writeWall(wall: number): string {
  return new Date(wall).toISOString().slice(0, 19);
}

function zoneName(where: string, value: unknown): string {
  const name = line(64, 1)(where, value);
  try {
    openZone(name);
  } catch {
    throw new Error(wanted("an IANA time zone, such as Europe/Berlin", name));
  }
  return name;
}

function wallClock(_where: string, value: unknown): string {
  const wall = typeof value === "string" ? parseWallClock(value) : null;
  if (typeof value !== "string" || wall === null || !isInReach(wall))
    throw new Error(
      wanted(
        `a wall-clock time such as 2026-11-21T02:30, from ${FIRST_YEAR} to ${LAST_YEAR}, without an offset`,
        value,
      ),
    );
  return value;
}

function calendarDay(_where: string, value: unknown): string {
  const day = typeof value === "string" ? parseDay(value) : null;
  if (typeof value !== "string" || day === null || !isInReach(day))
    throw new Error(wanted(`a day such as 2027-01-31, from ${FIRST_YEAR} to ${LAST_YEAR}`, value));
  return value;
}

function isInReach(wall: number): boolean {
  const year = new Date(wall).getUTCFullYear();
  return year >= FIRST_YEAR && year <= LAST_YEAR;
}
