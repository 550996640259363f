/** What is used of a `Pool` of `pg`. */
export interface PgPool {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
  readonly options: {
    readonly max?: unknown;
    readonly min?: unknown;
    readonly idleTimeoutMillis?: unknown;
    readonly connectionTimeoutMillis?: unknown;
  };
  readonly ending?: unknown;
  readonly connect: PgMethod;
  readonly query: PgMethod;
  readonly emit: PgMethod;
  /** Clients of it, private: only looked at where it is a list. */
  readonly _clients?: unknown;
}

/** What is used of a client. */
export interface PgClient {
  readonly query: PgMethod;
  readonly unref?: unknown;
}

/** A client while it is lent to somebody. */
export interface LentClient extends PgClient {
  /** Gives it back; to be thrown away when something is wrong with it. */
  readonly release: (discard?: unknown) => void;
  readonly on: PgMethod;
  readonly off: PgMethod;
}

export type PgMethod = (...args: unknown[]) => unknown;

/** True for a pool of connections by what it can do. */
export function isPgPool(target: unknown): boolean {
  if (typeof target !== "object" || target === null) return false;
  const { connect, query, emit, totalCount, idleCount, waitingCount, options } = target as Partial<PgPool>;
  const isPool = [totalCount, idleCount, waitingCount].every((count) => typeof count === "number");
  return (
    isPool && [connect, query, emit].every((method) => typeof method === "function") && typeof options === "object"
  );
}

/** Clients that a pool holds, as far as it shows them. */
export function clientsOf({ _clients }: PgPool): readonly PgClient[] {
  return Array.isArray(_clients) ? _clients.filter(isPgClient) : [];
}

/** True for a client by what it can do. */
export function isPgClient(value: unknown): value is PgClient {
  return typeof value === "object" && value !== null && typeof (value as Partial<PgClient>).query === "function";
}

/** Connections a pool may have; NaN when it does not say. */
export function maxOf({ options }: PgPool): number {
  return typeof options.max === "number" ? options.max : Number.NaN;
}
