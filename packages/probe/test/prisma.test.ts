import { PrismaPg } from "@prisma/adapter-pg";
import { prismaExtension } from "@wsight/probe";
import { databaseContract, findPostgres, type PostgresServer, startPostgres, until } from "@wsight/testkit";
import type pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  DURATION,
  ERRORS,
  generatePrisma,
  openPool,
  prepare,
  type Watched,
  watchDatabase,
} from "./database-support.ts";

/** What is used here of a generated client; `any` would hide what Prisma calls things. */
interface Client {
  readonly item: Model;
  readonly part: Model;
  $extends(extension: unknown): Client;
  $transaction<T>(work: readonly Promise<unknown>[] | ((tx: Client) => Promise<T>)): Promise<T>;
  $queryRaw(strings: TemplateStringsArray, ...values: unknown[]): Promise<unknown>;
  $queryRawUnsafe(sql: string, ...values: unknown[]): Promise<unknown>;
  $executeRaw(strings: TemplateStringsArray, ...values: unknown[]): Promise<number>;
  $disconnect(): Promise<void>;
}
type Model = Readonly<Record<string, (args?: object) => Promise<unknown>>>;

const call = (model: Model, operation: string, args?: object): Promise<unknown> => {
  const method = model[operation];
  if (method === undefined) throw new Error(`the generated client has no ${operation}`);
  return method(args);
};

describe.skipIf(findPostgres() === null)("clients of Prisma (needs PostgreSQL)", () => {
  let make: (settings: object) => Client;
  beforeAll(async () => {
    const { PrismaClient } = (await generatePrisma()) as { PrismaClient: new (settings: object) => Client };
    make = (settings) => new PrismaClient(settings);
  });
  const base = (server: PostgresServer): Client =>
    make({ adapter: new PrismaPg({ connectionString: server.url, max: 4 }, { onPoolError: () => undefined }) });

  databaseContract(
    {
      library: "prisma",
      async open(server) {
        const client = base(server).$extends(prismaExtension());
        return {
          target: client,
          read: (label) => call(client.item, "findMany", { where: { label } }),
          write: (label) => call(client.item, "create", { data: { label } }),
          transaction: (labels) =>
            client.$transaction(async (tx) => {
              for (const label of labels) await call(tx.item, "create", { data: { label } });
            }),
          sleep: (seconds) => client.$executeRaw`SELECT pg_sleep(${seconds})`,
          close: () => client.$disconnect(),
        };
      },
      names: { read: "findMany", write: "create", sleep: "$executeRaw" },
      duplicate: "P2002",
    },
    watchDatabase,
    async (server) => {
      await prepare(server);
    },
  );

  describe("operations", () => {
    let server: PostgresServer;
    let client: Client;
    let watches: Watched[] = [];
    let serial = 0;
    const label = (): string => `label-${++serial}`;
    const watch = (target: object, name = "db"): Watched => {
      const watched = watchDatabase(target, {}, name);
      watches.push(watched);
      return watched;
    };

    beforeAll(async () => {
      server = await startPostgres();
      await prepare(server);
      const pool = openPool(server);
      await pool.query(`CREATE TABLE part (id serial PRIMARY KEY, "itemId" int NOT NULL REFERENCES item (id))`);
      await pool.end();
    });
    afterAll(() => server.close());
    afterEach(async () => {
      for (const { end } of watches) end();
      watches = [];
      await client.$disconnect();
    });
    const calls = (watched: Watched, operation: string, where: Record<string, string> = {}): number =>
      watched.histogram(DURATION, { "db.operation.name": operation, ...where }).count;

    it("are told apart from those of the pool they go through, so that nothing is added up twice", async () => {
      const pool = openPool(server);
      client = make({ adapter: new PrismaPg(pool) }).$extends(prismaExtension());
      const below = watch(pool, "pool");
      const watched = watch(client);
      await call(client.item, "findMany");
      await until(() => watched.histogram(DURATION).count === 1, { what: "the operation" });
      await until(() => below.histogram(DURATION).count === 1, { what: "its statement" });
      expect(calls(watched, "findMany", { "db.system.name": "prisma" })).toBe(1);
      expect(below.histogram(DURATION, { "db.system.name": "postgresql" }).count).toBe(1);
      await client.$disconnect();
      await pool.end();
      client = base(server).$extends(prismaExtension());
    });

    it("are named as Prisma names them, with their model; nested writes and both kinds of transactions included", async () => {
      client = base(server).$extends(prismaExtension());
      const watched = watch(client);
      const one = label();
      await call(client.item, "create", { data: { label: one, parts: { create: [{}, {}] } } });
      await client.$transaction([
        call(client.item, "count"),
        call(client.part, "findFirst"),
        call(client.item, "count"),
      ]);
      await client.$transaction(async (tx) => {
        await call(tx.item, "update", { where: { label: one }, data: { label: label() } });
        await call(tx.part, "deleteMany");
      });
      await Promise.all([1, 2, 3].map((id) => call(client.item, "findUnique", { where: { id } })));
      await until(() => calls(watched, "findUnique") === 3, { what: "the operations" });
      expect(calls(watched, "create", { "db.collection.name": "Item", "db.operation.kind": "write" })).toBe(1);
      expect(calls(watched, "count", { "db.collection.name": "Item", "db.operation.kind": "read" })).toBe(2);
      expect(calls(watched, "findFirst", { "db.collection.name": "Part" })).toBe(1);
      expect(calls(watched, "update")).toBe(1);
      expect(calls(watched, "deleteMany", { "db.collection.name": "Part" })).toBe(1);
      await until(() => watched.shapes().some(({ shape }) => shape === "Item.findUnique"), { what: "its shape" });
    });

    it("in raw SQL read or write as their statement does, and show it without its values", async () => {
      client = base(server).$extends(prismaExtension());
      const watched = watch(client);
      await client.$queryRaw`SELECT * FROM item WHERE label = ${"secret-1"}`;
      await client.$queryRaw`INSERT INTO item (label) VALUES (${"secret-2"}) RETURNING id`;
      await client.$queryRawUnsafe("SELECT 'secret-3' WHERE 1 = $1", 1);
      await client.$executeRaw`UPDATE item SET label = label WHERE label = ${"secret-4"}`;
      await client.$executeRaw`SELECT 1`;
      await client.$executeRaw`CREATE TEMPORARY TABLE made (id int)`;
      await until(() => calls(watched, "$executeRaw") === 3, { what: "the operations" });
      for (const kind of ["read", "write", "other"])
        expect(calls(watched, "$executeRaw", { "db.operation.kind": kind })).toBe(1);
      await until(() => watched.shapes().length === 6, { what: "the statements" });
      expect(calls(watched, "$queryRaw", { "db.operation.kind": "read" })).toBe(1);
      expect(calls(watched, "$queryRaw", { "db.operation.kind": "write" })).toBe(1);
      expect(watched.shapes().map(({ shape }) => shape)).toContain("INSERT INTO item (label) VALUES (?) RETURNING id");
      expect(watched.told()).not.toContain("secret-");
    });

    it("that fail are told apart by Prisma's code, else by name", async () => {
      client = base(server).$extends(prismaExtension());
      const watched = watch(client);
      const where = { where: { id: -1 }, data: { label: label() } };
      const fails = async (work: Promise<unknown>, type: string): Promise<void> => {
        await expect(work).rejects.toMatchObject(type.startsWith("P2") ? { code: type } : { name: type });
        await until(() => watched.sum(ERRORS, { "error.type": type }) === 1, { what: type });
      };
      await fails(call(client.item, "update", where), "P2025");
      await fails(client.$queryRaw`SELECT * FROM nowhere`, "P2010");
      await fails(call(client.item, "create", { data: { nonsense: 1 } }), "PrismaClientValidationError");
    });

    it("are seen whether the client is extended before or after it is watched, and further extensions change nothing", async () => {
      const bare = base(server);
      const watched = watch(bare);
      expect(watched.attachment.finding).toMatchObject({ library: "prisma", state: "partial" });
      expect(watched.attachment.finding.notes.join()).toContain("$extends(prismaExtension())");
      client = bare.$extends(prismaExtension()).$extends({ query: {} }).$extends(prismaExtension());
      expect(watched.attachment.finding.state).toBe("attached");
      await call(client.item, "count");
      await until(() => calls(watched, "count") === 1, { what: "the operation" });
      await call(bare.item, "count");
      await call(client.item, "count");
      await until(() => calls(watched, "count") === 2, { what: "the second" });
      const again = watch(client.$extends({}), "again");
      expect(again.attachment.finding.state).toBe("partial");
    });

    it("leave a rejection that nobody catches to the application", async () => {
      client = base(server).$extends(prismaExtension());
      watch(client);
      const unhandled: unknown[] = [];
      const hear = (error: unknown): void => {
        unhandled.push(error);
      };
      const others = process.listeners("unhandledRejection");
      process.removeAllListeners("unhandledRejection");
      process.on("unhandledRejection", hear);
      try {
        void client.$queryRaw`SELECT * FROM nowhere`.then(() => undefined);
        await until(() => unhandled.length > 0, { what: "the rejection" });
        await new Promise((resolve) => setImmediate(resolve));
        expect(unhandled).toHaveLength(1);
      } finally {
        process.off("unhandledRejection", hear);
        for (const other of others) process.on("unhandledRejection", other);
      }
    });

    it("over a watched pool are a layer of their own, and their pings are counted in neither", async () => {
      const pool: pg.Pool = openPool(server);
      client = make({ adapter: new PrismaPg(pool) }).$extends(prismaExtension());
      const above = watch(client, "prisma");
      const below = watch(pool, "pool");
      await call(client.item, "findMany");
      await call(client.item, "create", { data: { label: label() } });
      await until(() => above.component().latencySeconds !== null, { what: "a ping of Prisma" });
      await until(() => below.component().latencySeconds !== null, { what: "a ping of the pool" });
      await until(() => below.histogram(DURATION, { "db.client": "pool" }).count === 2, { what: "both statements" });
      expect(above.histogram(DURATION, { "db.client": "prisma" }).count).toBe(2);
      expect(above.histogram(DURATION, { "db.client": "pool" }).count).toBe(0);
      expect(below.shapes().every(({ shape }) => !shape.includes("wsight"))).toBe(true);
      await client.$disconnect();
      await pool.end();
    });
  });
});
