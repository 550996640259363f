/** A command as ioredis makes it: its reply goes through `resolve` or `reject`, called as methods of it. */
export interface IoredisCommand {
  readonly name: string;
  readonly args: ArrayLike<unknown>;
  resolve: (reply: unknown) => unknown;
  reject: (error: unknown) => unknown;
  [key: symbol]: unknown;
}

/** A client of ioredis, version 5 or 6. */
export interface IoredisClient {
  readonly status: string;
  /** `normal`, `subscriber` or `monitor`. */
  readonly mode: string;
  readonly options: object;
  readonly stream?: { readonly writable?: boolean } | null;
  readonly call: (...args: readonly unknown[]) => Promise<unknown>;
  readonly sendCommand: (command: IoredisCommand, ...rest: unknown[]) => unknown;
}

/** A client of a cluster: its commands go through `sendCommand` too, whichever node answers. */
export interface IoredisCluster {
  readonly status: string;
  readonly sendCommand: IoredisClient["sendCommand"];
  readonly nodes: (role: "master") => readonly IoredisClient[];
}

/** Recognises clients of ioredis by what they can do. */
export function isIoredis(target: unknown): target is IoredisClient | IoredisCluster {
  if (typeof target !== "object" || target === null) return false;
  const { sendCommand, status, defineCommand, call } = target as Partial<Record<string, unknown>>;
  return (
    typeof sendCommand === "function" &&
    typeof status === "string" &&
    typeof defineCommand === "function" &&
    typeof call === "function"
  );
}

/** True for a client of a cluster. */
export function isIoredisCluster(client: IoredisClient | IoredisCluster): client is IoredisCluster {
  return "nodes" in client && typeof client.nodes === "function";
}
