import { performance } from "node:perf_hooks";
import { Asks } from "./asks.ts";
import { type LoadSystemInformation, systemInformationLoader } from "./collectors/host/system-information.ts";
import { hostSourceOf } from "./collectors/host.ts";
import { Components } from "./components.ts";
import { ConnectionTable } from "./connections.ts";
import { Guard } from "./guard.ts";
import { BroadcastLog } from "./instruments/broadcast-log.ts";
import { ErrorLog } from "./instruments/error-log.ts";
import { Journal } from "./instruments/journal.ts";
import { LoopLag } from "./instruments/loop-lag.ts";
import { QueryBook } from "./instruments/query-book.ts";
import { SlowLog } from "./instruments/slow-log.ts";
import { TimingSampler } from "./instruments/timing-sampler.ts";
import type { ProbeContext } from "./integration.ts";
import { RecentJobs } from "./integrations/bullmq/recent-jobs.ts";
import { HttpTraffic } from "./integrations/http/http-traffic.ts";
import { JobOutbox } from "./jobs/job-outbox.ts";
import { ConnectionList } from "./looks/connection-list.ts";
import { JobLooks } from "./looks/job-looks.ts";
import { type Allowance, createAllowance } from "./looks/pacer.ts";
import { PROCESS_READERS } from "./looks/process-readers.ts";
import { ProcessTable } from "./looks/process-table.ts";
import { Tail } from "./looks/tail.ts";
import type { ResolvedProbeOptions } from "./probe-options.ts";
import { Pulls } from "./pulls.ts";
import { composeRedact } from "./redact.ts";
import { Registry } from "./registry.ts";
import type { ReadKeys } from "./tables.ts";
import { createUserKey } from "./user-key.ts";

/** What the parts of a probe know of it. */
export interface ProbeLife {
  /** ms epoch. */
  readonly startedAt: number;
  readonly epoch: () => number;
  /** What was found is another than before. */
  readonly foundChanged: () => void;
}

/** What looks closer while somebody asks. */
interface Looks {
  /** What all of it may take of the event loop. */
  readonly allowance: Allowance;
  readonly load: LoadSystemInformation;
  readonly list: ConnectionList;
  readonly processes: ProcessTable;
  readonly tail: Tail;
  readonly jobLooks: JobLooks;
  readonly asks: Asks;
}

/** What a probe is made of. */
export interface ProbeParts extends Looks {
  readonly context: ProbeContext;
  readonly outbox: JobOutbox;
  readonly pulls: Pulls;
  readonly components: Components;
  /** Called at each tick. */
  readonly onTick: ReadonlySet<(tick: number) => void>;
  readonly rooms: ReadonlySet<ReadKeys>;
}

type Basics = Pick<
  ProbeContext,
  "registry" | "guard" | "options" | "redact" | "now" | "hr" | "connections" | "journal"
>;

/** Makes the parts of a probe and puts them together; nothing runs yet. */
export function createParts(options: ResolvedProbeOptions, life: ProbeLife): ProbeParts {
  const guard = new Guard(options.onError);
  const connections = new ConnectionTable({ startedAt: life.startedAt, max: options.caps.connections });
  const basics: Basics = {
    registry: new Registry(guard),
    guard,
    options,
    redact: composeRedact(options.redact),
    now: Date.now,
    hr: () => performance.now(),
    connections,
    journal: new Journal({ connections, now: Date.now }),
  };
  const { registry, redact, now, hr } = basics;
  const looks = createLooks(basics, life.epoch);
  const { intervalMs: fast, mediumIntervalMs: medium, slowIntervalMs: slow } = options;
  const pulls = new Pulls({ guard, tierMs: { fast, medium, slow }, hr, now });
  const components = new Components({ registry, guard, pulls, redact, now, hr });
  const rooms = new Set<ReadKeys>();
  const onTick = new Set<(tick: number) => void>();
  const hookCalls = registry.counter("wsight.probe.hook.calls");
  const http = new HttpTraffic({ guard, hookCalls, hr });
  onTick.add(() => http.sweep());
  const outbox = new JobOutbox({ guard, redact, hideUsers: options.hashUsers, hr, epoch: life.epoch });
  const context: ProbeContext = {
    ...basics,
    ...createLogs(basics),
    http,
    hookCalls,
    loopLag: new LoopLag(),
    jobs: outbox,
    recentJobs: new RecentJobs(),
    timing: new TimingSampler(),
    tap: looks.tail,
    latency: {
      handler: registry.histogram("websocket.server.message.latency", { source: "handler" }),
      ack: registry.histogram("websocket.server.message.latency", { source: "ack" }),
    },
    onTick: (fn) => addTo(onTick, fn),
    provideRooms: (read) => addTo(rooms, read),
    provideConnections: (source) => looks.list.add(source),
    provideJobs: (source) => looks.jobLooks.add(source),
    pull: (pull) => pulls.add(pull),
    provideComponent: (component) => components.add(component),
    userKey: createUserKey({ hash: options.hashUsers }),
    foundChanged: life.foundChanged,
  };
  return { ...looks, context, outbox, pulls, components, onTick, rooms };
}

function createLogs({
  registry,
  redact,
  now,
  options,
  journal,
}: Basics): Pick<ProbeContext, "errors" | "slow" | "broadcasts" | "queries"> {
  return {
    errors: new ErrorLog({ registry, redact, now, journal, maxTypes: options.caps.types }),
    slow: new SlowLog({ limitSeconds: options.slowMs / 1000, now }),
    broadcasts: new BroadcastLog(now),
    queries: new QueryBook({ now, redact: options.redact }),
  };
}

function createLooks(basics: Basics, epoch: () => number): Looks {
  const { registry, guard, options, redact, now, hr, connections } = basics;
  const allowance = createAllowance(hr);
  const load = systemInformationLoader(guard);
  const source = hostSourceOf(options.hostSource);
  const reader = source === null ? null : PROCESS_READERS[source]({ allowance, now, hr, load });
  const list = new ConnectionList({ connections, redact, now, hr, allowance });
  const processes = new ProcessTable({ reader, allowance, hr });
  const run = (fn: () => void): void => guard.run("ask", fn, undefined, "tail");
  const tail = new Tail({ connections, redact, fields: options.tailFields, now, epoch, run });
  const { allowDisconnect } = options;
  const jobLooks = new JobLooks();
  const asks = new Asks({ registry, guard, list, processes, tail, jobs: jobLooks, allowDisconnect, epoch });
  return { allowance, load, list, processes, tail, jobLooks, asks };
}

function addTo<T>(set: Set<T>, item: T): () => void {
  set.add(item);
  return () => {
    set.delete(item);
  };
}
