import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { createPostgresStore, type Store } from "@wsight/hub";
import {
  CONTRACT_SERIES,
  CONTRACT_START_AT,
  CRASH_BATCH,
  contractEvents,
  contractSamples,
  findPostgres,
  putTogether,
  readAll,
  sorted,
  steadySamples,
  storeContract,
  TIER_STEPS,
  until,
} from "@wsight/testkit";
import { beforeAll, describe, expect, it } from "vitest";
import { makeDir } from "./harness.ts";
import { makeDatabase, runSql, usePostgres } from "./postgres-rig.ts";

describe.skipIf(findPostgres() === null)("on a PostgreSQL (needs postgresql)", () => {
  const server = usePostgres();
  beforeAll(() => {
    process.env.WSIGHT_TEST_POSTGRES = server().url;
  });
  const urlOf = (dir: string): string => server().url.replace(/postgres$/, basename(dir));

  storeContract("postgres", {
    open: async (dir, options) => {
      await makeDatabase(server(), basename(dir)).catch(() => undefined);
      return createPostgresStore({ url: urlOf(dir), dataDir: dir, ...options });
    },
    crash: async () => {
      await server().stop();
      await server().start();
    },
    block: async () => {
      await server().stop();
      return () => server().start();
    },
    place: (dir) => `postgres://127.0.0.1:${server().port}/${basename(dir)}`,
    crashChild: new URL("./fixtures/append-to-postgres.js", import.meta.url),
  });

  describe("the postgres store", () => {
    it("has every acknowledged sample once when the server's own process for it is killed in the midst of an append", {
      timeout: 120_000,
    }, async () => {
      const url = await makeDatabase(server());
      let acknowledged = 0;
      for (let round = 0; round < 5; round++) {
        const store = await createPostgresStore({ url });
        const from = acknowledged;
        let last = Number.POSITIVE_INFINITY;
        const appending = appendUntilRefused(store, from, (batches) => {
          acknowledged = batches;
          return batches < last;
        });
        await until(() => acknowledged >= from + 3 + round, { what: "some batches" });
        await killBackend(url);
        // Between two appends the loss of a connection may go unnoticed.
        last = acknowledged + 20;
        expect([null, "STORE_UNAVAILABLE"]).toContain(await appending);
        // The whole server starts over when one of its processes is killed.
        await until(() => store.append(batch(acknowledged)).then(() => true), {
          what: "the server to be back",
          timeoutMs: 20_000,
        });
        acknowledged++;
        expect(await readAll(store)).toEqual(sorted(contractSamples(0, acknowledged * CRASH_BATCH)));
        await store.close();
      }
    });

    it("makes its schema once when many hubs start at the same moment", async () => {
      const url = await makeDatabase(server());
      const stores = await Promise.all(Array.from({ length: 8 }, () => createPostgresStore({ url })));
      await Promise.all(stores.map((store, index) => store.append(contractSamples(index * 50, 50))));
      expect(await readAll(first(stores))).toHaveLength(400);
      expect(await runSql(url, "SELECT version FROM wsight.migrations")).toEqual([{ version: 1 }, { version: 2 }]);
      await Promise.all(stores.map((store) => store.close()));
    });

    it("refuses for good what it can never keep, so that nothing waits behind it", async () => {
      const store = await createPostgresStore({ url: await makeDatabase(server()) });
      const [sample] = contractSamples(0, 1);
      if (sample === undefined) throw new Error("no sample");
      // Text that an index can't compress.
      const long = Array.from({ length: 3000 }, (_, i) => String.fromCharCode(0x4e00 + ((i * 7919) % 20_011))).join("");
      for (const node of ["chat/a\ud800", "chat/a\0", `chat/${long}`]) {
        await expect(store.append([{ ...sample, node }])).rejects.toMatchObject({ code: "BAD_REQUEST" });
      }
      await store.append([sample]);
      expect(await readAll(store)).toHaveLength(1);
      await store.close();
    });

    it("shows every hub the history of all, what is not in blocks yet included", async () => {
      const url = await makeDatabase(server());
      const stores = await Promise.all(Array.from({ length: 3 }, () => createPostgresStore({ url })));
      const samples = steadySamples(0, 900 * CONTRACT_SERIES);
      const ofHub = (hub: number) => samples.map((sample) => ({ ...sample, node: `${sample.node}-${hub}` }));
      for (let first = 0; first < samples.length; first += 800) {
        await Promise.all(stores.map((store, hub) => store.append(ofHub(hub).slice(first, first + 800))));
      }
      const all = [0, 1, 2].flatMap(ofHub);
      for (const store of stores) {
        for (const stepMs of TIER_STEPS) {
          expect(comparable(await readAll(store, { stepMs }))).toEqual(comparable(sorted(putTogether(all, stepMs))));
        }
      }
      await Promise.all(stores.map((store) => store.close()));
    });

    it("puts together what two hubs saw of one node, one after the other", async () => {
      const url = await makeDatabase(server());
      const [before, after] = [await createPostgresStore({ url }), await createPostgresStore({ url })];
      const samples = steadySamples(0, 900 * CONTRACT_SERIES);
      const cut = 435 * CONTRACT_SERIES;
      for (let first = 0; first < cut; first += 870)
        await before.append(samples.slice(first, Math.min(cut, first + 870)));
      for (let first = cut; first < samples.length; first += 930) await after.append(samples.slice(first, first + 930));
      for (const store of [before, after]) {
        for (const stepMs of TIER_STEPS) {
          const read = await readAll(store, { stepMs });
          expect(comparable(read)).toEqual(comparable(sorted(putTogether(samples, stepMs))));
        }
      }
      await Promise.all([before.close(), after.close()]);
    });

    it("keeps what comes again once, when its hub was killed and the next one retries", async () => {
      const url = await makeDatabase(server());
      const dataDir = await makeDir();
      const samples = steadySamples(0, 20 * CONTRACT_SERIES);
      const first = await createPostgresStore({ url, dataDir });
      await first.append(samples);
      if (first.pid !== null) process.kill(first.pid, "SIGKILL");
      const next = await createPostgresStore({ url, dataDir });
      await next.append(samples);
      for (const stepMs of TIER_STEPS) {
        const read = await readAll(next, { stepMs });
        expect(comparable(read)).toEqual(comparable(sorted(putTogether(samples, stepMs))));
      }
      await Promise.all([first.close(), next.close()]);
    });

    it("goes on as the same writer when its process is killed, or its connections are", async () => {
      const url = await makeDatabase(server());
      const store = await createPostgresStore({ url });
      for (let round = 0; round < 3; round++) {
        await store.append(steadySamples(0, CONTRACT_SERIES));
        if (round === 0)
          await runSql(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'wsight'");
        if (round === 1) process.kill(Number(store.pid), "SIGKILL");
        await until(() => store.append(steadySamples(0, CONTRACT_SERIES)).then(() => true), { what: "it to be back" });
      }
      expect(await readAll(store)).toEqual(sorted(steadySamples(0, CONTRACT_SERIES)));
      expect(await runSql(url, "SELECT id FROM wsight.writers")).toHaveLength(1);
      await store.close();
    });

    it("loses nothing when two hubs take each other for the one before", async () => {
      const url = await makeDatabase(server());
      const dataDir = await makeDir();
      const stores = [await createPostgresStore({ url, dataDir }), await createPostgresStore({ url, dataDir })];
      for (let second = 0; second < 60; second++) {
        const samples = steadySamples(second * CONTRACT_SERIES, CONTRACT_SERIES);
        const store = stores[second % 2] as Store;
        // Who was fenced off is told so, and goes on as somebody else.
        await store.append(samples).catch(() => store.append(samples));
      }
      const all = steadySamples(0, 60 * CONTRACT_SERIES);
      for (const store of stores) expect(await readAll(store)).toEqual(sorted(all));
      expect(await runSql(url, "SELECT id FROM wsight.writers")).toHaveLength(2);
      await Promise.all(stores.map((store) => store.close()));
    });

    it("looks after the history of hubs that are gone for good", async () => {
      const url = await makeDatabase(server());
      const gone = await createPostgresStore({ url });
      const old = steadySamples(0, 300 * CONTRACT_SERIES);
      for (let first = 0; first < old.length; first += 800) await gone.append(old.slice(first, first + 800));
      if (gone.pid !== null) process.kill(gone.pid, "SIGKILL");
      await gone.close();
      await runSql(url, "UPDATE wsight.writers SET seen_at = now() - interval '1 hour'");
      const other = await createPostgresStore({ url });
      await other.append(steadySamples(0, 8).map((sample) => ({ ...sample, at: sample.at + 3_600_000 })));
      await other.prune(CONTRACT_START_AT + 30 * 3_600_000);
      expect((await readAll(other)).filter(({ at }) => at < CONTRACT_START_AT + 3_600_000)).toEqual([]);
      expect((await readAll(other, { stepMs: 300_000 })).length).toBeGreaterThanOrEqual(CONTRACT_SERIES);
      expect(await runSql(url, "SELECT id FROM wsight.head WHERE writer = 1")).toEqual([]);
      await other.prune(CONTRACT_START_AT + 500 * 86_400_000);
      expect(await runSql(url, "SELECT id FROM wsight.writers")).toHaveLength(1);
      await other.close();
    });

    it("brings the samples of version 1 forward, once, however many hubs do", async () => {
      const url = await makeDatabase(server());
      await makeVersionOne(url);
      const stores = await Promise.all(Array.from({ length: 3 }, () => createPostgresStore({ url })));
      const kept = await createPostgresStore({ url });
      // Who comes second to a series begins anew.
      await Promise.all([kept, ...stores].map((store) => until(() => store.check().then(() => true), { what: "all" })));
      await until(async () => (await runSql(url, "SELECT FROM wsight.old_samples LIMIT 1")).length === 0, {
        what: "all samples to be moved",
        timeoutMs: 20_000,
      });
      const read = await readAll(kept, { stepMs: 300_000 });
      expect(read.map(({ at, node, series, count, sum }) => [at, node, series.metric.name, count, sum])).toEqual(
        Array.from({ length: 100 }, (_, index) => [
          CONTRACT_START_AT + index * 300_000,
          "chat/1",
          "websocket.server.messages",
          // Readings of a counter: one for each second.
          300,
          index,
        ]),
      );
      expect((await readAll(kept, { stepMs: 3_600_000 })).reduce((sum, sample) => sum + sample.sum, 0)).toBe(4_950);
      await Promise.all([kept, ...stores].map((store) => store.close()));
    });

    it("finds events of all hubs, each once", async () => {
      const url = await makeDatabase(server());
      const [mine, other] = [await createPostgresStore({ url }), await createPostgresStore({ url })];
      await Promise.all([mine.appendEvents(contractEvents(0, 40)), other.appendEvents(contractEvents(20, 40))]);
      const query = { fromAt: 0, toAt: Number.MAX_SAFE_INTEGER, limit: 100 };
      expect(await mine.ask("events", query)).toEqual(contractEvents(0, 60));
      await Promise.all([mine.close(), other.close()]);
    });

    it("needs no right to make anything once its schema is there", async () => {
      const url = await makeDatabase(server());
      const owner = await createPostgresStore({ url });
      await owner.append(contractSamples(0, 8));
      await owner.close();
      await runSql(url, "CREATE ROLE writer LOGIN");
      await runSql(
        url,
        "GRANT USAGE ON SCHEMA wsight TO writer; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA wsight TO writer",
      );
      const store = await createPostgresStore({ url: url.replace("postgres@", "writer@") });
      await store.append(contractSamples(8, 8));
      expect(await readAll(store)).toHaveLength(16);
      await store.close();
    });

    it("refuses a schema of a newer version, and says what to do", async () => {
      const url = await makeDatabase(server());
      const store = await createPostgresStore({ url });
      await store.check();
      await store.close();
      await runSql(url, "INSERT INTO wsight.migrations VALUES (99, now())");
      const later = await createPostgresStore({ url });
      await expect(later.check()).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        message: expect.stringMatching(/version 2 or older, got 99.*upgrade/),
      });
      await later.close();
    });

    it("keeps the password out of every message", async () => {
      const password = "s3cret-Pässwort";
      const at = `${encodeURIComponent(password)}@127.0.0.1`;
      const urls = [
        `postgres://nobody:${at}:${server().port}/postgres`,
        `postgres://nobody:${at}:1/postgres`,
        `postgres://nobody:${at}:${server().port}/${encodeURIComponent(password)}`,
      ];
      for (const url of urls) {
        const store = await createPostgresStore({ url });
        const error = await store.check().catch((reason: Error) => reason);
        expect(error).toMatchObject({ code: "STORE_UNAVAILABLE" });
        expect(`${error} ${JSON.stringify(error)} ${store.engine}`).not.toMatch(/s3cret|P(ä|%C3%A4)sswort/i);
        await store.close();
      }
      await expect(createPostgresStore({ url: `mysql://a:${password}@b` })).rejects.toThrow(
        /^store: expected an address like postgres:/,
      );
    });

    it("gives up on a server that hangs, and is there again when that goes on", async () => {
      const store = await createPostgresStore({ url: await makeDatabase(server()), answerMs: 300, connectMs: 300 });
      await store.append(contractSamples(0, 8));
      await server().freeze();
      try {
        const refusal = { code: "STORE_UNAVAILABLE", message: expect.stringContaining("it does not answer") };
        await expect(store.append(contractSamples(8, 8))).rejects.toMatchObject(refusal);
        await expect(store.append(contractSamples(8, 8))).rejects.toMatchObject(refusal);
      } finally {
        await server().thaw();
      }
      // On a busy machine it may take longer than 300 ms to be there again.
      const goesOn = () =>
        store.append(contractSamples(8, 8)).then(
          () => true,
          () => false,
        );
      await until(goesOn, { what: "the server to answer" });
      expect(await readAll(store)).toHaveLength(16);
      await store.close();
    });

    it("keeps the password out of the list of processes", async () => {
      const url = (await makeDatabase(server())).replace("postgres@", "postgres:s3cret-word@");
      const store = await createPostgresStore({ url });
      expect(await readFile(`/proc/${store.pid}/cmdline`, "utf8")).not.toContain("s3cret");
      await store.close();
    });

    it("holds two connections at most, named after what they are for", async () => {
      const url = await makeDatabase(server());
      const store = await createPostgresStore({ url });
      const batches = Array.from({ length: 20 }, (_, index) => contractSamples(index * 50, 50));
      const work = Promise.all([
        ...batches.map((samples) => store.append(samples)),
        ...batches.map(() => readAll(store)),
      ]);
      await work;
      expect(await backends(url)).toHaveLength(2);
      await store.close();
      await until(async () => (await backends(url)).length === 0, { what: "the connections to end" });
    });
  });

  async function backends(url: string): Promise<readonly Record<string, unknown>[]> {
    const name = new URL(url).pathname.slice(1);
    return runSql(
      server().url,
      `SELECT pid, state, query FROM pg_stat_activity WHERE datname = '${name}' AND application_name = 'wsight'`,
    );
  }

  async function killBackend(url: string): Promise<void> {
    const [backend] = await backends(url);
    process.kill(Number(backend?.pid), "SIGKILL");
  }
});

const batch = (number: number) => contractSamples(number * CRASH_BATCH, CRASH_BATCH);

const first = (stores: readonly Store[]): Store => {
  const [store] = stores;
  if (store === undefined) throw new Error("no store");
  return store;
};

/** Without what is not said of a distribution put together: its newest reading. */
const comparable = (samples: Awaited<ReturnType<typeof readAll>>): readonly unknown[] =>
  samples.map((sample) => (sample.histogram === undefined ? sample : { ...sample, last: undefined }));

/** Appends one batch after the other until one is refused, and says why, or until it is told that it is enough. */
async function appendUntilRefused(
  store: Store,
  from: number,
  acknowledge: (batches: number) => boolean,
): Promise<string | null> {
  for (let number = from; ; number++) {
    const refusal = await store.append(batch(number)).then(
      () => null,
      (error: { readonly code: string }) => error.code,
    );
    if (refusal !== null) return refusal;
    if (!acknowledge(number + 1)) return null;
  }
}

/** The schema as wsight 0.1 made it, with 100 samples of one series. */
async function makeVersionOne(url: string): Promise<void> {
  await runSql(
    url,
    `CREATE SCHEMA wsight;
     CREATE TABLE wsight.migrations (version integer PRIMARY KEY, made_at timestamptz NOT NULL);
     CREATE TABLE wsight.series (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, node text NOT NULL, key text NOT NULL,
       metric text NOT NULL, labels text NOT NULL, UNIQUE (node, key));
     CREATE INDEX series_by_metric ON wsight.series (metric, node);
     CREATE TABLE wsight.samples (series bigint NOT NULL, at bigint NOT NULL, interval_ms bigint NOT NULL,
       min double precision NOT NULL, max double precision NOT NULL, sum double precision NOT NULL,
       count double precision NOT NULL, last double precision NOT NULL, histogram bytea, PRIMARY KEY (series, at));
     CREATE INDEX samples_by_time ON wsight.samples (at);
     INSERT INTO wsight.migrations VALUES (1, now());
     INSERT INTO wsight.series (node, key, metric, labels)
       VALUES ('chat/1', 'websocket.server.messages{direction="in"}', 'websocket.server.messages', '{"direction":"in"}');
     INSERT INTO wsight.samples SELECT 1, ${CONTRACT_START_AT} + 300000 * n, 300000, n, n, n, 1, n
       FROM generate_series(0, 99) AS n`,
  );
}
