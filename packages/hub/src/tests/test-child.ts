import { type ChildProcess, fork } from "node:child_process";
import type { TestCall, TestOrder, TestReport } from "@wsight/protocol";

/** The last word of a test process. */
export type TestEnd = Extract<TestReport, { readonly type: "result" | "failed" }>;

/** How long a test that was told to end may take, ms. */
const STOP_MS = 1500;

/** A test in a process of its own. */
export interface TestChild {
  /** Its last word, or why there is none. Never rejects. */
  readonly done: Promise<TestEnd>;
  /** Ends it in good order, with what was run; by force after 1.5 s. */
  stop(): void;
  /** Ends it at once; processes of its own end with it. */
  kill(): void;
}

/**
 * Starts a process that does what it is ordered.
 * @param entry file of the process, which speaks {@link TestCall} and {@link TestReport}
 * @param onReport hears all but the last word
 */
export function startTestChild(entry: string, order: TestOrder, onReport: (report: TestReport) => void): TestChild {
  let child: ChildProcess;
  try {
    child = fork(entry, [], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      execArgv: [],
      env: withoutOwnSettings(process.env),
    });
  } catch (error) {
    return { done: Promise.resolve(failed(String(error))), stop: () => undefined, kill: () => undefined };
  }
  const done = new Promise<TestEnd>((resolve) => {
    child.on("message", (report: TestReport) => (report.type === "progress" ? onReport(report) : resolve(report)));
    child.once("exit", (code, signal) => resolve(failed(signal ?? `exit code ${code}`)));
    child.on("error", (error) => resolve(failed(error.message)));
  });
  tell(child, { type: "run", order });
  return {
    done,
    stop() {
      tell(child, { type: "stop" });
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
      child.once("exit", () => clearTimeout(timer));
    },
    kill: () => void child.kill("SIGKILL"),
  };
}

function failed(why: string): TestEnd {
  return { type: "failed", code: "INTERNAL", message: `The process of the test ended: ${why}` };
}

function tell(child: ChildProcess, call: TestCall): void {
  // Whoever is gone has said so by its exit.
  if (child.connected) child.send(call, () => undefined);
}

/** Secrets of the hub are none of the test's. */
function withoutOwnSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.startsWith("WSIGHT_") && name !== "NODE_OPTIONS"),
  );
}
