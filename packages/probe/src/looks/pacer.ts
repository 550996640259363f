/** Longest that a look holds the event loop at a time, ms; a step between two checks may come on top. */
const SLICE_MS = 1;

/** Divides long work into slices, with a turn of the event loop between them. */
export interface Pacer {
  /** True when the slice is used up. */
  readonly due: () => boolean;
  /** Ends the slice: goes on when others had their turn. Never keeps a process alive. */
  readonly pause: () => Promise<void>;
}

/** Begins a slice. `hr` is a monotonic clock, ms. */
export function createPacer(hr: () => number): Pacer {
  let until = hr() + SLICE_MS;
  return {
    due: () => hr() >= until,
    async pause() {
      await new Promise<void>((resolve) => {
        setImmediate(resolve).unref();
      });
      until = hr() + SLICE_MS;
    },
  };
}
