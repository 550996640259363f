import { type Hub, type HubSetup, type Role, signToken } from "@wsight/hub";
import {
  type ComponentRow,
  decodeHubFrame,
  encodeLinkText,
  type HelloFrame,
  type LinkMessage,
  METRIC_EVENTS,
  type MetricEvent,
} from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { io, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";
import { onTestFinished } from "vitest";
import { FakeProbe, type Rig } from "./current-rig.ts";
import { SECRET, startHub } from "./harness.ts";

/** Transports that Socket.IO's client has, and the way from one to the other. */
export const TRANSPORTS = ["websocket", "polling"] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** Intervals that tests need not wait for long. */
export const FAST = { intervalMs: 40, mediumIntervalMs: 100, slowIntervalMs: 200 } as const;

/** A hub with short intervals. */
export function startMonitorHub(setup: Partial<HubSetup> = {}): Promise<Hub> {
  return startHub({ ...FAST, ...setup });
}

export function token(role: Role = "viewer", sub: string = role, ttlMs = 60_000): Promise<string> {
  return signToken({ sub, role, ttlMs }, SECRET);
}

/** A payload, of which tests look at a little. */
export type Payload = Readonly<Record<string, unknown>>;

/** What a client has heard. */
export interface Heard {
  readonly socket: Socket;
  /** Everything, in order of arrival. */
  readonly events: readonly { readonly event: string; readonly payload: Payload; readonly at: number }[];
  of(event: string): readonly Payload[];
  /** The newest of an event. */
  newest(event: string): Payload;
  /** Waits until an event has come `count` times in all. */
  times(event: string, count: number): Promise<readonly Payload[]>;
}

/** Opens a client that records from its first word on. */
export function listen(url: string, options: Partial<ManagerOptions & SocketOptions> = {}): Heard {
  const socket = io(url, { forceNew: true, reconnection: false, ...options });
  onTestFinished(() => void socket.disconnect());
  const events: { event: string; payload: Payload; at: number }[] = [];
  socket.onAny((event: string, payload: Payload) => events.push({ event, payload, at: performance.now() }));
  const of = (wanted: string): Payload[] =>
    events.filter(({ event }) => event === wanted).map(({ payload }) => payload);
  return {
    socket,
    events,
    of,
    newest: (event) => of(event).at(-1) ?? {},
    async times(event, count) {
      await until(() => of(event).length >= count, { what: `${count} of ${event}`, timeoutMs: 10_000 });
      return of(event);
    },
  };
}

/** The next of an event of a client. */
export function next(socket: Socket, event: "connect" | "disconnect"): Promise<readonly unknown[]> {
  return new Promise((resolve) => socket.once(event, (...args: unknown[]) => resolve(args)));
}

/** How a client was refused. */
export interface Refused {
  readonly message: string;
  readonly data?: { readonly code: string; readonly message: string };
}

/** Connects and says how that ended: `null` when it was let in. */
export function attempt(url: string, options: Partial<ManagerOptions & SocketOptions>): Promise<Refused | null> {
  const { socket } = listen(url, options);
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(null));
    socket.once("connect_error", (error) => resolve(error as Refused));
  });
}

/** A probe of one process, behind a link of a real hub. */
export class HubProbe extends FakeProbe {
  constructor(hub: Hub, hello: Partial<HelloFrame> = {}) {
    super(linkOf(hub), { epoch: 1 + Math.floor(Math.random() * 1e9), startedAt: Date.now(), ...hello });
  }

  /** Says how components are. */
  components(rows: readonly Partial<ComponentRow>[]): this {
    const at = Date.now();
    const whole = rows.map(
      (row): ComponentRow => ({
        kind: "database",
        name: "pg",
        library: "pg",
        state: "up",
        since: at,
        checkedAt: at,
        latencySeconds: 0.002,
        error: null,
        ...row,
      }),
    );
    const { epoch } = this.hello;
    this.send(encodeLinkText({ type: "table", epoch, table: "components", at, total: whole.length, rows: whole }));
    return this;
  }

  /** Reports four times a second until the test ends, or the answer is called. */
  run(): () => void {
    this.snapshot();
    const timer = setInterval(() => this.snapshot(), 250);
    const stop = (): void => clearInterval(timer);
    onTestFinished(stop);
    return stop;
  }
}

/** As much of a rig as a probe needs, around a hub with the computer's own clock. */
function linkOf(hub: Hub): Rig {
  const clock = {
    get time() {
      return Date.now();
    },
  };
  const open: Rig["ingest"]["open"] = (reply) => {
    const link = hub.openLink((text) => reply(decodeHubFrame(text)));
    const receive = (message: LinkMessage): null => {
      link.receive(message);
      return null;
    };
    return { receive, complain: () => {}, node: null, close: link.close };
  };
  return { clock, ingest: { open } } as unknown as Rig;
}

/** Every figure of a payload, by path; what says where and when it is from is none. */
export function figuresOf(payload: Payload): Readonly<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  const walk = (value: unknown, path: string): void => {
    if (typeof value === "number" || value === null) found[path] = value;
    else if (typeof value === "object" && value !== null && !Array.isArray(value))
      for (const [key, inner] of Object.entries(value)) walk(inner, path === "" ? key : `${path}.${key}`);
  };
  walk(payload, "");
  for (const path of Object.keys(found)) if (/windowSeconds|^host\.|^nodes|Total$/.test(path)) delete found[path];
  return found;
}

export const ALL: readonly MetricEvent[] = METRIC_EVENTS;
