import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  borrowHistory,
  copyHistory,
  createLibsqlStore,
  parseTakeout,
  refuseUsedHistory,
  type Sample,
  type Store,
  takeIn,
  writeTakeout,
} from "@wsight/hub";
import type { Retention, TierStep } from "@wsight/protocol";
import {
  CONTRACT_START_AT,
  contractEvents,
  contractSamples,
  readAll,
  steadySamples,
  TIER_STEPS,
} from "@wsight/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeDir } from "./harness.ts";

const HOUR_MS = 3_600_000;
const SECONDS = 1_600;
const WORDS = { format: null, metrics: [], node: null, from: null, to: null, step: null, events: false };
const { signal } = new AbortController();

async function open(dataDir: string, retention: Retention = {}): Promise<Store> {
  const store = await createLibsqlStore({ dataDir, retention });
  onTestFinished(() => store.close());
  return store;
}

async function fill(store: Store, samples: readonly Sample[]): Promise<void> {
  for (let from = 0; from < samples.length; from += 4_000) await store.append(samples.slice(from, from + 4_000));
}

async function textOf(store: Store): Promise<string> {
  let text = "";
  for await (const piece of writeTakeout(store, parseTakeout(WORDS, Date.now(), String), signal)) text += piece;
  return text;
}

async function* linesOf(text: string): AsyncGenerator<string> {
  yield* text.split("\n");
}

async function tiersOf(store: Store): Promise<Record<number, readonly Sample[]>> {
  const tiers: Partial<Record<TierStep, readonly Sample[]>> = {};
  for (const stepMs of TIER_STEPS) tiers[stepMs] = await readAll(store, { stepMs });
  return tiers as Record<number, readonly Sample[]>;
}

function eventsOf(store: Store): Promise<unknown> {
  return store.ask("events", { fromAt: 0, toAt: Number.MAX_SAFE_INTEGER, limit: 10_000 });
}

/** Takes everything out of one store and into another; both must then hold the same, tier by tier. */
async function expectRoundTrip(store: Store): Promise<void> {
  const copy = await open(await makeDir());
  expect(await takeIn(copy, linesOf(await textOf(store)), { signal })).toMatchObject({ whole: true });
  expect(await tiersOf(copy)).toEqual(await tiersOf(store));
  expect(await eventsOf(copy)).toEqual(await eventsOf(store));
}

describe("everything that a store holds goes through a file into another", () => {
  it("sample by sample at every tier, and event by event", async () => {
    const store = await open(await makeDir());
    await fill(store, steadySamples(0, SECONDS * 8));
    await store.appendEvents(contractEvents(0, 1_500));
    await expectRoundTrip(store);
  });

  it("with odd values, labels and times", async () => {
    const store = await open(await makeDir());
    await store.append(contractSamples(0, 400));
    await store.append(contractSamples(0, 400, 300_000));
    await store.append(contractSamples(400, 8).map((sample) => ({ ...sample, at: sample.at + 3 * 24 * HOUR_MS })));
    await expectRoundTrip(store);
  });

  it("where seconds were deleted and their minutes are kept", async () => {
    const store = await open(await makeDir(), { "1s": HOUR_MS, "10s": HOUR_MS });
    const old = steadySamples(0, SECONDS * 8);
    await fill(store, old);
    await fill(
      store,
      old.map((sample) => ({ ...sample, at: sample.at + 20 * HOUR_MS })),
    );
    await store.prune(CONTRACT_START_AT + 20 * HOUR_MS + SECONDS * 1_000);
    const [seconds, , minutes] = (await store.stats()).tiers;
    expect(seconds?.samples).toBe(old.length);
    expect(minutes?.oldestAt).toBe(CONTRACT_START_AT);
    await expectRoundTrip(store);
  });

  it("twice as well as once", async () => {
    const store = await open(await makeDir());
    await fill(store, steadySamples(0, 400 * 8));
    await store.appendEvents(contractEvents(0, 30));
    const text = await textOf(store);
    const copy = await open(await makeDir());
    await takeIn(copy, linesOf(text), { signal });
    await takeIn(copy, linesOf(text), { signal });
    expect(await textOf(copy)).toBe(text);
  });
});

describe("a history that is in use", () => {
  it("is copied while it is written to, whole and as it was acknowledged", async () => {
    const dir = await makeDir();
    const store = await open(dir);
    await fill(store, steadySamples(0, 400 * 8));
    const held = await tiersOf(store);
    const writing = fill(store, steadySamples(400 * 8, 400 * 8));
    const copied = await borrowHistory(dir);
    await writing;
    const copy = await open(copied.dataDir);
    const [seconds = []] = Object.values(await tiersOf(copy));
    expect(seconds.length).toBeGreaterThanOrEqual(400 * 8);
    expect(seconds).toEqual(expect.arrayContaining([...(held[1_000] ?? []).slice(-16)]));
    await copy.close();
    await copied.remove();
    expect(existsSync(copied.dataDir)).toBe(false);
    expect((await readAll(store)).length).toBe(800 * 8);
  });

  it("is known as such, and is free again once it is closed", async () => {
    const dir = await makeDir();
    expect(() => refuseUsedHistory(dir)).not.toThrow();
    const store = await open(dir);
    await store.append(steadySamples(0, 8));
    expect(() => refuseUsedHistory(dir)).toThrow("expected a history that no hub has open");
    await store.close();
    expect(() => refuseUsedHistory(dir)).not.toThrow();
    expect(await readAll(await open(dir))).toHaveLength(8);
  });
});

describe("a copy", () => {
  it("is refused where there is nothing to copy, something in its place, or no place", async () => {
    const dir = await makeDir();
    expect(() => copyHistory(dir, join(dir, "copy.db"))).toThrow("expected the data directory of a hub");
    const store = await open(join(dir, "data"));
    await store.append(steadySamples(0, 8));
    await writeFile(join(dir, "there.db"), "mine");
    await mkdir(join(dir, "room"));
    expect(() => copyHistory(join(dir, "data"), join(dir, "there.db"))).toThrow("expected a new file");
    expect(() => copyHistory(join(dir, "data"), join(dir, "data", "history.db-wal"))).toThrow("does not use");
    expect(() => copyHistory(join(dir, "data"), join(dir, "nowhere", "copy.db"))).toThrow("expected a directory");
    copyHistory(join(dir, "data"), join(dir, "room", "history.db"));
    expect(await readAll(await open(join(dir, "room")))).toEqual(await readAll(store));
  });
});
