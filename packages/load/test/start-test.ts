import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { TestCall, TestOrder, TestReport } from "@wsight/protocol";

/** How long a test may take to end once it was told to, ms. */
const END_MS = 5000;

/** A test that runs in a process of its own. */
export interface TestRun {
  /** Resolves with its last report: a result, or why there is none. Never rejects. */
  readonly done: Promise<Extract<TestReport, { type: "result" | "failed" }>>;
  /** Ends it in good order: `done` resolves with what was run. */
  stop(): void;
}

/**
 * Runs a test in a process of its own, as a hub does.
 * @param onReport hears every report, the last one included
 */
export function startTest(order: TestOrder, onReport?: (report: TestReport) => void): TestRun {
  const child = fork(fileURLToPath(import.meta.resolve("@wsight/load/test-process")), [], {
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv: [],
  });
  const done = new Promise<Extract<TestReport, { type: "result" | "failed" }>>((resolve) => {
    const end = (report: Extract<TestReport, { type: "result" | "failed" }>): void => resolve(report);
    const fail = (why: string): void =>
      end({ type: "failed", code: "INTERNAL", message: `The process of the test ended: ${why}` });
    child.on("message", (report: TestReport) => {
      onReport?.(report);
      if (report.type !== "progress") end(report);
    });
    child.once("exit", (code, signal) => fail(signal ?? `exit code ${code}`));
    child.once("error", (error) => fail(error.message));
  });
  tell(child, { type: "run", order });
  return {
    done,
    stop() {
      tell(child, { type: "stop" });
      const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
      child.once("exit", () => clearTimeout(timer));
    },
  };
}

function tell(child: ChildProcess, call: TestCall): void {
  if (child.connected) child.send(call);
}
