import { type JobDetail, WsightError } from "@wsight/protocol";
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import type { JobMemory, ShownJob } from "./job-memory.ts";
import type { JobName, JobsApi } from "./jobs-api.ts";

const EVERY_MS = 1000;

/** A job looked at closely, as it is shown. */
export type ShownDetail = JobDetail & ShownJob;

/** What is known of it. */
export interface LookedAt {
  readonly detail: ShownDetail | null;
  readonly error: WsightError | null;
  /** Asks now, and not with the next second. */
  readonly again: () => void;
}

/** Asks for one job once a second, while the tab is seen and not paused; stops when nobody knows it any more. */
export function useJob(api: JobsApi, memory: JobMemory, { queue, id }: JobName): LookedAt {
  const { live } = useApp();
  const [turn, setTurn] = useState(0);
  const [looked, setLooked] = useState<Omit<LookedAt, "again">>({ detail: null, error: null });
  useEffect(() => {
    const ending = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const ask = async (): Promise<void> => {
      try {
        const job = await api.detail({ queue, id }, ending.signal);
        if (!ending.signal.aborted) setLooked({ detail: memory.show(job, live.now.peek()), error: null });
      } catch (error) {
        if (ending.signal.aborted) return;
        const known = error instanceof WsightError ? error : new WsightError("INTERNAL", "The answer made no sense");
        setLooked(({ detail }) => ({ detail, error: known }));
        if (known.code === "NOT_FOUND") return;
      }
      if (!ending.signal.aborted) later();
    };
    const later = (): void => {
      timer = setTimeout(() => (document.hidden || live.paused.peek() ? later() : void ask()), EVERY_MS);
    };
    void ask();
    return () => {
      ending.abort();
      clearTimeout(timer);
    };
  }, [api, memory, live, queue, id, turn]);
  return { ...looked, again: () => setTurn((before) => before + 1) };
}
