/** The queue of one client: every command goes through `addCommand`, those of pipelines and transactions too. */
export interface NodeRedisQueue {
  readonly addCommand: (
    args: readonly unknown[],
    options?: { readonly asap?: boolean; readonly chainId?: unknown },
  ) => Promise<unknown>;
  readonly monitor?: (...args: unknown[]) => unknown;
  readonly reset?: (...args: unknown[]) => unknown;
}

/** A client of `redis` (node-redis), as `createClient` makes it. */
export interface NodeRedisClient {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  readonly isPubSubActive?: boolean;
  readonly options?: { readonly RESP?: number };
  readonly sendCommand: (args: readonly string[], options?: object) => Promise<unknown>;
  /** The object behind the ones that `createClient` and `withTypeMapping` return. */
  readonly _self?: NodeRedisClient;
  /** Since @redis/client 5.8. */
  readonly _getQueue?: () => NodeRedisQueue;
}

/** Recognises single clients of node-redis by what they can do. */
export function isNodeRedis(target: unknown): target is NodeRedisClient {
  if (typeof target !== "object" || target === null) return false;
  const { sendCommand, isReady, isOpen, duplicate } = target as Partial<Record<string, unknown>>;
  return (
    typeof sendCommand === "function" &&
    typeof isReady === "boolean" &&
    typeof isOpen === "boolean" &&
    typeof duplicate === "function"
  );
}
