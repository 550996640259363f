import type { ComponentKind, Tier } from "./sources.ts";

/** What the live monitor tells over Socket.IO at intervals, and what a client may subscribe to. */
export const METRIC_EVENTS = [
  "basic-metrics",
  "database-metrics",
  "cache-metrics",
  "network-metrics",
  "system-metrics",
] as const;
export type MetricEvent = (typeof METRIC_EVENTS)[number];

/** How often each of them is told: each 1 s, 5 s, 30 s unless set otherwise. */
export const METRIC_EVENT_TIERS: Readonly<Record<MetricEvent, Tier>> = {
  "basic-metrics": "fast",
  "database-metrics": "medium",
  "cache-metrics": "medium",
  "network-metrics": "medium",
  "system-metrics": "slow",
};

/**
 * How the source of some figures is. `not_attached`: nothing of the kind is watched · `unknown`: nobody asked it yet ·
 * `stale`: what is known is old, as its process has fallen silent · of several components, the worst.
 */
export type SourceStatus = "up" | "down" | "unknown" | "not_attached" | "stale";

/** A figure: `null` when it is not known, zero only when it was counted and is zero. */
export type Figure = number | null;

/** What every event of the live monitor carries. */
interface MonitorEvent {
  /** When it was made, UTC, ISO 8601. */
  readonly timestamp: string;
  readonly status: SourceStatus;
}

/** One component of the application, as one of its processes sees it. */
export interface MonitorComponent {
  readonly name: string;
  readonly library: string;
  /** `service/instance`. */
  readonly node: string;
  readonly status: SourceStatus;
  /** Round trip of the last answered ping. */
  readonly latencyMs: Figure;
  /** Since when it has been so, ISO 8601. */
  readonly since: string;
  /** Why it is down. */
  readonly error: string | null;
}

/** The components of one kind. */
export interface MonitorComponents {
  readonly status: SourceStatus;
  /** The longest round trip of those that answer. */
  readonly latencyMs: Figure;
  /** How many there are, and how many of them are up. */
  readonly attached: number;
  readonly up: number;
}

/** How often something happened: since the processes began, and lately. */
export interface MonitorCount {
  readonly total: Figure;
  /** Over the event's own interval, one second at least. */
  readonly perSecond: Figure;
}

/** A distribution of durations over the last `windowSeconds`. */
export interface MonitorDistribution {
  readonly windowSeconds: number;
  readonly count: Figure;
  readonly avg: Figure;
  readonly p50: Figure;
  readonly p95: Figure;
  readonly p99: Figure;
  readonly max: Figure;
  /** How many took longer than half of `leMs` and no longer than it; those without any are left out. `null`: not known. */
  readonly buckets: readonly { readonly leMs: number; readonly count: number }[] | null;
}

/** Where an application runs. */
export interface MonitorHost {
  readonly name: string;
  readonly platform: string | null;
  readonly arch: string | null;
  readonly osRelease: string | null;
  readonly cpuModel: string | null;
  readonly cpus: Figure;
  readonly memoryBytes: Figure;
}

/** One process that reports. */
export interface MonitorNode {
  /** `service/instance`. */
  readonly node: string;
  readonly state: "live" | "silent" | "gone";
  readonly host: string;
  readonly connections: Figure;
  /** Share of one core. */
  readonly cpu: Figure;
  readonly memoryBytes: Figure;
  readonly eventLoopLagP99Ms: Figure;
}

/** Told once, to each client that connects. */
export interface InitialData extends MonitorEvent {
  /** The host of the application; the hub's own while no process reports. */
  readonly host: MonitorHost & { readonly uptimeSeconds: Figure };
  readonly nodeVersion: string;
  readonly services: readonly string[];
  /** Processes that report, those that are worst off first, 20 at most. */
  readonly nodes: readonly MonitorNode[];
  readonly nodesTotal: number;
  readonly hub: { readonly version: string; readonly startedAt: string; readonly uptimeSeconds: number };
  readonly intervals: Readonly<Record<Tier, number>> & { readonly events: Readonly<Record<MetricEvent, number>> };
  readonly metricTypes: readonly MetricEvent[];
  readonly subscribed: readonly MetricEvent[];
  readonly components: Readonly<Record<ComponentKind, MonitorComponents>> & {
    /** The worst first, 50 at most. */
    readonly list: readonly (MonitorComponent & { readonly kind: ComponentKind })[];
  };
}

/** Fast: how everything is, and the headline figures. */
export interface BasicMetrics extends MonitorEvent {
  readonly components: Readonly<Record<ComponentKind, MonitorComponents>>;
  readonly nodes: { readonly live: number; readonly silent: number };
  readonly connections: Figure;
  readonly messagesPerSecond: Figure;
  readonly errorsPerMinute: Figure;
  readonly requestsPerSecond: Figure;
  readonly operationsPerSecond: Figure;
  readonly cacheHitRatio: Figure;
  /** Of the host, 0 to 1. */
  readonly cpu: Figure;
  readonly memory: Figure;
  /** Of the worst process. */
  readonly eventLoopLagP99Ms: Figure;
}

/** Medium: what the application's databases do for it. */
export interface DatabaseMetrics extends MonitorEvent {
  readonly latencyMs: Figure;
  /** The worst first, 20 at most. */
  readonly components: readonly MonitorComponent[];
  readonly operations: Readonly<Record<"read" | "write" | "other" | "all" | "failed", MonitorCount>>;
  readonly executionTimeMs: MonitorDistribution;
  readonly readTimeMs: MonitorDistribution;
  readonly writeTimeMs: MonitorDistribution;
  /** Hits by lookups of the cache in front of it over the last minute, 0 to 1; `null` without lookups, or without a cache. */
  readonly cacheHitRate: Figure;
  readonly pool: {
    readonly used: Figure;
    readonly idle: Figure;
    readonly max: Figure;
    readonly waiting: Figure;
    readonly waitP95Ms: Figure;
  };
}

/** Medium: what the application's caches do for it. */
export interface CacheMetrics extends MonitorEvent {
  readonly latencyMs: Figure;
  readonly components: readonly MonitorComponent[];
  /** As the application's own clients saw it. */
  readonly hits: MonitorCount;
  readonly misses: MonitorCount;
  /** Hits by lookups over the last minute, 0 to 1; `null` without lookups. */
  readonly hitRatio: Figure;
  readonly keys: Figure;
  readonly memoryUsedBytes: Figure;
  readonly memoryLimitBytes: Figure;
  readonly operations: Readonly<Record<"read" | "write" | "all" | "failed", MonitorCount>>;
  /** Reads and writes. */
  readonly getTimeMs: MonitorDistribution;
  readonly setTimeMs: MonitorDistribution;
  /** As the server itself counts, of all its clients, since the probe began. */
  readonly server: {
    readonly hits: Figure;
    readonly misses: Figure;
    readonly evicted: Figure;
    readonly expired: Figure;
    readonly clients: Figure;
    readonly uptimeSeconds: Figure;
  };
}

/** Medium: what the application's HTTP servers do. */
export interface NetworkMetrics extends MonitorEvent {
  readonly latencyMs: Figure;
  readonly components: readonly MonitorComponent[];
  readonly requests: MonitorCount;
  readonly activeRequests: Figure;
  readonly abortedRequests: MonitorCount;
  readonly responseTimeMs: MonitorDistribution;
  /** By code, `200`; 32 at most, the others under `other`. `null`: not known. */
  readonly statusCodes: Readonly<Record<string, MonitorCount>> | null;
  readonly methods: Readonly<Record<string, MonitorCount>> | null;
  /** Share of requests that were answered with 5xx over the last minute, 0 to 1; `null` without requests. */
  readonly errorRatio: Figure;
  readonly connections: Figure;
  readonly receivedBytes: MonitorCount;
  readonly sentBytes: MonitorCount;
}

/** Slow: the host, and the processes on it. Of several hosts, the figures of the worst. */
export interface SystemMetrics extends MonitorEvent {
  readonly host: MonitorHost & { readonly uptimeSeconds: Figure };
  readonly hosts: readonly MonitorHost[];
  readonly cpu: {
    /** 0 to 1, over all cores. */
    readonly utilization: Figure;
    /** Of each of the first 64 cores; `null`: not known. */
    readonly cores: readonly Figure[] | null;
    readonly loadAverage: { readonly oneMinute: Figure; readonly fiveMinutes: Figure; readonly fifteenMinutes: Figure };
  };
  readonly memory: {
    readonly totalBytes: Figure;
    readonly usedBytes: Figure;
    readonly availableBytes: Figure;
    readonly utilization: Figure;
    readonly swapUsedBytes: Figure;
  };
  readonly disk: { readonly readBytesPerSecond: Figure; readonly writtenBytesPerSecond: Figure };
  readonly network: { readonly receivedBytesPerSecond: Figure; readonly sentBytesPerSecond: Figure };
  readonly processes: Figure;
  /** The application's processes together. */
  readonly application: {
    /** Cores in use. */
    readonly cpu: Figure;
    readonly memoryBytes: Figure;
    readonly heapUsedBytes: Figure;
    readonly eventLoopLagP99Ms: Figure;
    readonly uptimeSeconds: Figure;
  };
  /** Those that are worst off first, 20 at most. */
  readonly nodes: readonly MonitorNode[];
  readonly nodesTotal: number;
}

/** The payload of each event. */
export interface MetricPayloads {
  readonly "basic-metrics": BasicMetrics;
  readonly "database-metrics": DatabaseMetrics;
  readonly "cache-metrics": CacheMetrics;
  readonly "network-metrics": NetworkMetrics;
  readonly "system-metrics": SystemMetrics;
}
