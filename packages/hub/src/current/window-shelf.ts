import { BucketWindow } from "./bucket-window.ts";
import type { SeriesGroup } from "./series-groups.ts";

/** Length of the windows of tables, in seconds. */
export const TABLE_WINDOW_SECONDS = 60;
/** Seconds of single distributions that may be read anew within one second, some ms; what slides costs little. */
const MAX_READ = 8_000;

/**
 * The distributions of the last minute that tables show. They slide from one
 * look to the next, are shared by tables that show the same, and are forgotten
 * when nobody looked for a while. When very many are wanted at once, as when
 * somebody begins to look at hundreds of events of many nodes, the rest stays
 * as it is until the next look, so that no look takes long.
 */
export class WindowShelf {
  readonly #windows = new Map<string, { readonly window: BucketWindow; usedAt: number }>();
  #second = -1;
  #read = 0;

  /** The distribution of a group over the minute that ends with `second`. */
  at(metric: string, group: SeriesGroup, second: number): BucketWindow {
    const key = `${metric} ${group.key}`;
    let held = this.#windows.get(key);
    if (held === undefined) {
      held = { window: new BucketWindow(TABLE_WINDOW_SECONDS), usedAt: second };
      this.#windows.set(key, held);
    }
    held.usedAt = second;
    this.#move(held.window, group, second);
    return held.window;
  }

  #move(window: BucketWindow, group: SeriesGroup, second: number): void {
    if (second !== this.#second) this.#read = 0;
    this.#second = second;
    const slides = window.slidesTo(group, second);
    if (!slides && this.#read >= MAX_READ) return;
    const before = window.entriesRead;
    window.moveTo(group, second);
    if (!slides) this.#read += window.entriesRead - before;
  }

  /** Forgets what was not looked at since `second`. */
  forget(second: number): void {
    for (const [key, { usedAt }] of this.#windows) if (usedAt < second) this.#windows.delete(key);
  }
}
