import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** A program that a test started. */
export interface Program {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Waits until stdout matches; fails when the program ends before. */
  saw(pattern: RegExp): Promise<RegExpExecArray>;
  /** Waits for its end. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null; readonly tookMs: number }>;
}

/** The command line, as npm would start it. */
export function wsight(args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd?: string): Program {
  return program([fileURLToPath(new URL("../bin/wsight.js", import.meta.url)), ...args], env, cwd);
}

/** A fixture of this folder. */
export function fixture(name: string, env: Readonly<Record<string, string>> = {}): Program {
  return program([fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))], env);
}

function program(args: readonly string[], env: Readonly<Record<string, string>>, cwd?: string): Program {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (data) => {
    out += data;
  });
  child.stderr.on("data", (data) => {
    err += data;
  });
  const ended = once(child, "close").then(([code, signal]) => ({
    code,
    signal,
    tookMs: performance.now() - startedAt,
  }));
  return {
    child,
    stdout: () => out,
    stderr: () => err,
    ended,
    async saw(pattern) {
      let over = false;
      void ended.then(() => {
        over = true;
      });
      for (;;) {
        const found = pattern.exec(out);
        if (found) return found;
        if (over) throw new Error(`ended without ${pattern}: ${out}\n${err}`);
        await Promise.race([once(child.stdout, "data"), ended]);
      }
    },
  };
}

/** Processes that any thread of `pid` has started and not yet seen the end of. */
export async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const texts = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, "utf8").catch(() => "")),
  );
  return texts.join(" ").split(" ").filter(Boolean).map(Number);
}

/** True while a process of this id is there (and not a zombie). */
export async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && !/\) [ZX] /.test(stat);
}
