import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Attachment, createProbe, type Probe, type ProbeOptions } from "@wsight/probe";
import type { ComponentRow, QueryRow } from "@wsight/protocol";
import { CONTRACT_TABLE, type DatabaseWatch, type PostgresServer } from "@wsight/testkit";
import pg from "pg";
import { createRecordingLink } from "./recording-link.ts";

export const DURATION = "db.client.operation.duration";
export const ERRORS = "db.client.operation.errors";
export const WAIT = "db.client.connection.wait_time";
export const CONNECTIONS = "db.client.connection.count";

/** A watched client, with what the contract does not ask for. */
export interface Watched extends DatabaseWatch {
  readonly probe: Probe;
  readonly attachment: Attachment;
}

/** Watches one client, as the contract wants it. */
export function watchDatabase(target: object, options: ProbeOptions = {}, name = "db"): Watched {
  const faults: unknown[] = [];
  const onError: ProbeOptions["onError"] = (error) => faults.push(error);
  const probe = createProbe({ intervalMs: 100, mediumIntervalMs: 200, slowIntervalMs: 200, onError, ...options });
  const link = createRecordingLink();
  let told = "";
  probe.connect({
    ...link,
    send(message) {
      told += typeof message === "string" ? message : Buffer.from(message).toString("latin1");
      return link.send(message);
    },
  });
  const attachment = probe.attach(target, { name });
  return {
    probe,
    attachment,
    sum: link.sum,
    histogram: link.histogram,
    component() {
      const rows = (link.tables.get("components")?.rows ?? []) as readonly ComponentRow[];
      return rows.find((row) => row.name === name) ?? { state: "unknown", error: null, latencySeconds: null };
    },
    shapes: () => (link.tables.get("queries")?.rows ?? []) as readonly QueryRow[],
    told: () => told,
    faults: () => faults,
    detach: () => attachment.detach(),
    end: () => probe.close(),
  };
}

/** Makes the contract's table. */
export async function prepare(server: PostgresServer): Promise<void> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query(CONTRACT_TABLE);
  await client.end();
}

/** A pool whose broken connections are no news. */
export function openPool(server: PostgresServer, options: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString: server.url, max: 4, ...options });
  pool.on("error", () => undefined);
  return pool;
}

const GENERATED = join(import.meta.dirname, "../node_modules/.cache/prisma-client");
const SCHEMA = `
generator client {
  provider = "prisma-client"
  output   = "./client"
}
datasource db {
  provider = "postgresql"
}
model Item {
  id    Int    @id @default(autoincrement())
  label String @unique
  parts Part[]
  @@map("item")
}
model Part {
  id     Int  @id @default(autoincrement())
  itemId Int
  item   Item @relation(fields: [itemId], references: [id])
  @@map("part")
}
`;

/** Generates a client of Prisma where git does not look; without a network, as its engine is not needed. */
export async function generatePrisma(): Promise<Record<string, unknown>> {
  await mkdir(GENERATED, { recursive: true });
  const schema = join(GENERATED, "schema.prisma");
  await writeFile(schema, SCHEMA);
  await promisify(execFile)("npx", ["prisma", "generate", "--schema", schema], {
    cwd: GENERATED,
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: "/bin/true" },
  });
  return (await import(join(GENERATED, "client/client.ts"))) as Record<string, unknown>;
}
