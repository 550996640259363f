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
