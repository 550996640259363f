import type { AlertRow } from "./alerts/instance.ts";
import type { Health } from "./health.ts";
import type { QueuesTable, WorkersTable } from "./jobs/job.ts";
import type { Finding, HelloFrame } from "./link-frames.ts";
import type { CollectorRow, ComponentRow, QueryRow } from "./sources.ts";
import type { BroadcastRow, CountRow, ErrorRow, SlowRow } from "./tables.ts";
import type { TailRow } from "./tail.ts";

/** Lists a viewer can subscribe to beside its series; sent whole when they changed, every one to five seconds. */
export const LIVE_TABLES = [
  "nodes",
  "events",
  "errors",
  "closes",
  "users",
  "channels",
  "rooms",
  "hub",
  "types",
  "handlers",
  "namespaces",
  "slow",
  "broadcasts",
  "components",
  "collectors",
  "routes",
  "operations",
  "queries",
  "filesystems",
  "alerts",
  "health",
  "queues",
  "workers",
] as const;
export type LiveTable = (typeof LIVE_TABLES)[number];

/** `live`: reports in time · `silent`: late by more than 2.5 intervals · `gone`: said goodbye or silent for long. */
export const NODE_STATES = ["live", "silent", "gone"] as const;
export type NodeState = (typeof NODE_STATES)[number];

/** One process that reports, or used to. */
export interface NodeRow {
  /** `service/instance`, what {@link Selector.node} takes. */
  readonly node: string;
  readonly service: string;
  readonly instance: string;
  readonly state: NodeState;
  /** ms epoch of the newest sample. */
  readonly lastAt: number;
  /** How far the process' clock is ahead of the hub's, ms, its frames' way included; `null` when not known. */
  readonly clockAheadMs?: number | null;
  readonly startedAt: number;
  readonly pid: number;
  readonly host: string;
  readonly runtime: string;
  readonly findings: readonly Finding[];
  readonly connections: number | null;
  readonly messageRate: number | null;
  /** Connections it can take, and where the figure comes from; `null` when nobody said. */
  readonly capacity: HelloFrame["capacity"];
  readonly errorsPerMinute: number | null;
  /** Seconds, 99th percentile over the last 10 s. */
  readonly loopLagP99: number | null;
  readonly cpu: number | null;
  readonly memoryBytes: number | null;
  /** Busy share of the host's CPU time over all cores, and share of its memory in use, as this process reads them; 0–1. */
  readonly hostCpu?: number | null;
  readonly hostMemory?: number | null;
  /** Seconds of garbage collection per second, over the last 10 s. */
  readonly gcShare?: number | null;
  readonly heapUsedBytes?: number | null;
  readonly heapLimitBytes?: number | null;
  /** Open file descriptors, and how many it may have. */
  readonly fileDescriptors?: number | null;
  readonly fileDescriptorLimit?: number | null;
  readonly threads?: number | null;
  /** Share of time the event loop was busy, 0–1. */
  readonly eventLoopUtilization?: number | null;
  /** Snapshots that never arrived, and restarts seen, since the hub started. */
  readonly lost: number;
  readonly restarts: number;
  /** Share of one core the probe itself uses; bytes its tables take; frames and label sets it dropped; faults it caught. */
  readonly probeCpu: number | null;
  readonly probeMemoryBytes: number | null;
  readonly probeDropped: number;
  readonly probeErrors: number;
}

/** One event name or message kind in one direction; the table holds the busiest 16. */
export interface EventRow {
  readonly event: string;
  readonly direction: "in" | "out";
  readonly library: string;
  /** Messages per second over the last 10 s. */
  readonly rate: number;
  /** Seconds, 95th percentile of acks, else of handlers, over the last minute; `null` when never timed. */
  readonly p95: number | null;
}

/** One event name or message kind in one direction, in full; the table holds the busiest 100. */
export interface TypeRow {
  readonly event: string;
  readonly direction: "in" | "out";
  readonly library: string;
  /** Messages per second over the last 10 s, and its share of all messages of that direction. */
  readonly rate: number;
  readonly share: number;
  /** Messages since the processes began. */
  readonly total: number;
  /** Bytes, over the last minute; `null` when none was measured. */
  readonly sizeP50: number | null;
  readonly sizeP95: number | null;
  /** Seconds over the last minute, of acks, else of handlers, and which; `null` when never timed. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly timing: "ack" | "handler" | null;
  /** Handlers that threw and acks that never came, per minute. */
  readonly errorsPerMinute: number;
}

/** What one handler costs the event loop; the table holds the 50 that cost most. */
export interface HandlerRow {
  readonly event: string;
  readonly library: string;
  /** Calls per second over the last 10 s. */
  readonly rate: number;
  /** Share of the event loop's time, over the last minute: seconds in the handler per second. */
  readonly share: number;
  /** Seconds over the last minute. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly max: number | null;
  readonly errorsPerMinute: number;
}

/** One namespace of Socket.IO over all nodes. */
export interface NamespaceRow {
  readonly namespace: string;
  readonly sockets: number;
  readonly rooms: number;
  /** Nodes that have it. */
  readonly nodes: number;
  /** Broadcasts per second over the last 10 s, and over the last minute their recipients and seconds. */
  readonly broadcastRate: number;
  readonly recipientsP50: number | null;
  readonly broadcastP95: number | null;
}

/** Requests to one route of all HTTP servers; the table holds the busiest 100. */
export interface RouteRow {
  readonly method: string;
  /** Pattern; empty where no route took the request. */
  readonly route: string;
  /** Requests per second over the last 10 s, and its share of all. */
  readonly rate: number;
  readonly share: number;
  /** Requests since the processes began. */
  readonly total: number;
  /** Seconds over the last minute; `null` for none. */
  readonly p50: number | null;
  readonly p95: number | null;
  /** Replies of 5xx and of 4xx, and requests that were cut off, per minute. */
  readonly serverErrorsPerMinute: number;
  readonly clientErrorsPerMinute: number;
  readonly abortedPerMinute: number;
}

/** One operation of all clients of a database or cache; the table holds the busiest 100. */
export interface OperationRow {
  readonly system: string;
  readonly operation: string;
  /** Model, where the client has models, else empty. */
  readonly collection: string;
  readonly kind: string;
  /** Operations per second over the last 10 s, and its share of those of its system. */
  readonly rate: number;
  readonly share: number;
  readonly total: number;
  /** Seconds over the last minute; `null` for none. */
  readonly p50: number | null;
  readonly p95: number | null;
}

/** A file system of a node's host, as that node reads it. */
export interface FileSystemRow {
  readonly node: string;
  readonly mountpoint: string;
  readonly usedBytes: number | null;
  readonly freeBytes: number | null;
  /** Share in use, 0–1. */
  readonly utilization: number | null;
}

/** A list of keys with open connections. */
export interface CountTable {
  /** Counts a key once for each node it is on. */
  readonly total: number;
  readonly rows: readonly CountRow[];
  /** How many keys have 1, 2, 3–4, 5–8, … connections. */
  readonly spread: readonly number[];
}

/** A row of the live tail with the node it came from. */
export interface LiveTailRow extends Omit<TailRow, "filter"> {
  readonly node: string;
}

/** Errors by type and the newest of them. */
export interface ErrorsTable {
  readonly byType: readonly { readonly type: string; readonly total: number; readonly perMinute: number }[];
  /** Newest first, at most 12. */
  readonly recent: readonly (ErrorRow & { readonly node: string })[];
}

/** What the hub costs and how it fares. */
export interface HubRow {
  readonly version: string;
  readonly startedAt: number;
  /** Share of one core, last interval. */
  readonly cpu: number;
  readonly memoryBytes: number;
  readonly viewers: number;
  /** Bytes per second sent to all viewers together. */
  readonly bytesPerSecond: number;
  /** Ticks that slow viewers did not get. */
  readonly skippedTicks: number;
  /** Link messages that could not be understood, and the last reason. */
  readonly badFrames: number;
  readonly lastBadFrame: string | null;
  /** Times the worker was restarted, and why last. */
  readonly restarts: number;
  readonly lastRestart: string | null;
  readonly store: {
    readonly state: "ok" | "failing" | "off";
    readonly written: number;
    readonly dropped: number;
    readonly lastError: string | null;
    /** Samples that wait for a store behind a network, in memory and on disk; absent for the embedded one. */
    readonly spooled?: number;
    /** Which store that is, where, and its version once known: `PostgreSQL 17.2 at postgres://host:5432/database`. */
    readonly engine?: string;
  };
}

/** Alerts that are not in range, and how telling people fares. */
export interface AlertsTable {
  /** Worst and newest first, at most 200; pending ones last. */
  readonly rows: readonly AlertRow[];
  /** Firing, by severity, all of them. */
  readonly critical: number;
  readonly warning: number;
  readonly pending: number;
  /** Notices that were given up and nobody has looked at. */
  readonly undelivered: number;
  /** `off`: this hub keeps no alerts · `opening`: not read yet · `failing`: see `problem`. */
  readonly state: "ok" | "opening" | "failing" | "off";
  readonly problem: string | null;
}

/** Rows of each live table. */
export interface LiveTableRows {
  readonly nodes: readonly NodeRow[];
  readonly events: readonly EventRow[];
  readonly errors: ErrorsTable;
  readonly closes: readonly CountRow[];
  readonly users: CountTable;
  readonly channels: CountTable;
  readonly rooms: CountTable;
  readonly hub: HubRow;
  readonly types: readonly TypeRow[];
  readonly handlers: readonly HandlerRow[];
  readonly namespaces: readonly NamespaceRow[];
  /** Newest first, at most 50. */
  readonly slow: readonly (SlowRow & { readonly node: string })[];
  /** Newest first, at most 100. */
  readonly broadcasts: readonly (BroadcastRow & { readonly node: string })[];
  /** Of live and silent nodes; a silent node's are as it told them last. */
  readonly components: readonly (ComponentRow & { readonly node: string })[];
  readonly collectors: readonly (CollectorRow & { readonly node: string })[];
  readonly routes: readonly RouteRow[];
  readonly operations: readonly OperationRow[];
  /** Those that took most time, at most 50, put together by client, system and shape; p95 is that of the worst node. */
  readonly queries: readonly (QueryRow & { readonly nodes: number })[];
  /** Of live nodes, at most 500; the fullest first. */
  readonly filesystems: readonly FileSystemRow[];
  readonly alerts: AlertsTable;
  readonly health: Health;
  readonly queues: QueuesTable;
  readonly workers: WorkersTable;
}
