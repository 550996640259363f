const DAY_MS = 86_400_000;
/** Days whose offset is remembered. */
const MAX_DAYS = 2000;
const PARTS: Intl.DateTimeFormatOptions = {
  calendar: "gregory",
  numberingSystem: "latn",
  hourCycle: "h23",
  year: "numeric",
  month: "numeric",
  day: "numeric",
  hour: "numeric",
  minute: "numeric",
  second: "numeric",
  era: "short",
};

/**
 * Wall clock of a time zone. A reading of it is written as the ms epoch at
 * which a clock in UTC would show the same.
 */
export interface Zone {
  /** What the clock shows at a moment, whole seconds. */
  wallOf(at: number): number;
  /**
   * When the clock shows it, ms epoch. What it shows twice (clocks went back) is the first time; what it never shows
   * (clocks went forward) is as long after the change as it would have been: 02:30 becomes 03:30.
   */
  momentOf(wall: number): number;
}

/** Opens each zone once: for who looks at many silences. */
export function createZones(): (name: string) => Zone {
  const zones = new Map<string, Zone>();
  return (name) => {
    const zone = zones.get(name) ?? openZone(name);
    zones.set(name, zone);
    return zone;
  };
}

/** Opens a zone by its IANA name. @throws RangeError for a name that this machine does not know */
export function openZone(name: string): Zone {
  const format = new Intl.DateTimeFormat("en-US", { ...PARTS, timeZone: name });

  /** Offset at the beginning of days in UTC: asking the clock is slow. */
  const ofDays = new Map<number, number>();

  function asked(at: number): number {
    const read: Record<string, number> = {};
    let isBeforeChrist = false;
    for (const { type, value } of format.formatToParts(at)) {
      if (type === "era") isBeforeChrist = value.startsWith("B");
      else if (type !== "literal") read[type] = Number(value);
    }
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = read;
    const wall = new Date(Date.UTC(2000, month - 1, day, hour, minute, second));
    wall.setUTCFullYear(isBeforeChrist ? 1 - year : year, month - 1, day);
    return wall.getTime();
  }

  function offsetOfDay(day: number): number {
    const known = ofDays.get(day);
    if (known !== undefined) return known;
    if (ofDays.size >= MAX_DAYS) ofDays.clear();
    const offset = asked(day * DAY_MS) - day * DAY_MS;
    ofDays.set(day, offset);
    return offset;
  }

  /** No zone changes its clocks twice within a day: where a day begins and ends alike, nothing happened in between. */
  function wallOf(at: number): number {
    const second = Math.floor(at / 1000) * 1000;
    const day = Math.floor(at / DAY_MS);
    const offset = offsetOfDay(day);
    return offset === offsetOfDay(day + 1) ? second + offset : asked(second);
  }

  const offsetAt = (at: number): number => wallOf(at) - Math.floor(at / 1000) * 1000;

  return {
    wallOf,
    momentOf(wall) {
      const before = offsetAt(wall - DAY_MS);
      const after = offsetAt(wall + DAY_MS);
      const shown = [wall - before, wall - after].filter((at) => wallOf(at) === wall);
      return shown.length === 0 ? wall - before : Math.min(...shown);
    },
  };
}
