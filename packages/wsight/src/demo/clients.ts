import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ClientsSetting } from "./clients-setting.ts";

/** How long the clients may take to end before they are killed, in ms. */
const END_MS = 700;
/** A Ctrl-C that reached the clients has reached this process, too, or will within this, in ms. */
const SAME_SIGNAL_MS = 500;

/** The running clients of the demo. */
export interface DemoClients {
  /** Resolves with the reason when the process ends without being told to. */
  readonly failed: Promise<string>;
  /** Lets the clients leave; resolves when their process is gone. Safe to call twice. */
  close(): Promise<void>;
}

/** Starts the clients in a child process. */
export function startClients(setting: ClientsSetting): DemoClients {
  const child = fork(fileURLToPath(new URL("./clients-process.js", import.meta.url)), [JSON.stringify(setting)], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv: [],
  });
  let closing: Promise<void> | undefined;
  const failed = new Promise<string>((resolve) => {
    const tell = (why: string): void => {
      if (closing === undefined) resolve(why);
    };
    child.once("exit", (code, signal) => {
      // While it is being loaded it can't hold a Ctrl-C of its terminal off yet.
      if (signal === "SIGINT") setTimeout(tell, SAME_SIGNAL_MS, signal);
      else tell(signal ?? `exit code ${code}`);
    });
    child.once("error", (error) => tell(error.message));
  });
  return {
    failed,
    close: () => {
      closing ??= end(child);
      return closing;
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = once(child, "exit");
  const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
  // The channel may be closed already when the child is about to end.
  if (child.connected) child.disconnect();
  await gone;
  clearTimeout(timer);
}
