import { WsightError } from "@wsight/protocol";
import { useEffect, useState } from "preact/hooks";

/** What came of a question. */
export interface Asked<T> {
  /** The newest answer, be it to the question before; `null` before the first. */
  readonly value: T | null;
  /** Why the newest question has no answer; what came before stays. */
  readonly problem: string | null;
  /** True while the newest question has no answer yet. */
  readonly pending: boolean;
  /** Asks the same again. */
  readonly again: () => void;
}

type State<T> = Omit<Asked<T>, "again">;

/** A store that is still being opened, and a hub with too much to do, are asked again: after so long, each time twice as long. */
const RETRY = { firstMs: 1500, mostMs: 30_000 };
const PASSING: readonly string[] = ["STORE_UNAVAILABLE", "RATE_LIMITED", "TOO_MANY_CONNECTIONS", "INTERNAL"];

/**
 * Asks whenever the question is another one, and gives the one before up. What
 * is likely to pass is tried again while the page is there.
 * @param question the question as text; `null` for none
 */
export function useAsked<T>(question: string | null, ask: (signal: AbortSignal) => Promise<T>): Asked<T> {
  const [state, setState] = useState<State<T>>({ value: null, problem: null, pending: question !== null });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (question === null) {
      setState({ value: null, problem: null, pending: false });
      return undefined;
    }
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    setState((before) => ({ ...before, pending: true }));
    const tryOnce = (nextMs: number): void => {
      ask(abort.signal).then(
        (value) => {
          if (!abort.signal.aborted) setState({ value, problem: null, pending: false });
        },
        (error: unknown) => {
          if (abort.signal.aborted) return;
          const problem = error instanceof Error ? error.message : "The hub did not answer";
          setState((before) => ({ ...before, problem, pending: false }));
          if (error instanceof WsightError && PASSING.includes(error.code))
            timer = setTimeout(() => tryOnce(Math.min(RETRY.mostMs, nextMs * 2)), nextMs);
        },
      );
    };
    tryOnce(RETRY.firstMs);
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [question, turn]);
  return { ...state, again: () => setTurn(turn + 1) };
}
