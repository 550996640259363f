import { WsightError } from "@wsight/protocol";
import { rateLimited } from "../errors.ts";

/** How much may be under way, and wait. */
export interface TurnLimits {
  readonly total: number;
  readonly perKey: number;
  /** Most that wait of one key. */
  readonly waitingPerKey: number;
  /** Most that wait in all. */
  readonly waiting: number;
}

/** Lets so much work be done at once; what comes beyond that waits its turn, or is refused. */
export interface Turns {
  /**
   * Does the work when it is its turn.
   * @throws WsightError `RATE_LIMITED` when the key has too much waiting, `STORE_UNAVAILABLE` when all together have;
   * the signal's reason when it is aborted before
   */
  run<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}

interface Waiting {
  readonly key: string;
  readonly go: () => void;
}

const RETRY_MS = 1000;

/** Makes turns. A page asks for all its charts at once, so a few wait instead of being refused. */
export function createTurns(limits: TurnLimits): Turns {
  const running = new Map<string, number>();
  const waiting: Waiting[] = [];
  let total = 0;

  const mayGo = (key: string): boolean => total < limits.total && (running.get(key) ?? 0) < limits.perKey;

  function enter(key: string): void {
    total++;
    running.set(key, (running.get(key) ?? 0) + 1);
  }

  function leave(key: string): void {
    total--;
    const left = (running.get(key) ?? 1) - 1;
    if (left > 0) running.set(key, left);
    else running.delete(key);
    const next = waiting.findIndex((one) => mayGo(one.key));
    if (next < 0) return;
    const [one] = waiting.splice(next, 1);
    if (one === undefined) return;
    enter(one.key);
    one.go();
  }

  function wait(key: string, signal: AbortSignal): Promise<void> {
    if (waiting.filter((one) => one.key === key).length >= limits.waitingPerKey) throw rateLimited(RETRY_MS);
    if (waiting.length >= limits.waiting) {
      throw new WsightError("STORE_UNAVAILABLE", "Too much is being asked at once; try again in 1 s", {
        details: { retryAfterSeconds: RETRY_MS / 1000 },
      });
    }
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        waiting.splice(waiting.indexOf(one), 1);
        reject(signal.reason);
      };
      const one: Waiting = {
        key,
        go: () => {
          signal.removeEventListener("abort", giveUp);
          resolve();
        },
      };
      signal.addEventListener("abort", giveUp, { once: true });
      waiting.push(one);
    });
  }

  return {
    async run(key, signal, work) {
      signal.throwIfAborted();
      if (mayGo(key)) enter(key);
      else await wait(key, signal);
      try {
        return await work();
      } finally {
        leave(key);
      }
    },
  };
}
