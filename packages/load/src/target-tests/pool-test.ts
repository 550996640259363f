import type { LoadTarget, PoolTestResult, WsightAccess } from "@wsight/protocol";
import type { LoadConnection } from "../drivers/driver.ts";
import { DRIVERS } from "../drivers/drivers.ts";
import { admitTarget } from "../preflight/preflight.ts";
import { workerOf } from "../run/worker-header.ts";
import { WsightApi } from "../server-side/wsight-api.ts";
import { wireTargetOf } from "../target.ts";

/** What a test of the pool is asked for. */
export interface PoolTestOptions {
  readonly target: LoadTarget;
  /** @default 40 */
  readonly connections?: number;
  /** Header of the handshake's answer that names the worker. @default x-worker-id, x-worker, x-instance or x-served-by */
  readonly workerHeader?: string | null;
  /** Field of the first JSON message that names the worker, `a.b` for one within another. @default none */
  readonly workerField?: string | null;
  /** The hub of the target's own monitoring, which knows without being told. @default none */
  readonly wsight?: WsightAccess | null;
  /** Repeats the host of a target that is not this machine. @default null, which refuses those */
  readonly ownHost?: string | null;
  readonly signal?: AbortSignal;
}

/** How long connections may take to open, and workers to name themselves, ms. */
const OPEN_MS = 10_000;
const NAME_MS = 2000;
/** How long a hub may take to hear of the connections, ms. */
const HUB_MS = 5000;
const MAX_MESSAGE = 64 * 1024;

/**
 * Opens connections at once and looks which worker each came to.
 * @throws WsightError `BAD_OPTION` or `TARGET_FAILED` when it cannot begin
 */
export async function runPoolTest(options: PoolTestOptions): Promise<PoolTestResult> {
  const { target, connections = 40, workerField = null } = options;
  const address = await admitTarget(target, options.ownHost ?? null);
  const api = options.wsight ? new WsightApi(options.wsight) : null;
  const startedAt = Date.now();
  const before = (await api?.connectionsInQuiet()) ?? new Map<string, number>();
  const crowd = new Crowd(options, address, connections);
  try {
    await crowd.settled(options.signal);
    const { opened, failures, named } = crowd;
    let workers: PoolTestResult["workers"] = ranked(named);
    let knownBy = named.size > 0 ? (workerField === null ? "response header" : `field ${workerField}`) : null;
    if (knownBy === null && api !== null) {
      workers = await gained(api, before, opened);
      knownBy = workers.length > 0 ? "wsight" : null;
    }
    const known = workers.reduce((sum, { connections: count }) => sum + count, 0);
    const busiest = workers[0]?.connections ?? 0;
    const balance = workers.length < 2 ? null : known / workers.length / busiest;
    return {
      target,
      startedAt,
      endedAt: Date.now(),
      connections,
      opened,
      failures: [...failures].map(([reason, count]) => ({ reason, count })),
      knownBy,
      workers,
      unknown: Math.max(0, opened - known),
      balance,
      passed: opened > connections * 0.95 && (balance === null || balance >= 0.5),
    };
  } finally {
    crowd.close();
  }
}

/** Connections that are open together. */
class Crowd {
  opened = 0;
  readonly failures: Map<string, number> = new Map();
  /** Connections by worker. */
  readonly named: Map<string, number> = new Map();
  readonly #connections: LoadConnection[] = [];
  readonly #wanted: number;
  readonly #namesByMessage: boolean;
  #changed: (() => void) | undefined;

  constructor({ target, workerHeader = null, workerField = null }: PoolTestOptions, address: string, wanted: number) {
    this.#wanted = wanted;
    this.#namesByMessage = workerField !== null;
    const message = { template: "", event: "message", reply: "none", timeoutMs: OPEN_MS } as const;
    const driver = DRIVERS[target.library]({ target, message, fastMask: false }, wireTargetOf(target, address));
    for (let id = 0; id < wanted; id++) {
      let isNamed = false;
      const name = (worker: string | null): void => {
        if (worker === null || isNamed) return;
        isNamed = true;
        this.named.set(worker, (this.named.get(worker) ?? 0) + 1);
      };
      const connection = driver.connect(
        id,
        {
          ready: (headers) => {
            this.opened++;
            if (workerField === null) name(workerOf(headers, workerHeader));
            this.#changed?.();
          },
          answered: () => undefined,
          received: (bytes) => {
            if (workerField !== null) name(fieldOf(bytes, workerField));
            this.#changed?.();
          },
          closed: (reason) => {
            this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1);
            this.#changed?.();
          },
        },
        undefined,
      );
      this.#connections.push(connection);
    }
  }

  /** Waits until all are open or not, and have told their workers if they are to. */
  async settled(signal: AbortSignal | undefined): Promise<void> {
    const failed = (): number => [...this.failures.values()].reduce((sum, count) => sum + count, 0);
    const named = (): number => [...this.named.values()].reduce((sum, count) => sum + count, 0);
    await this.#until(() => this.opened + failed() >= this.#wanted, OPEN_MS, signal);
    if (this.#namesByMessage) await this.#until(() => named() + failed() >= this.#wanted, NAME_MS, signal);
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  #until(reached: () => boolean, ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", end);
        this.#changed = undefined;
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal?.addEventListener("abort", end);
      this.#changed = () => {
        if (reached()) end();
      };
      if (signal?.aborted === true) end();
      else this.#changed();
    });
  }
}

/** Reads a field out of a JSON message, or out of the arguments of an event of Socket.IO; `null` when it is not there. */
export function fieldOf(bytes: Buffer, path: string): string | null {
  if (bytes.length > MAX_MESSAGE) return null;
  const text = bytes.toString("utf8");
  const start = text.search(/[[{]/);
  let value: unknown;
  try {
    value = JSON.parse(start < 0 ? text : text.slice(start));
  } catch {
    return null;
  }
  for (const candidate of Array.isArray(value) ? value : [value]) {
    const found = path.split(".").reduce<unknown>(stepInto, candidate);
    if (typeof found === "string" || typeof found === "number") return String(found).slice(0, 64);
  }
  return null;
}

function stepInto(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

/** What each node of a hub has more than before, once the hub has heard of all. */
async function gained(
  api: WsightApi,
  had: ReadonlyMap<string, number>,
  opened: number,
): Promise<PoolTestResult["workers"]> {
  const until = performance.now() + HUB_MS;
  for (;;) {
    const nodes = await api.nodes();
    const more = new Map(nodes.map(({ node, connections }) => [node, (connections ?? 0) - (had.get(node) ?? 0)]));
    for (const [node, count] of more) if (count <= 0) more.delete(node);
    const sum = [...more.values()].reduce((all, count) => all + count, 0);
    if (sum >= opened || performance.now() > until) return ranked(more);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function ranked(counts: ReadonlyMap<string, number>): PoolTestResult["workers"] {
  return [...counts]
    .map(([worker, connections]) => ({ worker, connections }))
    .sort((a, b) => b.connections - a.connections);
}
