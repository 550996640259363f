// What a watched pool of pg and a watched client of Prisma cost: CPU of the
// process per query against a real PostgreSQL, driven in turns with the same
// thing unwatched, each in a process of its own; and the cover alone, around a
// client that answers from memory, since a server's noise hides it.

import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findPostgres, startPostgres } from "@wsight/testkit";
import pg from "pg";
import { percentile, table } from "./report.mjs";

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 60);
const WARM_UP_ROUNDS = 10;
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

/**
 * CPU per query of the variants of a subject, µs. They are driven in turns, so that what disturbs one disturbs all.
 * Prints a table; returns the costs.
 */
async function compare(title, subject, { variants, count, url = "", generated = "" }) {
  const path = fileURLToPath(new URL("./database/subject.mjs", import.meta.url));
  const children = variants.map(([variant]) => fork(path, [subject, variant, url, generated]));
  await Promise.all(children.map((child) => once(child, "message")));
  const spent = variants.map(() => []);
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    for (let turn = 0; turn < variants.length; turn++) {
      const i = (turn + round) % variants.length;
      children[i].send(count);
      const [cost] = await once(children[i], "message");
      if (round >= WARM_UP_ROUNDS) spent[i].push(cost);
    }
  }
  for (const child of children) child.disconnect();
  const costs = spent.map((list) => percentile(list, 0.25));
  const rows = variants.map(([, name], i) => [name, costs[i].toFixed(2), (costs[i] / costs[0]).toFixed(3)]);
  table(title, ["", "µs CPU each", `÷ ${variants[0][1]}`], rows);
  return costs;
}

/** The probe also reads the host and the process each second, whatever it watches: that is not what is asked here. */
const PG = [
  ["probe", "probe, pool not watched"],
  ["watched", "watched"],
  ["bare", "no probe"],
];
const PRISMA = [
  ["probe", "probe, not extended"],
  ["empty", "extended by nothing"],
  ["extended", "prismaExtension(), not watched"],
  ["watched", "watched"],
  ["bare", "no probe"],
];

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

/** A client in plain JavaScript, generated without a network where git does not look. */
async function generatePrisma() {
  const place = new URL("../node_modules/.cache/bench-prisma/", import.meta.url);
  await mkdir(place, { recursive: true });
  const schema = new URL("schema.prisma", place);
  await writeFile(schema, SCHEMA);
  await promisify(execFile)("npx", ["prisma", "generate", "--schema", fileURLToPath(schema)], {
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: "/bin/true" },
  });
  return fileURLToPath(new URL("client/index.js", place));
}

async function realServer() {
  const server = await startPostgres();
  try {
    const { url } = server;
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query("CREATE TABLE item (id serial PRIMARY KEY, label text); INSERT INTO item (label) VALUES ('a')");
    await client.end();
    await compare("pg on a real server: pool.query", "pool", { variants: PG, count: 800, url });
    await compare("pg on a real server: client.query, promise", "client", { variants: PG, count: 400, url });
    const generated = await generatePrisma();
    const prisma = { variants: PRISMA, count: 160, url, generated };
    await compare("Prisma on a real server: findUnique", "prisma", prisma);
  } finally {
    await server.close();
  }
}

const [unwatched, watched] = await compare("The cover alone: pool.query with a client in memory", "memory", {
  variants: PG,
  count: 20_000,
});
console.log(`\nadded: ${((watched - unwatched) * 1000).toFixed(0)} ns a query`);
await readingAlone();
if (findPostgres() === null) console.log("\nPostgreSQL is not installed: the rest is left out");
else await realServer();
