import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ENDS_IN_MS = 10_000;
const BIN = fileURLToPath(new URL("../packages/wsight/bin/wsight.js", import.meta.url));
const APPLICATION = fileURLToPath(new URL("./fixtures/application.mjs", import.meta.url));
const JOBS = fileURLToPath(new URL("./fixtures/jobs.mjs", import.meta.url));
const SOURCES = fileURLToPath(new URL("./fixtures/sources.mjs", import.meta.url));

/** A monitored program that a test started, with a data directory of its own. */
export interface Program {
  readonly child: ChildProcess;
  /** One-time link to its dashboard. */
  readonly link: string;
  /** Port of its hub. */
  readonly port: number;
  readonly data: string;
  /** Writes a line to its standard input. */
  tell(line: string): void;
  /** Waits until its standard output, from here on, matches. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  /** Ends it, by its id, and takes its data away. Rejects when it had ended by itself. */
  stop(): Promise<void>;
}

/** Starts `wsight demo`. */
export function startDemo(): Promise<Program> {
  return start((data) => [BIN, "demo", "--port", "0", "--data", data]);
}

/** How {@link startApplication} starts. */
interface ApplicationOptions {
  /** False hands nothing to the monitor. @default true */
  readonly watched?: boolean;
  /** False keeps no history. @default true */
  readonly kept?: boolean;
  /** Fills the data directory before the start. */
  readonly prepare?: (data: string) => Promise<void>;
}

/** Starts the small application of `fixtures/application.mjs`. */
export function startApplication(options: ApplicationOptions = {}): Promise<Program> {
  const { watched = true, kept = true, prepare } = options;
  return start((data) => [APPLICATION, kept ? data : "none", watched ? "watched" : "empty"], prepare);
}

/** Starts the application of `fixtures/sources.mjs` on these servers; `null` for none. */
export function startSources(redisUrl: string | null, postgresUrl: string | null): Promise<Program> {
  return start((data) => [SOURCES, data, redisUrl ?? "-", postgresUrl ?? "-"]);
}

/** Starts the application of `fixtures/jobs.mjs`, with a BullMQ queue on this Redis; `null` for none. */
export function startJobs(redisUrl: string | null = null): Promise<Program> {
  return start((data) => [JOBS, data, redisUrl ?? "-"]);
}

/** Runs `wsight …` to its end and answers with what it wrote. */
export async function runWsight(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ["ignore", "pipe", "inherit"], env: environment() });
  const output: string[] = [];
  child.stdout.on("data", (data) => output.push(String(data)));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`wsight ${args.join(" ")}: expected exit status 0, got ${code}`);
  return output.join("").trim();
}

async function start(
  argsFor: (data: string) => readonly string[],
  prepare?: (data: string) => Promise<void>,
): Promise<Program> {
  const data = await mkdtemp(join(tmpdir(), "wsight-e2e-"));
  await prepare?.(data);
  const child = spawn(process.execPath, argsFor(data), { stdio: ["pipe", "pipe", "pipe"], env: environment() });
  let output = "";
  let read = 0;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text) => {
      output += text;
    });
  }
  const ended = once(child, "close");
  const says = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = pattern.exec(output.slice(read));
      if (found !== null) {
        read += found.index + found[0].length;
        return found;
      }
      const over = await Promise.race([once(child.stdout, "data").then(() => false), ended.then(() => true)]);
      if (over) throw new Error(`the program ended without saying ${pattern}:\n${output}`);
    }
  };
  const link = (await says(/http:\/\/127\.0\.0\.1:\d+\/dashboard#code=[\w-]+/))[0];
  return {
    child,
    link,
    port: Number(new URL(link).port),
    data,
    tell: (line) => child.stdin.write(`${line}\n`),
    says,
    async stop() {
      const { exitCode, signalCode } = child;
      if (exitCode !== null || signalCode !== null)
        throw new Error(`the program ended by itself (${exitCode ?? signalCode}):\n${output}`);
      const late = setTimeout(() => child.kill("SIGKILL"), ENDS_IN_MS);
      child.kill("SIGCONT");
      child.kill("SIGINT");
      await ended;
      clearTimeout(late);
      await rm(data, { recursive: true, force: true });
    },
  };
}

function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, TZ: "UTC", WSIGHT_INSTANCE: "web-1" };
}
