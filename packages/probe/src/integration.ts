import type { Finding } from "@wsight/protocol";
import type { Component } from "./components.ts";
import type { ConnectionTable } from "./connections.ts";
import type { Guard } from "./guard.ts";
import type { BroadcastLog } from "./instruments/broadcast-log.ts";
import type { ErrorLog } from "./instruments/error-log.ts";
import type { Counter, Distribution } from "./instruments/instruments.ts";
import type { Journal } from "./instruments/journal.ts";
import type { LoopLag } from "./instruments/loop-lag.ts";
import type { QueryBook } from "./instruments/query-book.ts";
import type { SlowLog } from "./instruments/slow-log.ts";
import type { TimingSampler } from "./instruments/timing-sampler.ts";
import type { RecentJobs } from "./integrations/bullmq/recent-jobs.ts";
import type { HttpTraffic } from "./integrations/http/http-traffic.ts";
import type { JobSink } from "./jobs/job-outbox.ts";
import type { ConnectionSource } from "./looks/connection-source.ts";
import type { JobLookSource } from "./looks/job-looks.ts";
import type { MessageTap } from "./looks/tail.ts";
import type { KeyCounts } from "./names.ts";
import type { ResolvedProbeOptions } from "./probe-options.ts";
import type { Pull } from "./pulls.ts";
import type { Redact } from "./redact.ts";
import type { Registry } from "./registry.ts";

/** What an integration works with. */
export interface ProbeContext {
  readonly registry: Registry;
  readonly connections: ConnectionTable;
  readonly errors: ErrorLog;
  /** What happens in single connections, some of it. */
  readonly journal: Journal;
  readonly timing: TimingSampler;
  /** What was slow, and examples of what was not. */
  readonly slow: SlowLog;
  readonly broadcasts: BroadcastLog;
  /** Statements of databases, by shape. */
  readonly queries: QueryBook;
  /** Requests of HTTP servers, whoever watches them. */
  readonly http: HttpTraffic;
  readonly loopLag: LoopLag;
  /** What happens to jobs goes there, from whatever library: it reaches the hub within milliseconds. */
  readonly jobs: JobSink;
  /** Jobs that this process told of when it added them. */
  readonly recentJobs: RecentJobs;
  /** Messages go there while somebody follows them: look at `tap.on` first. */
  readonly tap: MessageTap;
  readonly guard: Guard;
  readonly options: ResolvedProbeOptions;
  readonly redact: Redact;
  /** Headline latency by source; see `websocket.server.message.latency`. */
  readonly latency: { readonly handler: Distribution; readonly ack: Distribution };
  /** `context.hookCalls.value++` at the top of every hook: the probe's own cost is estimated from it. */
  readonly hookCalls: Counter;
  /** Wall clock, ms epoch. */
  readonly now: () => number;
  /** Monotonic clock, ms with fractions. */
  readonly hr: () => number;
  /** Calls `fn` each interval (1 s unless set otherwise) before the snapshot, with its number. Returns how to end it. */
  readonly onTick: (fn: (tick: number) => void) => () => void;
  /** Bounded text of the user id that the application gave for a connection; hashed when asked to. */
  readonly userKey: (user: unknown) => string | null;
  /** Adds to the rooms list, which is read every 5 s. Returns how to end it. */
  readonly provideRooms: (read: (limit: number) => KeyCounts) => () => void;
  /** Lets the open connections of a target be listed. Returns how to end it. */
  readonly provideConnections: (source: ConnectionSource) => () => void;
  /** Lets the jobs of a queue be looked at closely, and acted upon. Returns how to end it. */
  readonly provideJobs: (source: JobLookSource) => () => void;
  /** Reads something at intervals, within a budget of time. Returns how to end it. */
  readonly pull: (pull: Pull) => () => void;
  /** Shows the state of something the application depends on. Returns how to end it. */
  readonly provideComponent: (component: Component) => () => void;
  /** Tells the hub anew what was found. */
  readonly foundChanged: () => void;
}

/** A watched target, however it measures. */
export interface IntegrationHandle {
  readonly finding: () => Finding;
  /** Undoes everything that attaching did: own properties, listeners, timers. */
  readonly detach: () => void;
}

/** One library wsight can watch: one file per library, all of this shape. */
export interface Integration {
  /** Name as the library's users know it; the value of `ws.library` where series carry one. */
  readonly library: string;
  /** Recognises a target by what it can do, never by its class. */
  readonly detect: (target: unknown) => boolean;
  /** Begins to watch. `server` is the name its series carry: as `ws.server`, `http.server` or `db.client`. */
  readonly attach: (target: object, server: string, context: ProbeContext) => IntegrationHandle;
}
