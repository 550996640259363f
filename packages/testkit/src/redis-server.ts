import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { findIn, pathDirectories } from "./find-program.ts";
import { freePort } from "./free-port.ts";

/** A Redis of one test: on a port of its own, nothing on disk. */
export interface RedisServer {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** `redis://127.0.0.1:PORT` */
  readonly url: string;
  /** Ends the process; clients see their connection break. Safe to call twice. */
  stop(): Promise<void>;
  /** Starts it again on the same port, empty. */
  start(): Promise<void>;
  /** Stops answering without closing connections, and goes on. */
  freeze(): void;
  thaw(): void;
}

/** Path of `redis-server`, `null` when there is none. */
export function findRedis(environment: Readonly<Record<string, string | undefined>> = process.env): string | null {
  return findIn([...pathDirectories(environment), "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"], ["redis-server"]);
}

/** Starts a Redis. End it with `stop()`. @param options further lines of its configuration: `{ maxmemory: "2mb" }` */
export async function startRedis(options: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
  const port = await freePort();
  const args = Object.entries({ port: String(port), bind: "127.0.0.1", save: "", appendonly: "no", ...options });
  let child: ChildProcess | null = null;

  async function start(): Promise<void> {
    const path = findRedis();
    if (path === null) throw new Error("redis-server: expected it to be installed (Debian's package redis-server)");
    child = spawn(
      path,
      args.flatMap(([name, value]) => [`--${name}`, value]),
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    await spoke(child, "Ready to accept connections");
  }

  async function stop(): Promise<void> {
    const ending = child;
    child = null;
    if (ending === null) return;
    const ended = once(ending, "exit");
    ending.kill("SIGKILL");
    await ended;
  }

  await start();
  return {
    host: "127.0.0.1",
    port,
    url: `redis://127.0.0.1:${port}`,
    start,
    stop,
    freeze: () => void child?.kill("SIGSTOP"),
    thaw: () => void child?.kill("SIGCONT"),
  };
}

/** Resolves when a line of its output holds `words`. */
async function spoke(child: ChildProcess, words: string): Promise<void> {
  if (child.stdout === null) throw new Error("expected a child with output");
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (!line.includes(words)) continue;
    child.stdout.resume();
    return;
  }
  throw new Error(`redis-server ended: ${lines.slice(-3).join("; ")}`);
}
