import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createLibsqlStore,
  type LibsqlStore,
  type LibsqlStoreOptions,
  type Sample,
  type StoreEvent,
} from "@wsight/hub";
import {
  CONTRACT_SERIES,
  CONTRACT_START_AT,
  putTogether,
  readAll,
  sorted,
  steadySamples,
  TIER_STEPS,
  until,
} from "@wsight/testkit";
import fc from "fast-check";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const FILE = "history.db";
const HOUR_MS = 3_600_000;
const KILL_ROUNDS = 20;

describe("the embedded history", () => {
  let dataDir = "";
  let events: StoreEvent[] = [];
  let store: LibsqlStore;
  const openStore = (options: Partial<LibsqlStoreOptions> = {}) =>
    createLibsqlStore({ dataDir, onEvent: (event) => events.push(event), ...options });
  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), "wsight-blocks-"));
    events = [];
    store = await openStore();
  });
  afterEach(async () => {
    await store.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** Each tier as computed from `raw` against the store's. */
  async function expectTiers(raw: readonly Sample[], node?: string): Promise<void> {
    for (const stepMs of TIER_STEPS) {
      const read = await readAll(store, { stepMs, ...(node === undefined ? {} : { node }) });
      expect(comparable(read)).toEqual(comparable(sorted(putTogether(raw, stepMs))));
    }
  }

  it(`has every acknowledged second once, with its exact value, and tiers that agree, after ${KILL_ROUNDS} kills`, async () => {
    const batch = 30 * CONTRACT_SERIES;
    let kept = 0;
    for (let round = 0; round < KILL_ROUNDS; round++) {
      const { pid } = store;
      const first = kept;
      const stopAfter = 3 + ((round * 7) % 13);
      // Several are on their way when the process dies: each of them is there as a whole, or not at all.
      const going = Array.from({ length: 16 }, async (_, index) => {
        await store.append(steadySamples((first + index) * batch, batch));
        kept = Math.max(kept, first + index + 1);
        if (index === stopAfter) process.kill(pid as number, "SIGKILL");
      });
      await Promise.allSettled(going);
      await until(() => store.pid !== null && store.pid !== pid, { what: "a new process", timeoutMs: 20_000 });
      const fromAt = CONTRACT_START_AT + first * 30_000;
      const read = await until(() => readAll(store, { fromAt }), { what: "a read", timeoutMs: 20_000 });
      expect(read.length).toBeGreaterThanOrEqual((kept - first) * batch);
      expect(read.length % batch).toBe(0);
      kept = first + read.length / batch;
      expect(read).toEqual(sorted(steadySamples(first * batch, read.length)));
    }
    const acknowledged = kept;
    await expectTiers(steadySamples(0, acknowledged * batch));
    const stats = await store.stats();
    expect(stats.setAside).toEqual([]);
    expect(stats.tiers[0]?.samples).toBe(acknowledged * batch);
    expect(events.filter(({ type }) => type !== "restarting")).toEqual([]);
  }, 180_000);

  it("holds at every tier what is computed from the seconds, whatever order they come in, twice or late", async () => {
    let run = 0;
    const seconds = fc.uniqueArray(fc.integer({ min: 0, max: 3 * 3_600 }), { minLength: 1, maxLength: 400 });
    await fc.assert(
      fc.asyncProperty(
        seconds,
        fc.infiniteStream(fc.integer({ min: 1, max: 60 })),
        fc.boolean(),
        async (chosen, sizes, reopen) => {
          const node = `chat/${run++}`;
          const samples = chosen.map((second, index) => secondOf(node, second, index));
          // Some come again, with another value.
          const again = samples
            .filter((_, index) => index % 5 === 0)
            .map((sample) => ({ ...sample, sum: sample.sum + 1 }));
          const inOrder = [...samples, ...again];
          for (let from = 0; from < inOrder.length; ) {
            const size = sizes.next().value as number;
            await store.append(inOrder.slice(from, from + size));
            from += size;
          }
          if (reopen) {
            await store.close();
            store = await openStore();
          }
          const last = new Map(inOrder.map((sample) => [sample.at, sample]));
          await expectTiers([...last.values()], node);
        },
      ),
      { numRuns: 25 },
    );
  }, 120_000);

  it("leaves a damaged block out, says so, and serves the rest", async () => {
    const samples = steadySamples(0, 3 * 3_600 * CONTRACT_SERIES);
    for (let from = 0; from < samples.length; from += 4_800) await store.append(samples.slice(from, from + 4_800));
    const database = new Database(join(dataDir, FILE));
    // What is left in segments is of the last hour.
    const segments = (): number => (database.prepare("SELECT count(*) FROM segments").raw().get() as [number])[0];
    await until(() => segments() < 12, { what: "blocks", timeoutMs: 30_000 });
    await store.close();
    // The finest tier of the first series, its second hour.
    const [place] = database.prepare("SELECT place FROM blocks ORDER BY place LIMIT 1 OFFSET 1").raw().get() as [
      number,
    ];
    const [data] = database.prepare("SELECT data FROM blocks WHERE place = ?").raw().get(place) as [Buffer];
    data[data.length >> 1] = (data[data.length >> 1] as number) ^ 0x40;
    database.prepare("UPDATE blocks SET data = ? WHERE place = ?").run(data, place);
    database.close();
    store = await openStore();
    const read = await readAll(store);
    expect(read).toHaveLength(samples.length - 3_600);
    const left = new Set(
      read.map((sample) => `${sample.at} ${sample.node} ${sample.series.metric.name} ${sample.sum}`),
    );
    expect(left.size).toBeLessThanOrEqual(samples.length);
    expect(events[0]).toMatchObject({ type: "damaged", reason: expect.stringMatching(/block of tier 0, series 1/) });
    expect(await readAll(store, { stepMs: 60_000 })).toHaveLength(putTogether(samples, 60_000).length);
    expect((await store.stats()).setAside).toEqual([]);
  }, 60_000);

  it("leaves a damaged append out, says so, and serves the rest", async () => {
    for (let second = 0; second < 10; second++)
      await store.append(steadySamples(second * CONTRACT_SERIES, CONTRACT_SERIES));
    await store.close();
    const database = new Database(join(dataDir, FILE));
    const [id, data] = database.prepare("SELECT id, data FROM head ORDER BY id LIMIT 1 OFFSET 4").raw().get() as [
      number,
      Buffer,
    ];
    data[20] = (data[20] as number) ^ 1;
    database.prepare("UPDATE head SET data = ? WHERE id = ?").run(data, id);
    database.close();
    store = await openStore();
    expect(await readAll(store)).toEqual(
      sorted(steadySamples(0, 80).filter((_, index) => Math.floor(index / CONTRACT_SERIES) !== 4)),
    );
    expect(events).toMatchObject([{ type: "damaged", what: "append 5" }]);
  });

  it("keeps every second when the clock jumps ahead, stays there for a while, and is put back", async () => {
    const second = (index: number, aheadMs: number): readonly Sample[] =>
      steadySamples(index * CONTRACT_SERIES, CONTRACT_SERIES).map((sample) => ({ ...sample, at: sample.at + aheadMs }));
    const all: Sample[] = [];
    const ahead = 40 * 24 * HOUR_MS;
    for (let index = 0; index < 900; index += 1) {
      const samples = second(index, index >= 200 && index < 500 ? ahead : 0);
      all.push(...samples);
    }
    for (let from = 0; from < all.length; from += 240) await store.append(all.slice(from, from + 240));
    await expectTiers(all);
    await store.close();
    store = await openStore();
    await expectTiers(all);
    expect(events).toEqual([]);
  }, 60_000);

  it("deletes the oldest of the finest tier when the size allowed is used up, and says so", async () => {
    await store.close();
    store = await openStore({ maxBytes: 4_000_000 });
    const hours = 14;
    for (let from = 0; from < hours * 3_600; from += 600) await store.append(noise(from, 600));
    await until(async () => (await store.stats()).capped.length > 0, { what: "a cap" });
    await store.prune(CONTRACT_START_AT + hours * HOUR_MS);
    const stats = await store.stats();
    expect(stats.capped).toMatchObject([{ stepMs: 1_000 }]);
    expect(stats.tiers[0]?.oldestAt).toBeGreaterThanOrEqual(stats.capped[0]?.keptFromAt ?? Infinity);
    expect(stats.tiers[2]?.oldestAt).toBe(CONTRACT_START_AT);
    expect(statSync(join(dataDir, FILE)).size).toBeLessThan(5_500_000);
    expect(events.some(({ type }) => type === "capped")).toBe(true);
    const [oldest] = await readAll(store);
    expect(oldest?.at).toBe(stats.tiers[0]?.oldestAt);
  }, 120_000);

  it("brings a database of schema version 1 forward, all of it", async () => {
    await store.close();
    rmSync(dataDir, { recursive: true, force: true });
    const { samples, counter } = makeVersion1(dataDir);
    store = await openStore();
    const read = await readAll(store, { stepMs: 300_000, metrics: ["websocket.server.active_connections"] });
    expect(read).toEqual(sorted(putTogether(samples, 300_000)));
    const hours = await readAll(store, { stepMs: HOUR_MS, metrics: ["websocket.server.active_connections"] });
    expect(hours).toEqual(sorted(putTogether(samples, HOUR_MS)));
    const counted = await readAll(store, { stepMs: 300_000, metrics: ["websocket.server.messages"] });
    expect(counted.map(({ at, sum, count, last }) => [at, sum, count, last])).toEqual(counter);
    expect(events).toEqual([]);
    const more = samples.map((sample) => ({
      ...sample,
      intervalMs: 300_000 as const,
      at: Math.floor(sample.at / 300_000) * 300_000 + 2 * 24 * HOUR_MS,
    }));
    await store.append(more);
    expect(await readAll(store, { stepMs: 300_000, fromAt: more[0]?.at ?? 0 })).toHaveLength(
      new Set(more.map(({ at }) => at)).size,
    );
    const database = new Database(join(dataDir, FILE), { readonly: true });
    expect(database.prepare("SELECT name FROM sqlite_schema WHERE name = 'old_samples'").all()).toEqual([]);
    database.close();
  });
});

/** One second of one series, its values multiples of 1/8. */
function secondOf(node: string, second: number, index: number): Sample {
  const [sample] = steadySamples(((index * 37) % 1_000) * CONTRACT_SERIES + (index % 2) * 2, 1);
  const [series] = steadySamples(0, 1);
  const value = sample?.sum ?? 0;
  return {
    node,
    series: series?.series as Sample["series"],
    at: CONTRACT_START_AT + second * 1_000,
    intervalMs: 1_000,
    min: value,
    max: value,
    sum: value,
    count: 1,
    last: value,
  };
}

/** Seconds that hardly compress. */
function noise(from: number, seconds: number): readonly Sample[] {
  return steadySamples(from * CONTRACT_SERIES, seconds * CONTRACT_SERIES)
    .filter(({ histogram }) => histogram === undefined)
    .map((sample) => {
      const value = Math.sin(sample.at / 1_000 + sample.sum) * 1e6;
      return { ...sample, min: value, max: value, sum: value, last: value * 3 };
    });
}

/** Without what is not said of a distribution put together: its newest reading. */
function comparable(samples: readonly Sample[]): readonly unknown[] {
  return samples.map((sample) => (sample.histogram === undefined ? sample : { ...sample, last: undefined }));
}

/** A file as the version before blocks wrote it: intervals of five minutes, the first of them in two parts. */
function makeVersion1(dataDir: string): { readonly samples: readonly Sample[]; readonly counter: readonly unknown[] } {
  const [gauge] = steadySamples(2, 1);
  if (gauge === undefined) throw new Error("no sample");
  const times = [60_000, 200_000, ...Array.from({ length: 30 }, (_, index) => (index + 1) * 300_000)];
  const samples = times.map((offset, index): Sample => {
    const value = index / 8;
    return {
      ...gauge,
      at: CONTRACT_START_AT + offset,
      min: value,
      max: value + 1,
      sum: 10 * value,
      count: 10,
      last: value,
    };
  });
  openVersion1(dataDir, samples);
  const counter = [[CONTRACT_START_AT, 600, 300, 6_000]];
  return { samples, counter };
}

function openVersion1(dataDir: string, samples: readonly Sample[]): void {
  mkdirSync(dataDir, { recursive: true });
  const database = new Database(join(dataDir, FILE));
  database.exec(`CREATE TABLE series (id INTEGER PRIMARY KEY, node TEXT NOT NULL, key TEXT NOT NULL, metric TEXT NOT NULL,
      labels TEXT NOT NULL, seen_at INTEGER NOT NULL, UNIQUE (node, key));
    CREATE INDEX series_by_metric ON series (metric, node);
    CREATE TABLE samples (at INTEGER NOT NULL, series INTEGER NOT NULL, interval_ms INTEGER NOT NULL, min REAL NOT NULL,
      max REAL NOT NULL, sum REAL NOT NULL, count REAL NOT NULL, last REAL NOT NULL, histogram BLOB,
      PRIMARY KEY (at, series)) WITHOUT ROWID;
    PRAGMA application_id = ${0x57534947}; PRAGMA user_version = 1;`);
  const add = database.prepare("INSERT INTO samples VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)");
  const name = database.prepare("INSERT INTO series VALUES (?, ?, ?, ?, ?, 0)");
  const [first] = samples;
  name.run(1, first?.node, "websocket.server.active_connections", "websocket.server.active_connections", "{}");
  name.run(
    2,
    first?.node,
    'websocket.server.messages{direction="in"}',
    "websocket.server.messages",
    '{"direction":"in"}',
  );
  for (const { at, min, max, sum, count, last } of samples) add.run(at, 1, 300_000, min, max, sum, count, last);
  add.run(CONTRACT_START_AT, 2, 300_000, 600, 600, 600, 1, 6_000);
  database.close();
}
