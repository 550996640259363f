import type { LoadProgress, TestList, TestRecord } from "@wsight/protocol";
import { useEffect, useRef, useState } from "preact/hooks";
import type { TestsApi } from "./tests-api.ts";

/** How often the list is asked for: while a test runs, and otherwise, ms. */
const BUSY_MS = 1000;
const CALM_MS = 5000;
/** Seconds of a run that the small curves keep. */
const MOST_POINTS = 600;

/** The newest list, or why there is none. */
export interface ListState {
  readonly list: TestList | null;
  /** Why the newest question was not answered; what came before stays. */
  readonly problem: string | null;
  /** Asks at once. */
  readonly refresh: () => void;
}

/** Follows the list of tests while the page is seen: every second while one runs. */
export function useTests(api: TestsApi): ListState {
  const [state, setState] = useState<Omit<ListState, "refresh">>({ list: null, problem: null });
  const [turn, setTurn] = useState(0);
  useEffect(
    () =>
      poll(
        async (signal) => {
          const list = await api.list(signal);
          setState({ list, problem: null });
          return list.running === null ? CALM_MS : BUSY_MS;
        },
        (problem) => setState((before) => ({ ...before, problem })),
      ),
    [api, turn],
  );
  return { ...state, refresh: () => setTurn(turn + 1) };
}

/** One point of a run that is followed. */
export type Followed = Pick<LoadProgress, "elapsedMs" | "connected" | "messageRate" | "p95Ms">;

/** One test, followed while it runs. */
export interface TestState {
  readonly test: TestRecord | null;
  readonly problem: string | null;
  /** How a load test went since somebody looked, a point a second. */
  readonly course: readonly Followed[];
}

/** Follows one test: once a second until it has ended. `null` follows none. */
export function useTest(api: TestsApi, id: string | null): TestState {
  const [state, setState] = useState<Omit<TestState, "course"> & { readonly id: string | null }>(NOTHING);
  const course = useRef<Followed[]>([]);
  useEffect(() => {
    course.current = [];
    setState({ ...NOTHING, id });
    if (id === null) return undefined;
    return poll(
      async (signal) => {
        const test = await api.read(id, signal);
        if (test.kind === "load" && test.progress !== null) follow(course.current, test.progress);
        setState({ id, test, problem: null });
        return test.state === "running" ? BUSY_MS : null;
      },
      (problem) => setState((before) => ({ ...before, problem })),
    );
  }, [api, id]);
  return { ...(state.id === id ? state : NOTHING), course: course.current };
}

const NOTHING = { id: null, test: null, problem: null } as const;

function follow(course: Followed[], progress: LoadProgress): void {
  if (course.at(-1)?.elapsedMs === progress.elapsedMs) return;
  course.push(progress);
  if (course.length > MOST_POINTS) course.shift();
}

/**
 * Asks, waits for as long as the answer says (`null`: for good), and asks again;
 * not while the page is hidden. Returns how to stop.
 */
export function poll(
  ask: (signal: AbortSignal) => Promise<number | null>,
  failed: (problem: string) => void,
): () => void {
  const ending = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const turn = async (): Promise<void> => {
    let next: number | null = BUSY_MS;
    try {
      if (document.visibilityState === "visible") next = await ask(ending.signal);
    } catch (error) {
      if (ending.signal.aborted) return;
      next = CALM_MS;
      failed(error instanceof Error ? error.message : String(error));
    }
    if (next !== null && !ending.signal.aborted) timer = setTimeout(() => void turn(), next);
  };
  void turn();
  return () => {
    ending.abort();
    clearTimeout(timer);
  };
}
