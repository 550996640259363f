import type { Duplex } from "node:stream";

/** Seconds after which a client that takes nothing of what waits for it is cut. */
const STUCK_SECONDS = 60;
/** Most that is passed on at once, requests and WebSockets together. */
const MAX_PASSAGES = 1024;

/** Something on its way through: one request, or one WebSocket for as long as it is open. */
interface Passage {
  /** Bytes that wait for the client. */
  readonly waiting: () => number;
  /** Bytes that came from the hub so far. */
  readonly came: () => number;
  /** Ends both sides at once; safe to call twice. */
  readonly cut: () => void;
}

/** Everything that is being passed on through one server. */
export interface Passages {
  /** True when one more may begin. */
  readonly hasRoom: () => boolean;
  /** Counts one; the answer counts it out, safe to call twice. */
  readonly enter: (passage: Passage) => () => void;
  /** Cuts everything. */
  readonly close: () => void;
}

/**
 * Keeps the passages of a server within bounds: in number, in how long a
 * client may take nothing, and in life, since a server that was closed waits
 * for its connections, and a dashboard somewhere must not keep it waiting.
 * @param isListening of the application's server
 */
export function createPassages(isListening: () => boolean): Passages {
  const open = new Map<Passage, { came: number; waiting: number; stuckSeconds: number }>();
  let timer: NodeJS.Timeout | undefined;
  // A server that is fed its connections by hand never listens, and is not closed for that.
  let listened = false;

  function look(): void {
    if (listened && !isListening()) cutAll();
    for (const [passage, state] of open) {
      const [came, waiting] = [passage.came(), passage.waiting()];
      const stuck = waiting > 0 && waiting === state.waiting && came === state.came;
      Object.assign(state, { came, waiting, stuckSeconds: stuck ? state.stuckSeconds + 1 : 0 });
      if (state.stuckSeconds >= STUCK_SECONDS) passage.cut();
    }
  }

  function cutAll(): void {
    for (const passage of open.keys()) passage.cut();
  }

  function rest(): void {
    clearInterval(timer);
    timer = undefined;
    listened = false;
  }

  return {
    hasRoom: () => open.size < MAX_PASSAGES,
    enter(passage) {
      listened ||= isListening();
      open.set(passage, { came: 0, waiting: 0, stuckSeconds: 0 });
      timer ??= setInterval(look, 1000).unref();
      return () => {
        open.delete(passage);
        if (open.size === 0) rest();
      };
    },
    close: cutAll,
  };
}

/** Ends a socket once what waits for it has been sent. */
export function endSoon(socket: Duplex): void {
  if (socket.writableFinished) socket.destroy();
  else socket.end(() => socket.destroy());
}
