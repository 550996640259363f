import type { ProbeContext } from "../integration.ts";
import { OPEN, SLOT, type WsSocket } from "./ws-like.ts";

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

/** @param meet called with every socket that is open, e.g. to adopt strays */
export function createBufferScan(
  context: ProbeContext,
  sockets: Iterable<WsSocket>,
  meet: (socket: WsSocket) => void,
): BufferScan {
  const { connections, guard, hr } = context;
  let walk: Iterator<WsSocket> | null = null;
  let next: NodeJS.Immediate | undefined;
  let found = { sum: Number.NaN, max: Number.NaN };
  let sum = 0;
  let max = 0;

  const look = (socket: WsSocket): void => {
    if (socket.readyState !== OPEN) return;
    meet(socket);
    const bytes = socket.bufferedAmount;
    if (!(bytes > 0)) return;
    sum += bytes;
    if (bytes > max) max = bytes;
    connections.buffered(socket[SLOT] ?? -1, bytes);
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
        look(value);
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
    if (!guard.run("gauge", stepped, false, "ws buffered")) walk = null;
  };

  return {
    start() {
      if (walk !== null) return;
      walk = sockets[Symbol.iterator]();
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
