/** Longest that an evaluation holds the event loop at a time, ms. */
const SLICE_MS = 4;

/** Evaluates one second after the other, in slices, and nothing else meanwhile. */
export interface SlicedEvaluation {
  /** Begins with a second unless another one is still under way: that one is then left out. */
  start(at: number): void;
  /** Does something that must not fall into an evaluation, as soon as it may. */
  between<T>(work: () => T): Promise<T>;
  /** Lets what is under way end; safe to call twice. */
  close(): Promise<void>;
}

/** What is evaluated. */
export interface SlicedEvaluationParts {
  /** One second in steps, see `AlertEngine.evaluate`. */
  readonly evaluate: (at: number) => Generator<undefined, void>;
  /** Told after each slice, when nothing is half done. Must not throw. */
  readonly onSlice: () => void;
  /** Told when a step threw; that second is given up. Must not throw. */
  readonly onError: (error: unknown) => void;
}

/** Makes one that does nothing yet. The first slice waits for the next turn of the loop, so that viewers get their second first. */
export function createSlicedEvaluation({ evaluate, onSlice, onError }: SlicedEvaluationParts): SlicedEvaluation {
  let running: Generator<undefined, void> | null = null;
  let idle: (() => void)[] = [];
  let closed = false;

  function slice(steps: Generator<undefined, void>): boolean {
    const until = performance.now() + SLICE_MS;
    try {
      do if (steps.next().done === true) return true;
      while (performance.now() < until);
      return false;
    } catch (error) {
      onError(error);
      return true;
    }
  }

  function go(steps: Generator<undefined, void>): void {
    const done = slice(steps);
    onSlice();
    if (!done) {
      setImmediate(go, steps);
      return;
    }
    running = null;
    const waiting = idle;
    idle = [];
    for (const next of waiting) next();
  }

  const whenIdle = (): Promise<void> =>
    running === null ? Promise.resolve() : new Promise((resolve) => idle.push(resolve));

  return {
    start(at) {
      if (closed || running !== null) return;
      running = evaluate(at);
      setImmediate(go, running);
    },
    async between(work) {
      // Another second may have begun by the time that it is this one's turn.
      while (running !== null) await whenIdle();
      return work();
    },
    async close() {
      closed = true;
      await whenIdle();
    },
  };
}
