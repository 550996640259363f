import type { Hub } from "@wsight/hub";
import { encodeLinkText, type HelloFrame, type ProbeAsk, type ProcessRow, WsightError } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import type { WebSocket } from "ws";
import { upgrade } from "./harness.ts";
import { HubProbe } from "./live-monitor-rig.ts";

const HOST_INFO = { platform: "linux", arch: "x64", osRelease: "6.1", cpuModel: "Fast", cpus: 2, memoryBytes: 8e9 };

/** Processes of the host, of which it names as many as it is asked for. */
const PROCESSES: readonly ProcessRow[] = Array.from({ length: 30 }, (_, index) => ({
  pid: index + 1,
  parent: 0,
  name: `worker-${index}`,
  state: "running",
  cpu: (30 - index) / 100,
  memoryBytes: 1_000_000,
  threads: 4,
  startedAt: 1_790_000_000_000,
  self: index === 0,
}));

/** A probe that measures its host, and answers questions about processes. */
export class HostProbe extends HubProbe {
  readonly asked: ProbeAsk[] = [];
  /** What it does with a question. */
  mode: "answers" | "refuses" | "hangs" = "answers";
  #read = 0;

  constructor(hub: Hub, hello: Partial<HelloFrame> = {}) {
    super(hub, { hostInfo: HOST_INFO, ...hello });
    this.set("system.cpu.utilization", 0.25)
      .set("system.cpu.core.utilization", 0.1, { "cpu.logical_number": "0" })
      .set("system.cpu.core.utilization", 0.4, { "cpu.logical_number": "1" })
      .set("system.cpu.load_average.1m", 1.5)
      .set("system.cpu.load_average.5m", 1.25)
      .set("system.cpu.load_average.15m", 1)
      .set("system.memory.limit", 8e9)
      .set("system.memory.usage", 2e9, { "system.memory.state": "used" })
      .set("system.memory.usage", 6e9, { "system.memory.state": "available" })
      .set("system.memory.utilization", 0.25)
      .set("system.paging.usage", 0, { "system.paging.state": "used" })
      .set("system.paging.usage", 1e9, { "system.paging.state": "free" })
      .set("system.uptime", 3600)
      .set("system.process.count", PROCESSES.length)
      .set("system.filesystem.usage", 3e9, {
        "system.filesystem.mountpoint": "/",
        "system.filesystem.state": "used",
      })
      .set("system.filesystem.usage", 1e9, {
        "system.filesystem.mountpoint": "/",
        "system.filesystem.state": "free",
      })
      .set("system.filesystem.utilization", 0.75, { "system.filesystem.mountpoint": "/" });
    this.onRequest = ({ id, ask }) => {
      this.asked.push(ask);
      if (this.mode === "hangs" || ask.kind !== "processes") return;
      const head = { type: "answer", id, epoch: this.hello.epoch } as const;
      const rows = PROCESSES.slice(ask.query.offset, ask.query.offset + ask.query.limit);
      const answer = { at: Date.now(), total: PROCESSES.length, matching: PROCESSES.length, rows };
      const refusal = new WsightError("NOT_FOUND", "processes are not to be seen").toBody();
      // A hub hears answers later, never within its question.
      queueMicrotask(() =>
        this.send(encodeLinkText(this.mode === "refuses" ? { ...head, ...refusal } : { ...head, answer })),
      );
    };
  }

  /** Reports each half second, with 4 KB read from disk and 1 KB received each time. */
  override run(): () => void {
    this.snapshot();
    const timer = setInterval(() => this.#report(), 500);
    return () => clearInterval(timer);
  }

  #report(): void {
    this.#read++;
    this.set("system.disk.io", this.#read * 4096, { "disk.io.direction": "read" })
      .set("system.disk.io", 0, { "disk.io.direction": "write" })
      .set("system.network.io", this.#read * 1024, { "network.io.direction": "receive" })
      .set("system.network.io", 0, { "network.io.direction": "transmit" });
    this.snapshot();
  }
}

/** A message, of which tests look at a part. */
export interface Told {
  readonly type: string;
  readonly timestamp: string;
  readonly intervalMs: number;
  readonly node: string | null;
  readonly nodes: readonly { readonly node: string; readonly state: string }[];
  readonly status: string;
  readonly host: Readonly<Record<string, unknown>>;
  readonly processes: readonly Readonly<Record<string, unknown>>[] | null;
  readonly processCount: number | null;
  readonly storage: {
    readonly state: string;
    readonly written: number;
    readonly dropped: number;
    readonly spooled: number;
  };
}

/** A client of the stream. */
export interface StreamClient {
  readonly socket: WebSocket;
  readonly told: readonly Told[];
  /** The first message that fits. */
  first(fits: (told: Told) => boolean, what: string): Promise<Told>;
  /** Waits for `count` further messages. */
  more(count: number): Promise<readonly Told[]>;
}

/** Opens the stream. */
export async function stream(hub: Hub, headers: Record<string, string>, query = ""): Promise<StreamClient> {
  const told: Told[] = [];
  const upgraded = await upgrade(hub, `/ws/metrics${query}`, headers, (data) => told.push(JSON.parse(data) as Told));
  if (upgraded.socket === null) throw new Error(`refused: ${String(upgraded.code)}`);
  return {
    socket: upgraded.socket,
    told,
    first: async (fits, what) => {
      await until(() => told.some(fits), { what, timeoutMs: 10_000 });
      return told.find(fits) as Told;
    },
    more: async (count) => {
      const from = told.length;
      await until(() => told.length >= from + count, { what: `${count} messages`, timeoutMs: (count + 5) * 1000 });
      return told.slice(from, from + count);
    },
  };
}

/** Whole seconds between messages, as their timestamps say. */
export function beats(told: readonly Told[]): readonly number[] {
  const seconds = told.map(({ timestamp }) => Math.floor(Date.parse(timestamp) / 1000));
  return seconds.slice(1).map((second, index) => second - (seconds[index] as number));
}
