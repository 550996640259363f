const DAY_MS = 86_400_000;
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

/** Opens a zone by its IANA name. @throws RangeError for a name that this machine does not know */
export function openZone(name: string): Zone {
  const format = new Intl.DateTimeFormat("en-US", { ...PARTS, timeZone: name });

  function wallOf(at: number): number {
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
