import type { Labels, Tier } from "@wsight/protocol";
import type { ProbeContext } from "../../integration.ts";
import { isReplyError } from "./redis-errors.ts";
import { growth, parseInfo, type ServerReading } from "./redis-info.ts";

/** The reply of one server to `INFO`. */
export interface InfoReply {
  /** Tells the servers of a cluster apart. */
  readonly node: string;
  readonly reply: unknown;
}

/** How a server's figures are read. */
export interface RedisServerOptions {
  readonly client: string;
  readonly tier: Tier;
  /** Sends `INFO`; `null` while that can't be, since it would wait in a queue. */
  readonly ask: () => Promise<readonly InfoReply[]> | null;
}

/** A server that is read. */
export interface RedisServerWatch {
  /** Why there are no figures; none when there are. */
  readonly notes: () => string[];
  readonly end: () => void;
}

interface Known {
  readonly reading: ServerReading;
  readonly at: number;
}

const COUNTERS = [
  ["redis.keyspace.hits", "hits"],
  ["redis.keyspace.misses", "misses"],
  ["redis.keys.evicted", "evicted"],
  ["redis.keys.expired", "expired"],
  ["redis.commands.processed", "commands"],
] as const;

const GAUGES = [
  ["redis.db.keys", "keys"],
  ["redis.memory.used", "memoryBytes"],
  ["redis.maxmemory", "maxMemoryBytes"],
  ["redis.clients.connected", "clients"],
] as const;

const TIMEOUT_MS = 2000;
/** When to ask again a server that refused: it may log each refusal. */
const REFUSED_MS = 300_000;
/** Servers of a cluster that are read. */
const MAX_NODES = 64;

/**
 * Reads what a Redis server says of itself, by `INFO` on the application's own client. One is under way at most, and
 * none is sent where it would wait in a queue. Where it is refused, the figures stay absent.
 */
export function watchRedisServer(context: ProbeContext, options: RedisServerOptions): RedisServerWatch {
  const { registry } = context;
  const labels: Labels = { "db.client": options.client };
  const known = new Map<string, Known>();
  let current: readonly ServerReading[] = [];
  let inFlight = false;
  let note: string | null = null;
  let refusedAt = Number.NEGATIVE_INFINITY;

  const tell = (told: string | null): void => {
    if (told === note) return;
    note = told;
    context.foundChanged();
  };
  const take = (replies: readonly InfoReply[]): void => {
    const readings = replies.slice(0, MAX_NODES).flatMap(({ node, reply }) => {
      const reading = parseInfo(reply);
      return reading === null ? [] : [[node, reading] as const];
    });
    for (const [node, reading] of readings) grow(node, reading);
    current = readings.map(([, reading]) => reading);
    tell(current.length === 0 && replies.length > 0 ? "no server figures: INFO was answered with nothing known" : null);
  };
  const grow = (node: string, reading: ServerReading): void => {
    const at = context.hr();
    const before = known.get(node);
    if (before === undefined && known.size >= MAX_NODES) known.clear();
    known.set(node, { reading, at });
    // One second for the server's clock, which tells whole ones.
    const elapsedSeconds = before === undefined ? 0 : (at - before.at) / 1000 + 1;
    for (const [metric, field] of COUNTERS) {
      if (reading[field] === null) continue;
      const counter = registry.counter(metric, labels);
      if (before !== undefined) counter.value += growth(before.reading, reading, field, elapsedSeconds);
    }
  };
  const fail = (error: unknown): void => {
    current = [];
    if (!isReplyError(error)) return;
    refusedAt = context.hr();
    tell(`no server figures: INFO is refused (${firstWord(error)})`);
  };

  const read = async (): Promise<void> => {
    if (inFlight || context.hr() - refusedAt < REFUSED_MS) return;
    const asked = options.ask();
    if (asked === null) {
      current = [];
      return;
    }
    inFlight = true;
    const settled = asked.then(take).catch(fail);
    void settled.finally(() => {
      inFlight = false;
    });
    if (!(await within(settled, TIMEOUT_MS))) current = [];
  };

  const ends = [
    context.pull({ name: `redis info ${options.client}`.slice(0, 64), tier: options.tier, read, note: () => note }),
    ...GAUGES.map(([metric, field]) => registry.gauge(metric, labels, () => sum(current, field))),
    registry.gauge("redis.uptime", labels, () => least(current)),
  ];
  return {
    notes: () => (note === null ? [] : [note]),
    end() {
      for (const end of ends) end();
      current = [];
    },
  };
}

/** Of a cluster, all its servers together; NaN where one of them does not say. */
function sum(readings: readonly ServerReading[], field: (typeof GAUGES)[number][1]): number {
  if (readings.length === 0) return Number.NaN;
  return readings.reduce((total, reading) => total + (reading[field] ?? Number.NaN), 0);
}

/** Of a cluster, the server that started last. */
function least(readings: readonly ServerReading[]): number {
  const times = readings.flatMap(({ uptimeSeconds }) => uptimeSeconds ?? []);
  return times.length === 0 ? Number.NaN : Math.min(...times);
}

/** Whether a promise settled in time. */
async function within(settled: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
    timer.unref();
  });
  try {
    return await Promise.race([settled.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

function firstWord(error: unknown): string {
  return error instanceof Error ? (/^[A-Z]+/.exec(error.message)?.[0] ?? "") : "";
}
