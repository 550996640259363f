import { setTimeout as wait } from "node:timers/promises";
import {
  createPostgresStore,
  createStoreWriter,
  openSpooledStore,
  type PostgresStore,
  type SpooledStore,
  type SpooledStoreOptions,
  type StoreWriter,
} from "@wsight/hub";
import { contractSamples, findPostgres, readAll, sorted, until } from "@wsight/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { makeDir } from "./harness.ts";
import { makeDatabase, usePostgres } from "./postgres-rig.ts";

const PER_WRITE = 8;

describe.skipIf(findPostgres() === null)(
  "history under load while PostgreSQL comes and goes (needs postgresql)",
  () => {
    const server = usePostgres();
    let database: PostgresStore;
    let spooled: SpooledStore;
    let writer: StoreWriter;
    let load: { readonly produced: number; stop(): void };

    async function begin(options: Partial<SpooledStoreOptions> = {}): Promise<void> {
      const url = await makeDatabase(server());
      database = await createPostgresStore({ url, answerMs: 1_000, connectMs: 500 });
      const times = { patienceMs: 200, retryMs: 20, longestRetryMs: 100 };
      spooled = await openSpooledStore({ store: database, dir: await makeDir(), ...times, ...options });
      writer = createStoreWriter(spooled, { retryMs: 20, longestRetryMs: 100 });
      load = produce(writer);
      await until(() => spooled.spool().written > 50 * PER_WRITE, { what: "the load to be stored" });
    }
    afterEach(async () => {
      load.stop();
      await writer.close();
      await spooled.close();
    });

    /** Ends the load and waits until nothing waits any more; says how many samples there were. */
    async function drain(): Promise<number> {
      load.stop();
      const done = () => writer.stats().queued === 0 && spooled.spool().spooled === 0 && spooled.spool().state === "ok";
      await until(done, { what: "everything to be stored", timeoutMs: 30_000 });
      return load.produced;
    }

    it("has every sample exactly once after the server was stopped and started", { timeout: 60_000 }, async () => {
      await begin();
      for (let round = 0; round < 3; round++) {
        const before = load.produced;
        await server().stop();
        await until(() => spooled.spool().state === "failing" && load.produced > before + 500, { what: "an outage" });
        await server().start();
        await until(() => spooled.spool().state === "ok", { what: "the end of the outage", timeoutMs: 20_000 });
      }
      const produced = await drain();
      expect(await readAll(database)).toEqual(sorted(contractSamples(0, produced)));
      expect(spooled.spool()).toMatchObject({ written: produced, dropped: 0 });
      expect(writer.stats()).toMatchObject({ dropped: 0 });
    });

    it("has every sample exactly once after the server hung", { timeout: 60_000 }, async () => {
      await begin();
      for (let round = 0; round < 2; round++) {
        const before = load.produced;
        await server().freeze();
        await until(() => spooled.spool().state === "failing" && load.produced > before + 500, {
          what: "a hang",
        }).finally(() => server().thaw());
        await until(() => spooled.spool().state === "ok", { what: "the end of it", timeoutMs: 20_000 });
      }
      const produced = await drain();
      expect(await readAll(database)).toHaveLength(produced);
      expect(spooled.spool()).toMatchObject({ written: produced, dropped: 0 });
    });

    it("says to the last sample how many a full spool had to give up", { timeout: 60_000 }, async () => {
      await begin({ maxBytes: 64 * 1024 });
      await server().stop();
      await until(() => spooled.spool().dropped > 1_000, { what: "a full spool", timeoutMs: 20_000 });
      await server().start();
      const produced = await drain();
      const { written, dropped } = spooled.spool();
      expect(dropped).toBeGreaterThan(1_000);
      expect(written + dropped).toBe(produced);
      expect(await readAll(database)).toHaveLength(written);
      expect(writer.stats()).toMatchObject({ dropped: 0, queued: 0 });
    });
  },
);

/** Writes some samples every few milliseconds, each another one. */
function produce(writer: StoreWriter): { readonly produced: number; stop(): void } {
  let produced = 0;
  let going = true;
  const run = async (): Promise<void> => {
    while (going) {
      writer.write(contractSamples(produced, PER_WRITE));
      produced += PER_WRITE;
      await wait(2);
    }
  };
  void run();
  return {
    get produced() {
      return produced;
    },
    stop() {
      going = false;
    },
  };
}
