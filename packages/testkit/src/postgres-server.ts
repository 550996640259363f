import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { findIn, namesIn, pathDirectories } from "./find-program.ts";
import { freePort } from "./free-port.ts";

const run = promisify(execFile);
/** Where Debian has its binaries, by version. */
const DEBIAN = "/usr/lib/postgresql";
const START_MS = 20_000;

/** A PostgreSQL of one test: on a port of its own, in a directory that goes with it. */
export interface PostgresServer {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** `postgres://postgres@127.0.0.1:PORT/postgres` */
  readonly url: string;
  /** Ends the process at once, as a crash would; what was committed stays. */
  stop(): Promise<void>;
  /** Starts it again on the same port with the same data. */
  start(): Promise<void>;
  /** Stops answering without closing connections, and goes on. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Ends it and removes its data; safe to call twice. */
  close(): Promise<void>;
}

/** Directory of `postgres` and `initdb`, `null` when there is none. */
export function findPostgres(environment: Readonly<Record<string, string | undefined>> = process.env): string | null {
  const versions = [...namesIn(DEBIAN)].sort((a, b) => Number(b) - Number(a));
  const directories = versions.map((version) => join(DEBIAN, version, "bin"));
  const path = findIn([...directories, ...pathDirectories(environment)], ["initdb"]);
  return path === null ? null : dirname(path);
}

/** Starts a PostgreSQL with an empty database. End it with `close()`. */
export async function startPostgres(): Promise<PostgresServer> {
  const binaries = findPostgres();
  if (binaries === null) throw new Error("initdb: expected PostgreSQL to be installed (Debian's package postgresql)");
  const owner = await ownerOf();
  const home = await mkdtemp(join(tmpdir(), "wsight-pg-"));
  if (owner.uid !== undefined) await chown(home, owner.uid, owner.gid ?? owner.uid);
  const data = join(home, "data");
  const port = await freePort();
  await run(join(binaries, "initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8"], {
    ...owner,
    cwd: home,
  });
  let child: ChildProcess | null = null;

  async function start(): Promise<void> {
    const settings = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", `unix_socket_directories=${home}`];
    const args = ["-D", data, "-p", String(port), ...settings];
    const started = spawn(join(binaries ?? "", "postgres"), args, { ...owner, cwd: home, stdio: "ignore" });
    child = started;
    await accepts(port, started);
  }

  async function stop(): Promise<void> {
    const ending = child;
    child = null;
    if (ending === null) return;
    const ended = once(ending, "exit");
    ending.kill("SIGQUIT");
    await ended;
  }

  /** The server has a process for each connection. */
  async function signalAll(signal: NodeJS.Signals): Promise<void> {
    const parent = child?.pid;
    if (parent === undefined) return;
    const { stdout } = await run("ps", ["-o", "pid=", "--ppid", String(parent)]).catch(() => ({ stdout: "" }));
    for (const pid of [parent, ...stdout.split(/\s+/).filter(Boolean).map(Number)]) signalOne(pid, signal);
  }

  await start();
  return {
    host: "127.0.0.1",
    port,
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    start,
    stop,
    freeze: () => signalAll("SIGSTOP"),
    thaw: () => signalAll("SIGCONT"),
    async close() {
      await stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** A connection may have ended since its process was listed. */
function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** PostgreSQL refuses to run as root: there it runs as the user its package made. */
async function ownerOf(): Promise<{ readonly uid?: number; readonly gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const ids = await Promise.all(["-u", "-g"].map((flag) => run("id", [flag, "postgres"])));
  const [uid, gid] = ids.map(({ stdout }) => Number(stdout));
  return { uid: uid ?? 0, gid: gid ?? 0 };
}

async function accepts(port: number, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}`);
    if (await answers(port)) return;
    await wait(20);
  }
  throw new Error(`postgres did not accept connections within ${START_MS} ms`);
}

/** True when it takes a start-up message: while it recovers from a crash it listens, and refuses. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const parameters = Buffer.from("user\0postgres\0database\0postgres\0\0");
    const head = Buffer.alloc(8);
    head.writeInt32BE(8 + parameters.length, 0);
    head.writeInt32BE(196_608, 4);
    socket.once("connect", () => socket.write(Buffer.concat([head, parameters])));
    socket.once("data", (data) => {
      // "R": authentication is asked for, or not needed; "E": not yet.
      resolve(data[0] === 0x52);
      socket.destroy();
    });
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
  });
}
