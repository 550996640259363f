import process from "node:process";
import type { TestCall, TestOrder, TestReport } from "@wsight/protocol";
import { WsightError } from "@wsight/protocol";
import { HTML_REPORT_CSP } from "../reports/html.ts";
import { REPORTS } from "../reports/reports.ts";
import { runLoad } from "../run/run-load.ts";
import { runEcho } from "../target-tests/echo.ts";
import { runPoolTest } from "../target-tests/pool-test.ts";
import { runServerTest } from "../target-tests/server-test.ts";

/** A process of one test: hears what to run over IPC, tells how it goes, and ends when its parent is gone. */
function serve(): void {
  const over = new AbortController();
  const tell = (report: TestReport): void => {
    if (process.connected) process.send?.(report);
  };

  async function run(order: TestOrder): Promise<void> {
    try {
      tell(await RUN[order.test](order as never, over.signal, tell));
    } catch (error) {
      const code = error instanceof WsightError ? error.code : "INTERNAL";
      tell({ type: "failed", code, message: error instanceof Error ? error.message : String(error) });
    }
    if (process.connected) process.disconnect();
  }

  process.on("message", (call: TestCall) => {
    if (call.type === "run") void run(call.order);
    else over.abort();
  });
  // A Ctrl-C in a terminal reaches every process there; the parent says what is to be done about it.
  process.on("SIGINT", () => undefined);
  // Processes of a load test end with their parent, so nothing is left behind.
  process.on("disconnect", () => process.exit());
}

type Run<T extends TestOrder["test"]> = (
  order: Extract<TestOrder, { test: T }>,
  signal: AbortSignal,
  tell: (report: TestReport) => void,
) => Promise<TestReport>;

const RUN: { readonly [T in TestOrder["test"]]: Run<T> } = {
  load: async ({ plan, ownHost, wsight }, signal, tell) => ({
    type: "result",
    test: "load",
    result: await runLoad(plan, {
      ownHost,
      wsight,
      signal,
      onProgress: (progress) => tell({ type: "progress", test: "load", progress }),
    }),
  }),
  echo: async ({ test, ...options }, signal, tell) => ({
    type: "result",
    test,
    result: await runEcho({
      ...options,
      signal,
      onAnswer: (number, ms) => tell({ type: "progress", test, number, ms }),
    }),
  }),
  server: async ({ test, ...options }, signal, tell) => ({
    type: "result",
    test,
    result: await runServerTest({ ...options, signal, onStep: (step) => tell({ type: "progress", test, step }) }),
  }),
  pool: async ({ test, ...options }, signal) => ({
    type: "result",
    test,
    result: await runPoolTest({ ...options, signal }),
  }),
  report: async ({ test, format, result }) => ({
    type: "result",
    test,
    text: REPORTS[format](result),
    policy: format === "html" ? HTML_REPORT_CSP : null,
  }),
};

serve();
