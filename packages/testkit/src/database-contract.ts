import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ClientWatch } from "./client-watch.ts";
import { type PostgresServer, startPostgres } from "./postgres-server.ts";
import { until } from "./until.ts";

/** What a client can be asked for, driven the way its library is used. The table is `item (id, label unique)`. */
export interface DatabaseClient {
  /** What is given to the probe. */
  readonly target: object;
  /** Looks for items of a label. */
  readonly read: (label: string) => Promise<unknown>;
  /** Adds an item; fails where there is one of that label. */
  readonly write: (label: string) => Promise<unknown>;
  /** Writes all of them in one transaction, or none. */
  readonly transaction: (labels: readonly string[]) => Promise<unknown>;
  /** Lets the server sleep. */
  readonly sleep: (seconds: number) => Promise<unknown>;
  readonly close: () => Promise<void>;
}

/** How a library takes part in the contract. */
export interface DatabaseVariant {
  readonly library: string;
  /** Opens a client of at most four connections. */
  readonly open: (server: PostgresServer) => Promise<DatabaseClient>;
  /** `db.operation.name` of reading, writing and sleeping. */
  readonly names: { readonly read: string; readonly write: string; readonly sleep: string };
  /** `error.type` of a label that is there already. */
  readonly duplicate: string;
}

/** What a probe told of one client of a database. */
export interface DatabaseWatch extends ClientWatch {
  /** Statements by shape, those that took most time first. */
  readonly shapes: () => readonly { readonly shape: string; readonly calls: number; readonly errors: number }[];
  /** What the probe reported of itself. */
  readonly faults: () => readonly unknown[];
}

/** Watches a client under the name `db`, with short intervals: 50 ms fast, 200 ms medium and slow. */
export type WatchDatabase = (target: object) => DatabaseWatch;

/** The table of the contract. */
export const CONTRACT_TABLE = "CREATE TABLE item (id serial PRIMARY KEY, label text UNIQUE NOT NULL)";

const SECRET = "tenant-4711-secret";
const DURATION = "db.client.operation.duration";
const ERRORS = "db.client.operation.errors";

/** What every client of a database promises when it is watched, as tests. Call it at the top level of a test file. */
export function databaseContract(
  { library, open, names, duplicate }: DatabaseVariant,
  watchDatabase: WatchDatabase,
  prepare: (server: PostgresServer) => Promise<void>,
): void {
  describe(`${library} keeps the database contract`, () => {
    let server: PostgresServer;
    let client: DatabaseClient;
    let watch: DatabaseWatch;
    let serial = 0;

    beforeAll(async () => {
      server = await startPostgres();
      await prepare(server);
    });
    afterAll(() => server.close());
    beforeEach(async () => {
      client = await open(server);
      watch = watchDatabase(client.target);
    });
    afterEach(async () => {
      await server.thaw();
      watch.end();
      await client.close();
    });
    const label = (): string => `${SECRET}-${++serial}`;
    const calls = (name: string): number => watch.histogram(DURATION, of(name)).count;
    const kind = (which: string): number => watch.histogram(DURATION, { "db.operation.kind": which }).count;
    const errors = (): number => watch.sum(ERRORS, { "db.client": "db" });
    const settled = (what: string, check: () => void): Promise<unknown> =>
      until(
        () => {
          check();
          return true;
        },
        { what, timeoutMs: 3000 },
      );

    it("counts a known mix exactly, what fails each time it is tried", async () => {
      const taken = label();
      for (let i = 0; i < 7; i++) await client.read(label());
      for (let i = 0; i < 4; i++) await client.write(label());
      await client.write(taken);
      for (let tries = 0; tries < 3; tries++) await expect(client.write(taken)).rejects.toThrow();
      await Promise.all(Array.from({ length: 20 }, () => client.read(taken)));
      await settled("the mix", () => {
        expect([calls(names.read), calls(names.write)]).toEqual([27, 8]);
        expect([kind("read"), kind("write")]).toEqual([27, 8]);
        expect(watch.sum(ERRORS, { ...of(names.write), "error.type": duplicate })).toBe(3);
        expect(errors()).toBe(3);
      });
      expect(watch.faults()).toEqual([]);
    });

    it("counts what happens within transactions, those undone included", async () => {
      const taken = label();
      await client.transaction([taken, label(), label()]);
      await expect(client.transaction([label(), taken])).rejects.toThrow();
      await settled("the transactions", () => {
        expect(calls(names.write)).toBe(5);
        expect(watch.sum(ERRORS, { ...of(names.write), "error.type": duplicate })).toBeGreaterThanOrEqual(1);
      });
    });

    it("measures how long it takes, by a clock of its own", async () => {
      const begin = performance.now();
      await client.sleep(0.2);
      const seconds = (performance.now() - begin) / 1000;
      await settled("the sleep", () => expect(calls(names.sleep)).toBe(1));
      const { sum } = watch.histogram(DURATION, of(names.sleep));
      expect(sum).toBeGreaterThanOrEqual(0.2);
      expect(sum).toBeLessThanOrEqual(seconds);
    });

    it("hands results and errors on as they are", async () => {
      const one = label();
      await client.write(one);
      expect(JSON.stringify(await client.read(one))).toContain(one);
      const error = await client.write(one).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ code: duplicate });
    });

    it("lets no value out of the process", async () => {
      const one = label();
      await client.write(one);
      await client.write(one).catch(() => undefined);
      await client.read(one);
      await client.transaction([label()]);
      await settled("the statements", () => expect(watch.shapes().length).toBeGreaterThan(1));
      expect(watch.told()).not.toContain(SECRET);
    });

    it("says whether the server is there, and its pings are not counted", async () => {
      await client.read(label());
      await until(() => watch.component().latencySeconds !== null, { what: "a ping" });
      expect(watch.component()).toMatchObject({ state: "up", error: null });
      await server.freeze();
      await until(() => watch.component().state === "down", { what: "a server that hangs", timeoutMs: 8000 });
      await server.thaw();
      await until(() => watch.component().state === "up", { what: "a server that answers again", timeoutMs: 8000 });
      await settled("the one read", () => expect([kind("read"), kind("write"), kind("other")]).toEqual([1, 0, 0]));
      expect(errors()).toBe(0);
    });

    it("counts what fails while the server is killed and started again, and nothing else fails", async () => {
      const seen = { asked: 0, failed: 0 };
      let isOver = false;
      const load = async (): Promise<void> => {
        while (!isOver) {
          seen.asked++;
          await client.read(label()).catch(() => {
            seen.failed++;
          });
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
      };
      const loads = Array.from({ length: 6 }, load);
      await until(() => seen.asked > 50, { what: "load" });
      await server.stop();
      await until(() => seen.failed > 20, { what: "failures" });
      await server.start();
      const { asked } = seen;
      await until(() => seen.asked > asked + 50, { what: "load again" });
      isOver = true;
      await Promise.all(loads);
      await settled("everything that was asked", () => {
        expect(calls(names.read)).toBe(seen.asked);
        expect(errors()).toBe(seen.failed);
      });
      await until(() => watch.component().state === "up", { what: "the component", timeoutMs: 8000 });
      expect(watch.faults()).toEqual([]);
    });

    it("counts nothing once it is detached, and the client works on", async () => {
      const one = label();
      await client.write(one);
      await settled("one write", () => expect(calls(names.write)).toBe(1));
      watch.detach();
      await client.write(label());
      expect(JSON.stringify(await client.read(one))).toContain(one);
      await new Promise((resolve) => setTimeout(resolve, 120));
      expect([calls(names.write), calls(names.read)]).toEqual([1, 0]);
    });
  });
}

function of(name: string): Readonly<Record<string, string>> {
  return { "db.system.name": "postgresql", "db.client": "db", "db.operation.name": name };
}
