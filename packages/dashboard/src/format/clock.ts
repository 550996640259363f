/** How the person wants times to read. */
export type Zone = "local" | "utc";

/** Formats instants (ms epoch) in one time zone. */
export interface Clock {
  /** `14:32:07` */
  time(at: number): string;
  /** `14:32` */
  minute(at: number): string;
  /** `Sat 21 Nov` */
  day(at: number): string;
  /** Short name of the zone: `UTC`, `GMT+1`. */
  readonly zone: string;
}

const DAY_MS = 86_400_000;

/** An instant as the axis of a window of `windowMs` writes it: no finer than what tells labels apart. */
export function axisTime(clock: Clock, at: number, windowMs: number): string {
  if (at % 60_000 !== 0) return clock.time(at);
  const minute = clock.minute(at);
  return windowMs > 6 * DAY_MS || (windowMs > 12 * 3_600_000 && minute === "00:00") ? clock.day(at) : minute;
}

/** An instant for a tooltip, its day where a window of `windowMs` holds more than one, seconds where steps are that short. */
export function stepTime(clock: Clock, at: number, windowMs: number, stepMs: number): string {
  const time = stepMs >= 60_000 ? clock.minute(at) : clock.time(at);
  return windowMs > DAY_MS / 2 ? `${clock.day(at)} ${time}` : time;
}

/** Makes a clock for a zone; the formatters are built once, they are slow to make. */
export function createClock(zone: Zone): Clock {
  const timeZone = zone === "utc" ? { timeZone: "UTC" } : {};
  const time = new Intl.DateTimeFormat("en-GB", { ...timeZone, timeStyle: "medium" });
  const minute = new Intl.DateTimeFormat("en-GB", { ...timeZone, timeStyle: "short" });
  const day = new Intl.DateTimeFormat("en-GB", { ...timeZone, weekday: "short", day: "numeric", month: "short" });
  const named = new Intl.DateTimeFormat("en-GB", { ...timeZone, timeZoneName: "short" }).formatToParts(0);
  return {
    time: (at) => time.format(at),
    minute: (at) => minute.format(at),
    day: (at) => day.format(at).replace(",", ""),
    zone: named.find((part) => part.type === "timeZoneName")?.value ?? "",
  };
}
