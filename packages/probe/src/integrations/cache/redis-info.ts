/** What a Redis server says of itself; `null` for what it does not say. */
export interface ServerReading {
  /** Changes with each start of the server, and differs from server to server. */
  readonly runId: string | null;
  /** Of all databases. */
  readonly keys: number | null;
  readonly memoryBytes: number | null;
  /** `null` also where there is no limit. */
  readonly maxMemoryBytes: number | null;
  readonly clients: number | null;
  readonly uptimeSeconds: number | null;
  readonly evicted: number | null;
  readonly expired: number | null;
  readonly hits: number | null;
  readonly misses: number | null;
  readonly commands: number | null;
}

/** Longest reply of `INFO` that is read. */
const MAX_LENGTH = 256 * 1024;

/** Reads the reply of `INFO`; `null` for anything that is none. */
export function parseInfo(reply: unknown): ServerReading | null {
  const text = typeof reply === "string" ? reply : Buffer.isBuffer(reply) ? reply.toString("latin1") : "";
  if (text.length > MAX_LENGTH || !text.includes(":")) return null;
  const number = (field: string): number | null => {
    const found = fieldOf(text, field);
    const value = found === null || found === "" ? Number.NaN : Number(found);
    return Number.isFinite(value) ? value : null;
  };
  const reading: ServerReading = {
    runId: fieldOf(text, "run_id"),
    keys: keysIn(text),
    memoryBytes: number("used_memory"),
    maxMemoryBytes: number("maxmemory") || null,
    clients: number("connected_clients"),
    uptimeSeconds: number("uptime_in_seconds"),
    evicted: number("evicted_keys"),
    expired: number("expired_keys"),
    hits: number("keyspace_hits"),
    misses: number("keyspace_misses"),
    commands: number("total_commands_processed"),
  };
  return Object.values(reading).every((value) => value === null) ? null : reading;
}

function fieldOf(text: string, field: string): string | null {
  const at = text.indexOf(`\n${field}:`);
  if (at < 0) return null;
  const from = at + field.length + 2;
  const to = text.indexOf("\n", from);
  return text.slice(from, to < 0 ? text.length : to).trim();
}

/** An empty database has no line, so that only the section's title tells none from not said. */
function keysIn(text: string): number | null {
  const at = text.indexOf("# Keyspace");
  if (at < 0) return null;
  let keys = 0;
  for (const [, count] of text.slice(at).matchAll(/^db\d+:keys=(\d+)/gm)) keys += Number(count);
  return keys;
}

/** How far a figure that only grows has grown between two readings of one server. */
export function growth(
  before: ServerReading,
  after: ServerReading,
  of: "evicted" | "expired" | "hits" | "misses" | "commands",
  elapsedSeconds: number,
): number {
  const from = before[of];
  const to = after[of];
  if (from === null || to === null) return 0;
  if (before.runId === after.runId) return to >= from ? to - from : to;
  // Started since: all it counted is new. Another server that has long been running: nothing is known to be.
  return after.uptimeSeconds !== null && after.uptimeSeconds <= elapsedSeconds ? to : 0;
}
