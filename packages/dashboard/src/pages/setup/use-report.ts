import { useComputed } from "@preact/signals";
import { WsightError } from "@wsight/protocol";
import { useEffect, useRef, useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { type DatedReport, fetchReport } from "./report-source.ts";

/** The newest report, or why there is none. */
export interface ReportState {
  readonly dated: DatedReport | null;
  /** Why the newest question was not answered; what came before stays. */
  readonly error: WsightError | null;
  readonly asking: boolean;
  readonly refresh: () => void;
}

/** Asks for the report now, and every `everyMs` while the page is seen and the hub answers. Ends with the component. */
export function useReport(everyMs: number): ReportState {
  const { live } = useApp();
  const connected = useComputed(() => ["live", "lagging"].includes(live.status.value.state)).value;
  const [state, setState] = useState<Omit<ReportState, "refresh">>({ dated: null, error: null, asking: true });
  const [turn, setTurn] = useState(0);
  const answered = useRef(0);
  useEffect(() => {
    const abort = new AbortController();
    const ask = async () => {
      setState((before) => ({ ...before, asking: true }));
      try {
        const parts = {
          fetch: (url: string, init: RequestInit) => fetch(url, init),
          now: Date.now,
          signal: abort.signal,
        };
        const dated = await fetchReport(new URL(document.baseURI), parts);
        setState({ dated, error: null, asking: false });
      } catch (error) {
        if (abort.signal.aborted) return;
        const known = error instanceof WsightError ? error : new WsightError("INTERNAL", String(error));
        setState((before) => ({ ...before, error: known, asking: false }));
      }
    };
    const askIfSeen = () => {
      if (document.visibilityState === "visible" && connected) void ask();
    };
    // Whoever asks by hand wants an answer, be it that there is none.
    if (turn !== answered.current) void ask();
    else askIfSeen();
    answered.current = turn;
    const timer = setInterval(askIfSeen, everyMs);
    document.addEventListener("visibilitychange", askIfSeen);
    return () => {
      abort.abort();
      clearInterval(timer);
      document.removeEventListener("visibilitychange", askIfSeen);
    };
  }, [everyMs, turn, connected]);
  return { ...state, refresh: () => setTurn(turn + 1) };
}
