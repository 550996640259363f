import type { Finding } from "@wsight/protocol";
import type { Integration, IntegrationHandle, ProbeContext } from "../../integration.ts";
import { libraryVersion } from "../../library-version.ts";
import { watchPgClients } from "./pg-clients.ts";
import { clientsOf, isPgPool, maxOf, type PgPool } from "./pg-like.ts";
import { createPgOperations, SOURCE } from "./pg-operations.ts";
import { createPgPing } from "./pg-ping.ts";
import { watchPgPool } from "./pg-pool.ts";

/** Watches pools of `pg`, version 8. */
export const pg: Integration = {
  library: "pg",
  detect: isPgPool,
  attach(target, name, context) {
    return attachPool(target as PgPool & object, name, context);
  },
};

function attachPool(pool: PgPool & object, name: string, context: ProbeContext): IntegrationHandle {
  const { registry, guard, hr } = context;
  const version = libraryVersion(pool, "/pg/lib/index.js", ({ Pool }: { readonly Pool?: unknown }) => {
    return typeof Pool === "function" && pool instanceof Pool;
  });
  const operations = createPgOperations(context, name);
  const clients = watchPgClients(context, operations);
  const watch = watchPgPool(pool, name, { context, operations, clients });
  for (const client of clientsOf(pool)) guard.run("attach", () => clients.adopt(client), undefined, SOURCE);

  const ping = createPgPing(pool, operations, hr);
  const labels = { "db.client.connection.pool.name": name };
  const count = (state: string, read: () => number): (() => void) =>
    registry.gauge("db.client.connection.count", { ...labels, "db.client.connection.state": state }, read);
  const ends = [
    count("idle", () => pool.idleCount),
    count("used", () => Math.max(0, pool.totalCount - pool.idleCount - ping.lent())),
    registry.gauge("db.client.connection.max", labels, () => maxOf(pool)),
    registry.gauge("db.client.connection.pending_requests", labels, () =>
      Math.max(0, pool.waitingCount - ping.queued()),
    ),
    context.provideComponent({ kind: "database", name, library: "pg", ping: ping.ping }),
  ];

  return {
    finding(): Finding {
      const gaps = [
        ...watch.locked.map((key) => `pool.${key} is locked and not watched`),
        ...(clients.locked() > 0 ? [`${clients.locked()} connections are locked and not watched`] : []),
        ...(guard.isOpen(SOURCE) ? ["switched off after repeated faults of the probe"] : []),
      ];
      const state = gaps.length === 0 ? "attached" : "partial";
      return { library: "pg", server: name, version, state, notes: [...gaps, ...describeOptions(pool)] };
    },
    detach() {
      for (const end of ends) end();
      watch.end();
      clients.end();
      operations.end();
    },
  };
}

function describeOptions(pool: PgPool): string[] {
  const { connectionTimeoutMillis } = pool.options;
  const max = maxOf(pool);
  const isBounded = typeof connectionTimeoutMillis === "number" && connectionTimeoutMillis > 0;
  return [
    ...(max === max ? [`at most ${max} connections`] : []),
    isBounded
      ? `callers wait at most ${connectionTimeoutMillis} ms for a connection`
      : "callers wait for a connection without limit (connectionTimeoutMillis)",
  ];
}
