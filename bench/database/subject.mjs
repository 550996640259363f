// One variant in a process of its own, so that no other shapes the code it runs: drives a block of queries each time
// it is told to, and answers with the CPU that they took, µs each.

import { PrismaPg } from "@prisma/adapter-pg";
import { createProbe, prismaExtension } from "@wsight/probe";
import pg from "pg";
import { Memory } from "./memory.mjs";

const [subject, variant, url, generated] = process.argv.slice(2);
const LANES = 8;
const TEXT = "SELECT id, label FROM item WHERE id = $1";

/** Sends what it is told to nowhere, as a link would. */
const nowhere = { send: () => true, onFrame() {}, close() {} };

async function prismaClient() {
  const { PrismaClient } = await import(generated);
  const client = new PrismaClient({ adapter: new PrismaPg({ connectionString: url, max: LANES }) });
  if (variant === "bare" || variant === "probe") return client;
  return client.$extends(
    variant === "empty" ? { query: { $allOperations: ({ args, query }) => query(args) } } : prismaExtension(),
  );
}

const subjects = {
  async memory() {
    const pool = new pg.Pool({ Client: Memory, max: 10, idleTimeoutMillis: 0 });
    return { target: pool, lanes: LANES, query: () => pool.query(TEXT, [1]) };
  },
  async pool() {
    const pool = new pg.Pool({ connectionString: url, max: LANES });
    return { target: pool, lanes: LANES, query: () => pool.query(TEXT, [1]) };
  },
  async client() {
    const pool = new pg.Pool({ connectionString: url, max: LANES });
    const client = await pool.connect();
    return { target: pool, lanes: 1, query: () => client.query(TEXT, [1]) };
  },
  async prisma() {
    const client = await prismaClient();
    return { target: client, lanes: LANES, query: () => client.item.findUnique({ where: { id: 1 } }) };
  },
};

const { target, lanes, query } = await subjects[subject]();
if (variant !== "bare") {
  const probe = createProbe({ service: "bench" });
  if (variant === "watched") probe.attach(target);
  if (probe.findings().some(({ state }) => state !== "attached")) throw new Error("not watched");
  probe.connect(nowhere);
}

process.on("message", async (count) => {
  const before = process.cpuUsage();
  const lane = async () => {
    for (let i = 0; i < count / lanes; i++) await query();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const { user, system } = process.cpuUsage(before);
  process.send((user + system) / count);
});
process.on("disconnect", () => process.exit(0));
process.send("ready");
