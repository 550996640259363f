/** Longest that a look holds the event loop at a time, ms; a step between two checks may come on top. */
const SLICE_MS = 1;
/** Work that looks may do without waiting, ms; what was used comes back at the rate of {@link SHARE}. */
const BURST_MS = 5000;
/** Part of the event loop's time that looks may take in the long run, however many ask. */
const SHARE = 1 / 3;

/** What all looks into one process may take of its event loop together. */
export interface Allowance {
  /** Takes so many ms of work; answers how long to wait before there is more, 0 for not at all. */
  readonly spend: (ms: number) => number;
  /** Work done so far, ms. */
  readonly spentMs: () => number;
}

/** Begins with a full allowance. `hr` is a monotonic clock, ms. */
export function createAllowance(hr: () => number): Allowance {
  let left = BURST_MS;
  let at = hr();
  let spent = 0;
  return {
    spentMs: () => spent,
    spend(ms) {
      spent += ms;
      const now = hr();
      left = Math.min(BURST_MS, left + (now - at) * SHARE) - ms;
      at = now;
      return left >= 0 ? 0 : -left / SHARE;
    },
  };
}

/** Divides long work into slices, with a turn of the event loop between them. */
export interface Pacer {
  /** True when the slice is used up. */
  readonly due: () => boolean;
  /** Ends the slice: goes on when others had their turn, and when there is an allowance. Never keeps a process alive. */
  readonly pause: () => Promise<void>;
  /** The work is done. */
  readonly end: () => void;
}

/** Begins a slice. `hr` is a monotonic clock, ms. @param allowance pays for the work */
export function createPacer(hr: () => number, allowance?: Allowance): Pacer {
  const owed = allowance?.spend(0) ?? 0;
  let from = hr();
  let until = owed > 0 ? from : from + SLICE_MS;
  return {
    due: () => hr() >= until,
    async pause() {
      const waitMs = allowance?.spend(hr() - from) ?? 0;
      await new Promise<void>((resolve) => {
        if (waitMs > 0) setTimeout(resolve, waitMs).unref();
        else setImmediate(resolve).unref();
      });
      from = hr();
      until = from + SLICE_MS;
    },
    end: () => void allowance?.spend(hr() - from),
  };
}
