import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

/** What a process of `fixtures/seat-process.mjs` says of itself. */
export interface SeatState {
  readonly instance: string;
  readonly url: string | null;
  /** Not null exactly in the process that runs the hub. */
  readonly link: string | null;
  readonly errors: readonly string[];
  readonly memory: number;
}

/** A process that shares a hub with others. */
export interface SeatProcess {
  readonly child: ChildProcess;
  readonly instance: string;
  readonly url: string | null;
  /** From the call of `monitor` to its answer. */
  readonly tookMs: number;
  /** Of everything it was told to count. */
  readonly counted: number;
  state(): Promise<SeatState>;
  count(times: number): Promise<void>;
  /** Closes the monitor in good order, then the process ends. */
  close(): Promise<void>;
  kill(): Promise<void>;
}

/** Why a process could not start. */
export class SeatFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

type Said = { readonly type: string; readonly id?: number } & Record<string, unknown>;

/** Starts a process; rejects with a {@link SeatFailure} when its `monitor` call did. */
export async function startSeat(env: Readonly<Record<string, string>>): Promise<SeatProcess> {
  const child = fork(fileURLToPath(new URL("./fixtures/seat-process.mjs", import.meta.url)), {
    env: { PATH: process.env.PATH, TMPDIR: process.env.TMPDIR, ...env },
    execArgv: [],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const [first] = (await once(child, "message")) as [Said];
  if (first.type === "failed") throw new SeatFailure(String(first.code), String(first.message));
  let nextId = 1;
  let counted = 0;
  const ask = async (message: object): Promise<SeatState> => {
    const id = nextId++;
    const answer = new Promise<SeatState>((resolve) => {
      const listen = (said: Said): void => {
        if (said.id !== id) return;
        child.off("message", listen);
        resolve(said as unknown as SeatState);
      };
      child.on("message", listen);
    });
    child.send({ ...message, id });
    return answer;
  };
  return {
    child,
    instance: String(first.instance),
    url: first.url as string | null,
    tookMs: Number(first.tookMs),
    get counted() {
      return counted;
    },
    state: () => ask({ type: "state" }),
    async count(times) {
      await ask({ type: "count", times, from: counted });
      counted += times;
    },
    async close() {
      const ended = once(child, "exit");
      child.send({ type: "close" });
      await ended;
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** When the hub that answers there began; `null` while none does. */
export function hubAt(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const call = request({ host: "127.0.0.1", port, path: "/healthz", agent: false, timeout: 1000 }, (response) => {
      let text = "";
      response.on("data", (part) => (text += part));
      response.once("error", () => resolve(null));
      response.once("end", () => {
        const { status, startedAt } = JSON.parse(text) as { status: string; startedAt?: number };
        resolve(status === "ok" ? (startedAt ?? null) : null);
      });
    });
    call.once("timeout", () => call.destroy());
    call.once("error", () => resolve(null));
    call.end();
  });
}
