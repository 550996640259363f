import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { WsightError } from "@wsight/protocol";
import type { RunOrder, RunReport } from "./messages.ts";

/** How long a process may take to end once it was told to, ms. */
const END_MS = 1000;

/** One process of a run. */
export interface WorkerProcess {
  /** Resolves when it has its plan. Rejects when it ended before. */
  readonly ready: Promise<void>;
  /** Resolves when its part is over; with why, when it ended halfway. */
  readonly done: Promise<{ readonly cpu: number; readonly died: string | null }>;
  tell(order: RunOrder): void;
  /** Ends it, at once when it does not listen. */
  end(): Promise<void>;
}

/** Starts a process that hears slices of its run told to `onReport`. */
export function startWorker(onReport: (report: RunReport) => void): WorkerProcess {
  const child = fork(fileURLToPath(new URL("./run-process.js", import.meta.url)), [], {
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv: [],
  });
  const exited = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
    child.once("error", (error) => resolve(error.message));
  });
  const heard = <T extends RunReport["type"]>(type: T): Promise<Extract<RunReport, { type: T }>> =>
    new Promise((resolve) => {
      const listen = (report: RunReport): void => {
        if (report.type !== type) return;
        child.off("message", listen);
        resolve(report as Extract<RunReport, { type: T }>);
      };
      child.on("message", listen);
    });
  const died = (why: string): never => {
    throw new WsightError("INTERNAL", `A process of the load test ended before it began: ${why}`);
  };
  const ready = Promise.race([heard("ready").then(() => undefined), exited.then(died)]);
  const done = Promise.race([
    heard("done").then(({ cpu }) => ({ cpu, died: null })),
    exited.then((why) => ({ cpu: 0, died: why })),
  ]);
  child.on("message", onReport);
  return {
    ready,
    done,
    tell: (order) => {
      if (child.connected) child.send(order);
    },
    end: () => end(child, exited),
  };
}

async function end(child: ChildProcess, exited: Promise<string>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
  if (child.connected) child.disconnect();
  await exited;
  clearTimeout(timer);
}
