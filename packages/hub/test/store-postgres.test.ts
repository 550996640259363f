import { basename } from "node:path";
import { createPostgresStore, type Store } from "@wsight/hub";
import { CONTRACT_METRICS, CRASH_BATCH, contractSamples, findPostgres, oldStoreContract, until } from "@wsight/testkit";
import { beforeAll, describe, expect, it } from "vitest";
import { makeDatabase, runSql, usePostgres } from "./postgres-rig.ts";

const ALL = { metrics: CONTRACT_METRICS, fromAt: 0, toAt: Number.MAX_SAFE_INTEGER };

describe.skipIf(findPostgres() === null)("on a PostgreSQL (needs postgresql)", () => {
  const server = usePostgres();
  beforeAll(() => {
    process.env.WSIGHT_TEST_POSTGRES = server().url;
  });
  const urlOf = (dir: string): string => server().url.replace(/postgres$/, basename(dir));

  oldStoreContract("postgres", {
    open: async (dir) => {
      await makeDatabase(server(), basename(dir)).catch(() => undefined);
      return createPostgresStore({ url: urlOf(dir) });
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
    it("has every acknowledged sample once when the server's own process for it is killed in the midst of an append", async () => {
      const url = await makeDatabase(server());
      let acknowledged = 0;
      for (let round = 0; round < 5; round++) {
        const store = await createPostgresStore({ url });
        const from = acknowledged;
        const appending = appendUntilRefused(store, from, (batches) => {
          acknowledged = batches;
        });
        await until(() => acknowledged >= from + 3 + round, { what: "some batches" });
        await killBackend(url);
        await expect(appending).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
        // The whole server starts over when one of its processes is killed.
        await until(() => store.check().then(() => true), { what: "the server to be back", timeoutMs: 20_000 });
        await store.append(batch(acknowledged));
        acknowledged++;
        const read = await store.read(ALL);
        expect(read).toHaveLength(acknowledged * CRASH_BATCH);
        expect((await store.stats()).samples).toBe(acknowledged * CRASH_BATCH);
        await store.close();
      }
    });

    it("makes its schema once when many hubs start at the same moment", async () => {
      const url = await makeDatabase(server());
      const stores = await Promise.all(Array.from({ length: 8 }, () => createPostgresStore({ url })));
      await Promise.all(stores.map((store, index) => store.append(contractSamples(index * 50, 50))));
      expect(await stores[0]?.read(ALL)).toHaveLength(400);
      expect(await runSql(url, "SELECT version FROM wsight.migrations")).toEqual([{ version: 1 }]);
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
      expect(await store.read(ALL)).toHaveLength(1);
      await store.close();
    });

    it("shares a database with other hubs that write the same series at the same time", async () => {
      const url = await makeDatabase(server());
      const stores = await Promise.all(Array.from({ length: 4 }, () => createPostgresStore({ url })));
      const rounds = Array.from({ length: 10 }, (_, round) => contractSamples(round * 100, 200).toReversed());
      await Promise.all(stores.flatMap((store) => rounds.map((samples) => store.append(samples))));
      expect(await stores[0]?.read(ALL)).toHaveLength(1_100);
      await Promise.all(stores.map((store) => store.close()));
    });

    it("finds its series anew when another hub deleted their names", async () => {
      const url = await makeDatabase(server());
      const [mine, other] = [await createPostgresStore({ url }), await createPostgresStore({ url })];
      await mine.append(contractSamples(0, 80));
      await other.prune(Number.MAX_SAFE_INTEGER);
      await mine.append(contractSamples(80, 80));
      expect(await mine.read(ALL)).toHaveLength(80);
      expect(await other.read(ALL)).toHaveLength(80);
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
        "GRANT USAGE ON SCHEMA wsight TO writer; GRANT SELECT ON wsight.migrations TO writer; " +
          "GRANT SELECT, INSERT, UPDATE, DELETE ON wsight.series, wsight.samples TO writer",
      );
      const store = await createPostgresStore({ url: url.replace("postgres@", "writer@") });
      await store.append(contractSamples(8, 8));
      expect(await store.read(ALL)).toHaveLength(16);
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
        message: expect.stringMatching(/version 1 or older, got 99.*upgrade/),
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
      await store.append(contractSamples(8, 8));
      expect(await store.read(ALL)).toHaveLength(16);
      await store.close();
    });

    it("tells the server to stop a read that was given up, and reads on", async () => {
      const url = await makeDatabase(server());
      const store = await createPostgresStore({ url });
      for (let first = 0; first < 20_000; first += 5_000) await store.append(contractSamples(first, 5_000));
      const controller = new AbortController();
      const read = store.read(ALL, { signal: controller.signal });
      await until(async () => (await backends(url)).some(({ query }) => String(query).includes("FETCH")), {
        what: "the read to be under way",
      });
      controller.abort();
      await expect(read).rejects.toMatchObject({ name: "AbortError" });
      await until(async () => (await backends(url)).every(({ state }) => state !== "active"), { what: "its end" });
      expect(await store.read(ALL)).toHaveLength(20_000);
      await store.close();
    });

    it("holds two connections at most, named after what they are for", async () => {
      const url = await makeDatabase(server());
      const store = await createPostgresStore({ url });
      const batches = Array.from({ length: 20 }, (_, index) => contractSamples(index * 50, 50));
      const work = Promise.all([
        ...batches.map((samples) => store.append(samples)),
        ...batches.map(() => store.read(ALL)),
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

async function appendUntilRefused(store: Store, from: number, acknowledge: (batches: number) => void): Promise<never> {
  for (let number = from; ; number++) {
    await store.append(batch(number));
    acknowledge(number + 1);
  }
}
