import { Compaction } from "./compaction.ts";
import { flushWindows, type WrittenWindow } from "./flush.ts";
import type { HourMemory } from "./memory.ts";
import type { OpenHistory } from "./open-history.ts";
import { HOUR_SPAN_MS, WINDOW_MS } from "./tiers.ts";

/** A window is moved this long after its end, by the time of samples, ms. */
const WINDOW_GRACE_MS = 10_000;
/** An hour is moved this long after its end, ms. */
const HOUR_GRACE_MS = 30_000;
/** A window that this many appends did not write to is moved whatever its time: the clock may have jumped. */
const IDLE_APPENDS = 64;
/** Fewer rows are worth a segment only after {@link FLUSH_EVERY_MS}. */
const FLUSH_ROWS = 1_000;
const FLUSH_EVERY_MS = 30_000;
/** With more hours, the one that was not written to for longest goes, whatever its time. */
const MOST_HOURS = 4;

/** What has to be done beside appends, a short step at a time: windows to segments, hours to blocks. */
export class Upkeep {
  readonly #history: OpenHistory;
  #compaction: Compaction | null = null;

  constructor(history: OpenHistory) {
    this.#history = history;
  }

  /** True when appends have to wait for it. */
  get isBehind(): boolean {
    return this.#history.memory.hours.size > 2 * MOST_HOURS;
  }

  /** Does one step; false when there was nothing to do. */
  async step(): Promise<boolean> {
    if (this.#compaction !== null) {
      if (!(await this.#compaction.step())) this.#compaction = null;
      return true;
    }
    const windows = this.#dueWindows();
    if (windows.length > 0) {
      await flushWindows(this.#history, windows);
      return true;
    }
    const hour = this.#dueHour();
    if (hour === undefined) return false;
    await this.#begin(hour);
    return true;
  }

  /** Begins to move hours that end at or before `beforeAt`; false when there is none left. */
  async moveBefore(beforeAt: number): Promise<boolean> {
    if (this.#compaction !== null) return this.step();
    const hour = [...this.#history.memory.hours.values()].find(({ startAt }) => startAt + HOUR_SPAN_MS <= beforeAt);
    if (hour === undefined) return false;
    await this.#begin(hour);
    return true;
  }

  async #begin(hour: HourMemory): Promise<void> {
    if (hour.written.size > 0) {
      await flushWindows(
        this.#history,
        [...hour.written.keys()].map((window) => ({ hour, window })),
      );
    }
    this.#compaction = new Compaction(this.#history, hour);
  }

  #dueWindows(): readonly WrittenWindow[] {
    const { memory, newestAt, lastHeadId, rowsSinceFlush, flushedAt } = this.#history;
    if (rowsSinceFlush < FLUSH_ROWS && performance.now() - flushedAt < FLUSH_EVERY_MS) return [];
    const due: WrittenWindow[] = [];
    for (const hour of memory.hours.values()) {
      for (const [window, append] of hour.written) {
        const endAt = hour.startAt + (window + 1) * WINDOW_MS;
        const over = append < lastHeadId && endAt + WINDOW_GRACE_MS <= newestAt;
        if (over || lastHeadId - append >= IDLE_APPENDS) due.push({ hour, window });
      }
    }
    return due;
  }

  #dueHour(): HourMemory | undefined {
    const { memory, newestAt } = this.#history;
    const quiet = [...memory.hours.values()].filter(({ written }) => written.size === 0);
    const over = quiet.find(({ startAt }) => startAt + HOUR_SPAN_MS + HOUR_GRACE_MS <= newestAt);
    if (over !== undefined || memory.hours.size <= MOST_HOURS) return over;
    return [...memory.hours.values()].sort((a, b) => a.writtenBy - b.writtenBy)[0];
  }
}
