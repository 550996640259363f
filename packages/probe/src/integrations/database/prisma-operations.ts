import { OTHER_OPERATION, type SqlOperation } from "../../statements/sql-operation.ts";

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
/** Operations that run SQL, by what the SQL does: `$queryRaw` may write (`INSERT … RETURNING`), `$executeRaw` read. */
const RAW: ReadonlyMap<string, SqlOperation> = new Map(
  [...READS, ...WRITES]
    .filter((name) => name.startsWith("$"))
    .flatMap((name) =>
      (["read", "write", "other"] as const).map((kind) => [`${name} ${kind}`, { name, kind }] as const),
    ),
);
const UNKNOWN: SqlOperation = { name: OTHER_OPERATION, kind: "other" };

/** An operation of Prisma by its name. */
export function prismaOperation(name: string): SqlOperation {
  return OPERATIONS.get(name) ?? UNKNOWN;
}

/** A raw operation whose statement is of this kind. */
export function rawOperation({ name }: SqlOperation, { kind }: SqlOperation): SqlOperation {
  return RAW.get(`${name} ${kind}`) ?? UNKNOWN;
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
