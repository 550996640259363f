import { OTHER } from "@wsight/protocol";
import { CappedSet } from "../../instruments/capped.ts";
import type { Counter, Distribution } from "../../instruments/instruments.ts";
import type { ProbeContext } from "../../integration.ts";
import type { SqlOperation } from "../../statements/sql-operation.ts";

/** Types of errors that are told apart, of each client; an application can raise any. */
const MAX_ERROR_TYPES = 100;

/** Durations and errors of the operations of one client. */
export interface DatabaseSeries {
  /** Times of an operation on a collection ("" where there are none). */
  readonly duration: (operation: SqlOperation, collection: string) => Distribution;
  /** Errors of an operation, by type. */
  readonly errors: (operation: SqlOperation, error: unknown) => Counter;
}

/** Makes the series of a client. */
export function createDatabaseSeries(
  { registry }: ProbeContext,
  { system, client, collections }: { readonly system: string; readonly client: string; readonly collections: number },
): DatabaseSeries {
  const labels = { "db.system.name": system, "db.client": client };
  const durations = new CappedSet(collections, (collection) => {
    const made = new Map<SqlOperation, Distribution>();
    return (operation: SqlOperation): Distribution => {
      const known = made.get(operation);
      if (known !== undefined) return known;
      const distribution = registry.histogram("db.client.operation.duration", {
        ...labels,
        "db.operation.name": operation.name,
        "db.operation.kind": operation.kind,
        "db.collection.name": collection,
      });
      made.set(operation, distribution);
      return distribution;
    };
  });
  const types = new CappedSet(MAX_ERROR_TYPES, (type) => type);
  return {
    duration: (operation, collection) => durations.get(collection)(operation),
    errors: (operation, error) =>
      registry.counter("db.client.operation.errors", {
        ...labels,
        "db.operation.name": operation.name,
        "error.type": types.get(errorType(error)),
      }),
  };
}

/** The code of an error (SQLSTATE, Prisma's, the system's), else its name. Takes anything. */
function errorType(error: unknown): string {
  if (typeof error !== "object" || error === null) return "Error";
  const { code, errorCode, name } = error as { code?: unknown; errorCode?: unknown; name?: unknown };
  const type = [code, errorCode, name].find((text) => typeof text === "string" && text !== "");
  return typeof type === "string" ? type.slice(0, 64) : OTHER;
}
