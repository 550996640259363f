import type { Hub } from "@wsight/hub";
import { encodeLinkText, type HelloFrame, type JobEvent, type WorkerBeat } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { upgrade } from "./harness.ts";
import { HubProbe, listen, type Payload, token } from "./live-monitor-rig.ts";

/** An event without what all of one job have in common. */
export type Told = JobEvent extends infer E
  ? E extends JobEvent
    ? Omit<E, "queue" | "at"> & { at?: number }
    : never
  : never;

/** A process of an application that tells what happens to jobs of the queue `documents`. */
export class JobProbe extends HubProbe {
  #frames = 0;

  constructor(hub: Hub, hello: Partial<HelloFrame> = {}) {
    super(hub, { service: "docs", ...hello });
  }

  tell(...events: readonly Told[]): this {
    const whole = events.map((event) => ({ at: Date.now(), queue: "documents", ...event }) as JobEvent);
    return this.frame(whole, []);
  }

  beat(worker: string, active = 1): this {
    return this.frame([], [{ at: Date.now(), queue: "documents", worker, concurrency: 2, active }]);
  }

  frame(events: readonly JobEvent[], beats: readonly WorkerBeat[]): this {
    const { epoch } = this.hello;
    this.send(encodeLinkText({ type: "jobs", epoch, seq: ++this.#frames, events, beats, queues: [], dropped: 0 }));
    return this;
  }
}

/** A client of Socket.IO with a token of `sub`. */
export async function listenAs(hub: Hub, sub: string, role: "admin" | "viewer" | "user" = "user", auth: object = {}) {
  return listen(hub.url, { transports: ["websocket"], auth: { token: await token(role, sub, 600_000), ...auth } });
}

/** Events about jobs alone. */
export function jobsOf({
  events,
}: {
  readonly events: readonly { readonly event: string; readonly payload: Payload }[];
}) {
  return events.filter(({ event }) => event.startsWith("job-"));
}

/** Events for administrators alone. */
export function adminEventsOf({ events }: { readonly events: readonly { readonly event: string }[] }) {
  return events.map(({ event }) => event).filter((event) => /^(admin-|worker-metrics|dashboard-)/.test(event));
}

/** What came over `/ws/jobs`. */
export interface JobSocket {
  readonly messages: readonly { readonly event: string; readonly data: Payload }[];
  readonly closed: Promise<number>;
  of(event: string): readonly Payload[];
  times(event: string, count: number): Promise<readonly Payload[]>;
  send(text: string): void;
  pause(): void;
  resume(): void;
}

/** Opens `/ws/jobs`. */
export async function openJobSocket(hub: Hub, authorization: string): Promise<JobSocket> {
  const messages: { event: string; data: Payload }[] = [];
  const { socket } = await upgrade(hub, "/ws/jobs", { authorization }, (text) => messages.push(JSON.parse(text)));
  if (socket === null) throw new Error("refused");
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  const of = (event: string): Payload[] => messages.filter((one) => one.event === event).map(({ data }) => data);
  return {
    messages,
    closed,
    of,
    async times(event, count) {
      await until(() => of(event).length >= count, { what: `${count} of ${event}`, timeoutMs: 10_000 });
      return of(event);
    },
    send: (text) => socket.send(text),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
}
