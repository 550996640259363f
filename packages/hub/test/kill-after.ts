import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { isRunning, until } from "@wsight/testkit";
import { onTestFinished } from "vitest";

/**
 * Starts a program that keeps things until it is killed, in a process group of its own. It writes a line for each
 * that was acknowledged: its number, and the id of the process that keeps it.
 * @param fixture name of its file in `fixtures`
 */
export function keepUntilKilled(fixture: string, dataDir: string, first: number): ChildProcess {
  const file = fileURLToPath(new URL(`./fixtures/${fixture}`, import.meta.url));
  const child = spawn(process.execPath, [file, dataDir, String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}

/** Kills it after so many acknowledgements, with `all` what keeps things in the same moment; says the last number. */
export async function killAfter(child: ChildProcess, acknowledged: number, all: boolean): Promise<number> {
  let said = "";
  const closed = once(child, "close");
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    if (said.split("\n").length > acknowledged && child.signalCode === null) {
      process.kill(all ? -(child.pid as number) : (child.pid as number), "SIGKILL");
    }
  });
  await closed;
  const [number, pid] = (said.trim().split("\n").at(-1) ?? "").split(" ").map(Number) as [number, number];
  await until(() => !isRunning(pid), { what: "the end of the process that keeps things" });
  return number;
}

/** Its first line: a number, and the id of the process that keeps things. */
export async function firstLine(child: ChildProcess): Promise<readonly [number: number, pid: number]> {
  const [text] = await once(child.stdout as NonNullable<ChildProcess["stdout"]>, "data");
  return String(text).split(/[ \n]/).map(Number) as [number, number];
}
