import { OTHER_OPERATION, type SqlOperation } from "../statements/sql-operation.ts";

const READS = [
  ...["findUnique", "findUniqueOrThrow", "findFirst", "findFirstOrThrow", "findMany", "count", "aggregate", "groupBy"],
  ...["findRaw", "aggregateRaw", "$queryRaw", "$queryRawUnsafe", "$queryRawTyped"],
] as const;
const WRITES = [
  ...["create", "createMany", "createManyAndReturn", "update", "updateMany", "updateManyAndReturn", "upsert"],
  ...["delete", "deleteMany", "$executeRaw", "$executeRawUnsafe", "$runCommandRaw"],
] as const;

const reads = READS.map((name) => [name, { name, kind: "read" }] as const);
const writes = WRITES.map((name) => [name, { name, kind: "write" }] as const);
const OPERATIONS: ReadonlyMap<string, SqlOperation> = new Map<string, SqlOperation>([...reads, ...writes]);
/** Raw queries that write, as `INSERT … RETURNING` does. */
const WRITING: ReadonlyMap<SqlOperation, SqlOperation> = new Map(
  reads.map(([name, operation]) => [operation, { name, kind: "write" }] as const),
);
const UNKNOWN: SqlOperation = { name: OTHER_OPERATION, kind: "other" };

/** An operation of Prisma by its name. */
export function prismaOperation(name: string): SqlOperation {
  return OPERATIONS.get(name) ?? UNKNOWN;
}

/** The operation as one that writes. */
export function asWriting(operation: SqlOperation): SqlOperation {
  return WRITING.get(operation) ?? operation;
}

/** SQL of a raw operation, values left out; `null` for any other operation. */
export function rawSql({ name }: SqlOperation, args: unknown): string | null {
  if (!name.startsWith("$")) return null;
  const [first] = Array.isArray(args) ? args : [args];
  if (typeof first === "string") return first;
  const { strings, sql } = Object(first) as { strings?: unknown; sql?: unknown };
  if (Array.isArray(strings)) return strings.join("?");
  return typeof sql === "string" ? sql : null;
}
