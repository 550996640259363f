import { createWindows, type TimeWindow } from "@wsight/hub";
import type { Recurrence } from "@wsight/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const HOUR = 3600;
const DAILY: Recurrence = { every: "day", days: [], until: null };
const SUNDAYS: Recurrence = { every: "week", days: [0], until: null };
const WEEKENDS: Recurrence = { every: "week", days: [0, 6], until: null };

function monthly(...days: readonly number[]): Recurrence {
  return { every: "month", days, until: null };
}

/** One line of the table: what happens, the windows, from when on, and the first ones as `start/end` in UTC. */
type Case = readonly [
  name: string,
  plan: readonly [startsAt: string, hours: number, timeZone: string, recurrence: Recurrence | null],
  from: string,
  expected: readonly string[],
];

/** Every expectation was worked out from the rules of the zone and checked with the zone database of another language. */
const CASES: readonly Case[] = [
  [
    "what falls into the gap is put off by its length (Berlin, 02:30)",
    ["2026-03-01T02:30", 1, "Europe/Berlin", DAILY],
    "2026-03-28T00:00Z",
    [
      "2026-03-28T01:30Z/2026-03-28T02:30Z",
      "2026-03-29T01:30Z/2026-03-29T02:30Z",
      "2026-03-30T00:30Z/2026-03-30T01:30Z",
    ],
  ],
  [
    "of the repeated hour the first is taken (Berlin, 02:30)",
    ["2026-10-01T02:30", 1, "Europe/Berlin", DAILY],
    "2026-10-24T12:00Z",
    ["2026-10-25T00:30Z/2026-10-25T01:30Z", "2026-10-26T01:30Z/2026-10-26T02:30Z"],
  ],
  [
    "a window across the gap lasts its real time (Berlin, 01:30 for 2 h)",
    ["2026-03-01T01:30", 2, "Europe/Berlin", DAILY],
    "2026-03-28T12:00Z",
    ["2026-03-29T00:30Z/2026-03-29T02:30Z", "2026-03-29T23:30Z/2026-03-30T01:30Z"],
  ],
  [
    "a window across the repeated hour lasts its real time (Berlin, 01:30 for 2 h)",
    ["2026-10-01T01:30", 2, "Europe/Berlin", DAILY],
    "2026-10-24T12:00Z",
    ["2026-10-24T23:30Z/2026-10-25T01:30Z", "2026-10-26T00:30Z/2026-10-26T02:30Z"],
  ],
  [
    "what begins with the gap begins after it (Berlin, 02:00)",
    ["2026-03-01T02:00", 1, "Europe/Berlin", SUNDAYS],
    "2026-03-25T00:00Z",
    ["2026-03-29T01:00Z/2026-03-29T02:00Z", "2026-04-05T00:00Z/2026-04-05T01:00Z"],
  ],
  [
    "what begins where the gap ends is where it was (Berlin, 03:00)",
    ["2026-03-01T03:00", 1, "Europe/Berlin", SUNDAYS],
    "2026-03-25T00:00Z",
    ["2026-03-29T01:00Z/2026-03-29T02:00Z"],
  ],
  [
    "what begins where the repeated hour ends comes after both (Berlin, 03:00)",
    ["2026-10-04T03:00", 1, "Europe/Berlin", SUNDAYS],
    "2026-10-24T00:00Z",
    ["2026-10-25T02:00Z/2026-10-25T03:00Z"],
  ],
  [
    "an evening keeps its wall clock over both changes (Berlin, 22:00 in spring)",
    ["2026-01-01T22:00", 1, "Europe/Berlin", DAILY],
    "2026-03-28T00:00Z",
    ["2026-03-28T21:00Z/2026-03-28T22:00Z", "2026-03-29T20:00Z/2026-03-29T21:00Z"],
  ],
  [
    "an evening keeps its wall clock over both changes (Berlin, 22:00 in autumn)",
    ["2026-01-01T22:00", 1, "Europe/Berlin", DAILY],
    "2026-10-24T00:00Z",
    ["2026-10-24T20:00Z/2026-10-24T21:00Z", "2026-10-25T21:00Z/2026-10-25T22:00Z"],
  ],
  [
    "New York's gap (02:30)",
    ["2026-03-01T02:30", 1, "America/New_York", SUNDAYS],
    "2026-03-07T00:00Z",
    ["2026-03-08T07:30Z/2026-03-08T08:30Z", "2026-03-15T06:30Z/2026-03-15T07:30Z"],
  ],
  [
    "New York's repeated hour (01:30)",
    ["2026-10-04T01:30", 1, "America/New_York", SUNDAYS],
    "2026-10-31T00:00Z",
    ["2026-11-01T05:30Z/2026-11-01T06:30Z", "2026-11-08T06:30Z/2026-11-08T07:30Z"],
  ],
  [
    "London's gap, whose winter time is UTC (01:30)",
    ["2026-03-01T01:30", 1, "Europe/London", DAILY],
    "2026-03-29T00:00Z",
    ["2026-03-29T01:30Z/2026-03-29T02:30Z", "2026-03-30T00:30Z/2026-03-30T01:30Z"],
  ],
  [
    "London's repeated hour (01:30)",
    ["2026-10-01T01:30", 1, "Europe/London", DAILY],
    "2026-10-24T12:00Z",
    ["2026-10-25T00:30Z/2026-10-25T01:30Z", "2026-10-26T01:30Z/2026-10-26T02:30Z"],
  ],
  [
    "south of the equator the gap is in October (Sydney, 02:30)",
    ["2026-10-01T02:30", 1, "Australia/Sydney", SUNDAYS],
    "2026-10-03T00:00Z",
    ["2026-10-03T16:30Z/2026-10-03T17:30Z", "2026-10-10T15:30Z/2026-10-10T16:30Z"],
  ],
  [
    "south of the equator an hour repeats in April (Sydney, 02:30)",
    ["2026-04-01T02:30", 1, "Australia/Sydney", SUNDAYS],
    "2026-04-04T00:00Z",
    ["2026-04-04T15:30Z/2026-04-04T16:30Z", "2026-04-11T16:30Z/2026-04-11T17:30Z"],
  ],
  [
    "a gap of half an hour puts off by half an hour (Lord Howe, 02:15)",
    ["2026-10-01T02:15", 1, "Australia/Lord_Howe", SUNDAYS],
    "2026-10-03T00:00Z",
    ["2026-10-03T15:45Z/2026-10-03T16:45Z", "2026-10-10T15:15Z/2026-10-10T16:15Z"],
  ],
  [
    "of a repeated half hour the first is taken (Lord Howe, 01:45)",
    ["2026-04-01T01:45", 1, "Australia/Lord_Howe", SUNDAYS],
    "2026-04-04T00:00Z",
    ["2026-04-04T14:45Z/2026-04-04T15:45Z", "2026-04-11T15:15Z/2026-04-11T16:15Z"],
  ],
  [
    "where midnight is in the gap the day keeps its window (Santiago, 00:30)",
    ["2026-09-01T00:30", 1, "America/Santiago", DAILY],
    "2026-09-05T12:00Z",
    ["2026-09-06T04:30Z/2026-09-06T05:30Z", "2026-09-07T03:30Z/2026-09-07T04:30Z"],
  ],
  [
    "where midnight repeats there is one window (Havana, 00:30)",
    ["2026-10-25T00:30", 1, "America/Havana", DAILY],
    "2026-10-31T12:00Z",
    ["2026-11-01T04:30Z/2026-11-01T05:30Z", "2026-11-02T05:30Z/2026-11-02T06:30Z"],
  ],
  [
    "clocks that change for Ramadan, backwards (Casablanca, 02:30)",
    ["2026-02-01T02:30", 1, "Africa/Casablanca", DAILY],
    "2026-02-14T12:00Z",
    ["2026-02-15T01:30Z/2026-02-15T02:30Z", "2026-02-16T02:30Z/2026-02-16T03:30Z"],
  ],
  [
    "clocks that change for Ramadan, forwards (Casablanca, 02:30)",
    ["2026-02-01T02:30", 1, "Africa/Casablanca", DAILY],
    "2026-03-21T12:00Z",
    ["2026-03-22T02:30Z/2026-03-22T03:30Z", "2026-03-23T01:30Z/2026-03-23T02:30Z"],
  ],
  [
    "a day that was left out has the window of the next one (Apia, 10:00)",
    ["2011-12-28T10:00", 1, "Pacific/Apia", DAILY],
    "2011-12-29T00:00Z",
    [
      "2011-12-29T20:00Z/2011-12-29T21:00Z",
      "2011-12-30T20:00Z/2011-12-30T21:00Z",
      "2011-12-31T20:00Z/2011-12-31T21:00Z",
    ],
  ],
  [
    "zones without changes, and off by quarters of an hour (Kathmandu, 02:30)",
    ["2026-03-27T02:30", 1, "Asia/Kathmandu", DAILY],
    "2026-03-27T21:00Z",
    ["2026-03-28T20:45Z/2026-03-28T21:45Z", "2026-03-29T20:45Z/2026-03-29T21:45Z"],
  ],
  [
    "days that touch over a day of 25 hours are one window (Berlin, weekends)",
    ["2026-10-03T00:00", 24, "Europe/Berlin", WEEKENDS],
    "2026-10-20T00:00Z",
    ["2026-10-23T22:00Z/2026-10-25T22:00Z", "2026-10-30T23:00Z/2026-11-01T23:00Z"],
  ],
  [
    "days that overlap over a day of 23 hours are one window (Berlin, weekends)",
    ["2026-03-07T00:00", 24, "Europe/Berlin", WEEKENDS],
    "2026-03-25T00:00Z",
    ["2026-03-27T23:00Z/2026-03-29T23:00Z", "2026-04-03T22:00Z/2026-04-05T22:00Z"],
  ],
  [
    "the last of each month, whichever it is (Berlin, 23:30)",
    ["2028-02-01T23:30", 1, "Europe/Berlin", monthly(-1)],
    "2028-02-10T00:00Z",
    ["2028-02-29T22:30Z/2028-02-29T23:30Z", "2028-03-31T21:30Z/2028-03-31T22:30Z"],
  ],
  [
    "months without a 31st are left out (UTC)",
    ["2026-03-31T00:00", 1, "UTC", monthly(31)],
    "2026-03-30T00:00Z",
    [
      "2026-03-31T00:00Z/2026-03-31T01:00Z",
      "2026-05-31T00:00Z/2026-05-31T01:00Z",
      "2026-07-31T00:00Z/2026-07-31T01:00Z",
    ],
  ],
  [
    "once, in the gap (Berlin, 02:59:30)",
    ["2026-03-29T02:59:30", 1, "Europe/Berlin", null],
    "2026-03-01T00:00Z",
    ["2026-03-29T01:59:30Z/2026-03-29T02:59:30Z"],
  ],
  [
    "once, in the repeated hour (New York, 01:00)",
    ["2026-11-01T01:00", 1, "America/New_York", null],
    "2026-03-01T00:00Z",
    ["2026-11-01T05:00Z/2026-11-01T06:00Z"],
  ],
  [
    "no window begins after the last day, which belongs to it (Berlin)",
    ["2026-03-27T02:30", 1, "Europe/Berlin", { ...DAILY, until: "2026-03-29" }],
    "2026-03-28T12:00Z",
    ["2026-03-29T01:30Z/2026-03-29T02:30Z"],
  ],
];

describe("windows by the wall clock", () => {
  test.each(CASES)("%s", (_name, [startsAt, hours, timeZone, recurrence], from, expected) => {
    const windows = createWindows({ startsAt, durationSec: hours * HOUR, timeZone, recurrence });
    const found: string[] = [];
    let at = Date.parse(from);
    for (let i = 0; i < expected.length; i++) {
      const next = windows.after(at);
      if (next === null) break;
      found.push(tell(next));
      at = next.startAt;
    }
    expect(found).toEqual(expected);
    for (const one of expected) expectEdges(windows.at, one);
  });

  test("one that comes to its end comes no more", () => {
    const plan = { startsAt: "2026-03-27T02:30", durationSec: HOUR, timeZone: "Europe/Berlin" };
    const once = createWindows({ ...plan, recurrence: null });
    const some = createWindows({ ...plan, recurrence: { ...DAILY, until: "2026-03-29" } });
    expect(once.after(Date.parse("2026-03-27T01:30Z"))).toBeNull();
    expect(some.after(Date.parse("2026-03-29T01:30Z"))).toBeNull();
    expect(some.at(Date.parse("2026-03-30T01:00Z"))).toBeNull();
  });

  test("windows that never leave a gap have no end, and are found without going through all of them", () => {
    const always = createWindows({
      startsAt: "2026-01-01T00:00",
      durationSec: 48 * HOUR,
      timeZone: "Europe/Berlin",
      recurrence: DAILY,
    });
    const began = performance.now();
    expect(always.at(Date.parse("2026-07-01T00:00Z"))?.endAt).toBeNull();
    expect(performance.now() - began).toBeLessThan(2000);
  });

  test("years far away are no reason to search", () => {
    const plan = { durationSec: HOUR, timeZone: "Europe/Berlin" };
    const far = createWindows({ ...plan, startsAt: "2199-12-31T23:30", recurrence: monthly(31) });
    expect(far.after(0)?.startAt).toBe(Date.parse("2199-12-31T22:30Z"));
    const old = createWindows({ ...plan, startsAt: "0001-01-01T02:30", recurrence: DAILY });
    expect(old.at(Date.parse("2026-03-29T01:30Z"))).not.toBeNull();
    expect(old.at(Date.parse("2026-03-29T01:29:59Z"))).toBeNull();
    expect(old.after(8.64e15 - 1)).toBeNull();
  });

  test("a zone that this machine does not know is refused", () => {
    const plan = { startsAt: "2026-01-01T00:00", durationSec: HOUR, recurrence: null };
    expect(() => createWindows({ ...plan, timeZone: "Mars/Olympus" })).toThrow(/Mars\/Olympus/);
    expect(() => createWindows({ ...plan, timeZone: "UTC", startsAt: "2026-02-30T00:00" })).toThrow(/expected a time/);
  });

  test("in every zone and year, a window begins when the clock shows it, or as long after a gap as it would have been", () => {
    const zones = Intl.supportedValuesOf("timeZone");
    const clocks = new Map<string, Intl.DateTimeFormat>();
    const showing = (zone: string, at: number): string => {
      const known =
        clocks.get(zone) ??
        new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
      clocks.set(zone, known);
      return known.format(at).replace(" ", "T");
    };
    const days = fc.integer({ min: Date.parse("1995-01-01") / 60_000, max: Date.parse("2037-12-31") / 60_000 });
    fc.assert(
      fc.property(fc.constantFrom(...zones), days, (timeZone, minute) => {
        const startsAt = new Date(minute * 60_000).toISOString().slice(0, 19);
        const { startAt } = createWindows({ startsAt, durationSec: 60, timeZone, recurrence: null }).after(0) ?? {
          startAt: 0,
        };
        const shown = showing(timeZone, startAt);
        if (shown === startsAt) expect(showing(timeZone, startAt - 3_600_000)).not.toBe(startsAt);
        else expect(shown > startsAt).toBe(true);
      }),
      { numRuns: 400 },
    );
  });
});

function tell({ startAt, endAt }: TimeWindow): string {
  return `${short(startAt)}/${endAt === null ? "" : short(endAt)}`;
}

function short(at: number): string {
  return new Date(at).toISOString().replace(/(?::00)?\.000Z$/, "Z");
}

/** The first moment belongs to it, the one before and the end do not. */
function expectEdges(at: (moment: number) => TimeWindow | null, window: string): void {
  const [startAt = 0, endAt = 0] = window.split("/").map((one) => Date.parse(one));
  expect(at(startAt - 1), "just before").toBeNull();
  expect(at(startAt), "at its start").toEqual({ startAt, endAt });
  expect(at(endAt - 1), "at its end").toEqual({ startAt, endAt });
  expect(at(endAt), "after it").toBeNull();
}
