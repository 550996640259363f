// What a watched pool of pg and a watched client of Prisma cost: CPU of the
// process per query against a real PostgreSQL, driven in turns with the same
// thing unwatched; and the cover alone, around a client that answers from
// memory, since a server's noise hides it.

import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { PrismaPg } from "@prisma/adapter-pg";
import { createProbe, prismaExtension } from "@wsight/probe";
import { findPostgres, startPostgres } from "@wsight/testkit";
import pg from "pg";
import { percentile, table } from "./report.mjs";

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 60);
const QUERIES = 400;
const LANES = 8;
const SCHEMA = `
generator client {
  provider = "prisma-client-js"
  output   = "./client"
}
datasource db {
  provider = "postgresql"
}
model Item {
  id    Int     @id @default(autoincrement())
  label String?
  @@map("item")
}
`;
const TEXT = "SELECT id, label FROM item WHERE id = $1";

/** Sends what it is told to nowhere, as a link would. */
const nowhere = { send: () => true, onFrame() {}, close() {} };

function watch(target) {
  const probe = createProbe({ service: "bench" });
  const { finding } = probe.attach(target);
  if (finding.state !== "attached") throw new Error(`not watched: ${finding.notes.join(", ")}`);
  probe.connect(nowhere);
  return probe;
}

/** CPU time so far, µs: what neighbours take from the core does not count. */
function cpu() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function drive(query, { count, lanes }) {
  const lane = async () => {
    for (let i = 0; i < count / lanes; i++) await query();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** CPU per query of several variants, µs: in turns, so that what disturbs one disturbs all. */
async function compare(variants, { count = QUERIES, lanes = LANES } = {}) {
  const spent = variants.map(() => []);
  for (let round = -10; round < ROUNDS; round++) {
    const order = variants.map((_, i) => (i + Math.abs(round)) % variants.length);
    for (const i of order) {
      const begin = cpu();
      await drive(variants[i], { count, lanes });
      if (round >= 0) spent[i].push((cpu() - begin) / count);
    }
  }
  return spent.map((list) => percentile(list, 0.25));
}

function rows(names, costs) {
  return names.map((name, i) => [name, costs[i].toFixed(2), (costs[i] / costs[0]).toFixed(3)]);
}

/** A client that answers at once, from memory: what is left is the pool and the cover. */
class Memory {
  #listeners = new Map();
  _queryable = true;
  connect(done) {
    process.nextTick(done);
  }
  query(_text, values, done = values) {
    process.nextTick(done, null, { rows: [] });
  }
  end(done) {
    done?.();
  }
  on(name, listener) {
    this.#listeners.set(name, listener);
    return this;
  }
  once(name, listener) {
    return this.on(name, listener);
  }
  removeListener(name) {
    this.#listeners.delete(name);
    return this;
  }
  off(name) {
    return this.removeListener(name);
  }
}

async function coverAlone() {
  const pools = [1, 2].map(() => new pg.Pool({ Client: Memory, max: 10, idleTimeoutMillis: 0 }));
  const probe = watch(pools[1]);
  const costs = await compare(
    pools.map((pool) => () => pool.query(TEXT, [1])),
    { count: 20_000 },
  );
  probe.close();
  table(
    "The cover alone: pool.query with a client in memory",
    ["", "µs CPU a query", "÷ unwatched"],
    rows(["unwatched", "watched"], costs),
  );
  console.log(`\nadded: ${((costs[1] - costs[0]) * 1000).toFixed(0)} ns a query`);
}

async function readingAlone() {
  const { readSql } = await import(new URL("../packages/probe/dist/statements/sql-shape.js", import.meta.url));
  const list = (count) => Array.from({ length: count }, (_, i) => `($${2 * i + 1}, $${2 * i + 2})`).join(", ");
  const texts = [
    ["a short one", TEXT],
    ["100 rows of values", `INSERT INTO item (id, label) VALUES ${list(100)}`],
    ["5,000 rows of values", `INSERT INTO item (id, label) VALUES ${list(5000)}`],
  ];
  const figures = texts.map(([name, text]) => {
    const times = [];
    for (let i = 0; i < 400; i++) {
      const begin = performance.now();
      for (let k = 0; k < 10; k++) readSql(text);
      times.push((performance.now() - begin) * 100);
    }
    return [name, text.length, percentile(times, 0.25).toFixed(1)];
  });
  table("Reading a statement that was not seen before", ["", "characters", "µs"], figures);
}

async function realServer(server) {
  const pools = [1, 2].map(() => new pg.Pool({ connectionString: server.url, max: LANES }));
  await pools[0].query("CREATE TABLE item (id serial PRIMARY KEY, label text); INSERT INTO item (label) VALUES ('a')");
  const probe = watch(pools[1]);
  const costs = await compare(pools.map((pool) => () => pool.query(TEXT, [1])));
  table(
    "pg on a real server: pool.query",
    ["", "µs CPU a query", "÷ unwatched"],
    rows(["unwatched", "watched"], costs),
  );
  const lent = await Promise.all(pools.map((pool) => pool.connect()));
  const single = await compare(
    lent.map((client) => () => client.query(TEXT, [1])),
    { lanes: 1 },
  );
  table(
    "pg on a real server: client.query, promise",
    ["", "µs CPU a query", "÷ unwatched"],
    rows(["unwatched", "watched"], single),
  );
  for (const client of lent) client.release();
  probe.close();
  await Promise.all(pools.map((pool) => pool.end()));
}

/** A client in plain JavaScript, generated without a network where git does not look. */
async function generatePrisma() {
  const place = new URL("../node_modules/.cache/bench-prisma/", import.meta.url);
  await mkdir(place, { recursive: true });
  const schema = new URL("schema.prisma", place);
  await writeFile(schema, SCHEMA);
  await promisify(execFile)("npx", ["prisma", "generate", "--schema", fileURLToPath(schema)], {
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: "/bin/true" },
  });
  return import(new URL("client/index.js", place));
}

async function realPrisma(server) {
  const generated = await generatePrisma();
  const make = () =>
    new generated.PrismaClient({ adapter: new PrismaPg({ connectionString: server.url, max: LANES }) });
  const clients = [
    make(),
    make().$extends({ query: { $allOperations: ({ args, query }) => query(args) } }),
    make().$extends(prismaExtension()),
    make().$extends(prismaExtension()),
  ];
  const probe = watch(clients[3]);
  const costs = await compare(
    clients.map((client) => () => client.item.findUnique({ where: { id: 1 } })),
    { count: 80 },
  );
  const names = ["not extended", "extended by nothing", "prismaExtension(), unwatched", "prismaExtension(), watched"];
  table("Prisma on a real server: findUnique", ["", "µs CPU an operation", "÷ not extended"], rows(names, costs));
  probe.close();
  await Promise.all(clients.map((client) => client.$disconnect()));
}

await coverAlone();
await readingAlone();
if (findPostgres() === null) {
  console.log("\nPostgreSQL is not installed: the rest is left out");
} else {
  const server = await startPostgres();
  try {
    await realServer(server);
    await realPrisma(server);
  } finally {
    await server.close();
  }
}
