import type { ProbeContext } from "../integration.ts";

/** Sockets looked at between two looks at the clock. */
const STRIDE = 256;
/** Longest that a look at the sockets keeps the event loop, ms. */
const SLICE_MS = 2;

/** Reads what waits in the send buffers of a server's sockets, in slices of time. */
export interface BufferScan {
  /** Begins a walk, unless one is under way. */
  readonly start: () => void;
  /** Bytes of the newest complete walk; NaN before the first. */
  readonly sum: () => number;
  readonly max: () => number;
  readonly end: () => void;
}

/** What a scan walks over. */
export interface Scanned<S> {
  /** Stands for the walk when it fails. */
  readonly source: string;
  /** Walked while it changes. */
  readonly sockets: () => Iterable<S>;
  /** Bytes that wait in a socket's buffer; the place to adopt strays. */
  readonly look: (socket: S) => number;
  readonly slotOf: (socket: S) => number;
}

/** Makes a scan that has not begun. */
export function createBufferScan<S>(context: ProbeContext, scanned: Scanned<S>): BufferScan {
  const { connections, guard, hr } = context;
  const { source, sockets, look, slotOf } = scanned;
  let walk: Iterator<S> | null = null;
  let next: NodeJS.Immediate | undefined;
  let found = { sum: Number.NaN, max: Number.NaN };
  let sum = 0;
  let max = 0;

  const count = (socket: S): void => {
    const bytes = look(socket);
    if (!(bytes > 0)) return;
    sum += bytes;
    if (bytes > max) max = bytes;
    connections.buffered(slotOf(socket), bytes);
  };

  const step = (): void => {
    const until = hr() + SLICE_MS;
    while (walk !== null) {
      for (let left = STRIDE; left > 0; left--) {
        const { done, value } = walk.next();
        if (done === true) {
          walk = null;
          found = { sum, max };
          return;
        }
        count(value);
      }
      if (hr() < until) continue;
      // A set may be walked while it changes, so the walk can go on after others had their turn.
      next = setImmediate(run);
      next.unref();
      return;
    }
  };

  const run = (): void => {
    const stepped = (): boolean => {
      step();
      return true;
    };
    if (!guard.run("gauge", stepped, false, source)) walk = null;
  };

  return {
    start() {
      if (walk !== null) return;
      walk = sockets()[Symbol.iterator]();
      sum = 0;
      max = 0;
      run();
    },
    sum: () => found.sum,
    max: () => found.max,
    end() {
      walk = null;
      clearImmediate(next);
    },
  };
}
