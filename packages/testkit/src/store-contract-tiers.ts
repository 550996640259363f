import type { Sample } from "@wsight/hub";
import { expect, it } from "vitest";
import { type ContractRig, readAll } from "./contract-rig.ts";
import {
  CONTRACT_SERIES,
  CONTRACT_START_AT,
  contractSample,
  contractSamples,
  steadySamples,
} from "./contract-samples.ts";
import { putTogether, sorted, TIER_STEPS } from "./contract-tiers.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Long enough for several writes of the head to blocks, and across an hour. */
const SECONDS = 1_600;

/** Tiers, what replaces what, and what is deleted when: a part of the store's contract. */
export function tierContract({ store, reopen }: ContractRig): void {
  /** Each tier as computed from `raw` against the store's. */
  async function expectTiers(raw: readonly Sample[]): Promise<void> {
    for (const stepMs of TIER_STEPS) {
      expect(comparable(await readAll(store(), { stepMs }))).toEqual(comparable(sorted(putTogether(raw, stepMs))));
    }
  }

  it("holds in each tier what is computed from the seconds, also after it was opened again", async () => {
    const samples = steadySamples(0, SECONDS * CONTRACT_SERIES);
    for (const part of parts(samples, 800)) await store().append(part);
    await expectTiers(samples);
    await reopen();
    await expectTiers(samples);
  });

  it("holds in each tier what is there when seconds are missing", async () => {
    const samples = steadySamples(0, SECONDS * CONTRACT_SERIES).filter(
      ({ at }, index) => index % 5 < 3 && Math.floor((at - CONTRACT_START_AT) / 100_000) % 3 !== 1,
    );
    for (const part of parts(samples, 800)) await store().append(part);
    await expectTiers(samples);
  });

  it("puts samples of a coarse tier into the coarser ones alone", async () => {
    const samples = contractSamples(0, 200, 300_000).filter(({ series }) => series.metric.kind === "counter");
    await store().append(samples);
    for (const stepMs of TIER_STEPS) {
      const read = await readAll(store(), { stepMs });
      const expected = stepMs < 300_000 ? [] : sorted(putTogether(samples, stepMs));
      expect(read.map(({ at, count }) => [at, count])).toEqual(expected.map(({ at, count }) => [at, count]));
    }
  });

  it("replaces a sample that comes again, so that a retry leaves one", async () => {
    const samples = contractSamples(0, 100);
    await store().append(samples);
    await store().append(samples);
    const changed = { ...contractSample(42), sum: 4242 };
    await store().append([changed]);
    const expected = samples.map((sample, index) => (index === 42 ? changed : sample));
    expect(await readAll(store())).toEqual(sorted(expected));
    expect((await store().stats()).tiers[0]?.samples).toBe(100);
  });

  it("holds sums of the very largest numbers as the largest number there is", async () => {
    const one = { ...contractSample(0), sum: -Number.MAX_VALUE };
    const large = [one, { ...one, at: one.at + 1_000 }];
    await store().append(large);
    for (const stepMs of TIER_STEPS.slice(1)) {
      expect((await readAll(store(), { stepMs })).map(({ sum }) => sum)).toEqual([-Number.MAX_VALUE]);
    }
  });

  it("keeps the last of the same sample within one append", async () => {
    await store().append([contractSample(1), { ...contractSample(1), sum: 7 }]);
    expect(await readAll(store())).toEqual([{ ...contractSample(1), sum: 7 }]);
  });

  it("has every tier right after samples came late, twice, or changed, however long ago they were", async () => {
    const samples = steadySamples(0, SECONDS * CONTRACT_SERIES);
    const late = samples.filter((_, index) => index % 11 === 3);
    const inTime = samples.filter((_, index) => index % 11 !== 3);
    for (const part of parts(inTime, 800)) await store().append(part);
    for (const part of parts(late.toReversed(), 300)) await store().append(part);
    await expectTiers(samples);
    const changed = samples.map((sample, index) =>
      index % 997 === 5 && sample.histogram === undefined ? { ...sample, sum: 1, min: 1, max: 1, last: 1 } : sample,
    );
    await store().append(changed.filter((sample, index) => sample !== samples[index]));
    await expectTiers(changed);
    await reopen();
    await store().append(samples.slice(0, 100));
    await expectTiers([...samples.slice(0, 100), ...changed.slice(100)]);
  });

  it("has every tier right whatever order the appends came in", async () => {
    const samples = steadySamples(0, SECONDS * CONTRACT_SERIES);
    for (const part of shuffled(parts(samples, 160))) await store().append(part);
    await expectTiers(samples);
  });

  it("holds what is far apart: years ago, and ahead of its time", async () => {
    const samples = [-500 * DAY_MS, 0, 500 * DAY_MS].flatMap((offset) =>
      steadySamples(0, 80).map((sample) => ({ ...sample, at: sample.at + offset })),
    );
    for (const part of [2, 0, 1].map((index) => samples.slice(index * 80, index * 80 + 80))) await store().append(part);
    await expectTiers(samples);
    await reopen();
    await expectTiers(samples);
  });

  it("deletes what is older than its tier is kept, and nothing younger", async () => {
    const keep = HOUR_MS;
    await reopen({ retention: { "1s": keep, "10s": keep } });
    const old = steadySamples(0, 300 * CONTRACT_SERIES);
    const young = old.map((sample) => ({ ...sample, at: sample.at + 20 * HOUR_MS }));
    for (const part of [...parts(old, 800), ...parts(young, 800)]) await store().append(part);
    await store().prune((young.at(-1)?.at ?? 0) + keep / 2);
    for (const stepMs of TIER_STEPS) {
      const left = stepMs <= 10_000 ? young : [...old, ...young];
      expect(comparable(await readAll(store(), { stepMs }))).toEqual(comparable(sorted(putTogether(left, stepMs))));
    }
    const [seconds] = (await store().stats()).tiers;
    expect(seconds).toMatchObject({ stepMs: 1_000, samples: young.length, oldestAt: young[0]?.at });
  });

  it("takes and reads samples while it prunes", async () => {
    const samples = steadySamples(0, SECONDS * CONTRACT_SERIES);
    for (const part of parts(samples, 3_200)) await store().append(part);
    const laterAt = 30 * HOUR_MS;
    const pruned = store().prune(CONTRACT_START_AT + 29 * HOUR_MS);
    const late = steadySamples(0, 80).map((sample) => ({ ...sample, at: sample.at + laterAt }));
    await store().append(late);
    await pruned;
    expect(await readAll(store())).toEqual(sorted(late));
  });

  it("takes a series again after all of it was pruned", async () => {
    await store().append(contractSamples(0, 8));
    await store().prune(CONTRACT_START_AT + 500 * DAY_MS);
    for (const stepMs of TIER_STEPS) expect(await readAll(store(), { stepMs })).toEqual([]);
    await store().append(contractSamples(8, 8));
    await store().append(contractSamples(0, 8));
    expect(await readAll(store())).toEqual(sorted(contractSamples(0, 16)));
    await reopen();
    expect(await readAll(store())).toEqual(sorted(contractSamples(0, 16)));
  });

  it("says how it fares, tier by tier", async () => {
    const empty = await store().stats();
    expect(empty).toMatchObject({ samples: 0, events: 0, oldestAt: null, setAside: [], capped: [] });
    expect(empty.tiers.map(({ stepMs }) => stepMs)).toEqual(TIER_STEPS);
    const samples = steadySamples(8, 800);
    await store().append(samples);
    const stats = await store().stats();
    for (const [index, stepMs] of TIER_STEPS.entries()) {
      const expected = putTogether(samples, stepMs);
      const oldestAt = Math.min(...expected.map(({ at }) => at));
      const newestAt = Math.max(...expected.map(({ at }) => at));
      expect(stats.tiers[index]).toMatchObject({ stepMs, samples: expected.length, oldestAt, newestAt });
    }
    expect(stats.samples).toBe(stats.tiers.reduce((sum, tier) => sum + tier.samples, 0));
    expect(stats.oldestAt).toBe(stats.tiers.at(-1)?.oldestAt);
    expect(stats.bytes === null || stats.bytes > 0).toBe(true);
  });

  it("answers an increase asked where the data is, and stops when the asker leaves", async () => {
    const samples = steadySamples(0, 600 * CONTRACT_SERIES);
    for (const part of parts(samples, 800)) await store().append(part);
    const metric = "websocket.server.messages";
    const range = { fromAt: CONTRACT_START_AT, toAt: CONTRACT_START_AT + 600_000 };
    const query = { ...range, stepMs: 60_000, selectors: [{ metric, agg: "increase" as const }] };
    const answer = await store().ask("query", query);
    const minutes = putTogether(
      samples.filter(({ series }) => series.metric.name === metric),
      60_000,
    );
    const expected = Array.from({ length: 10 }, (_, minute) =>
      minutes
        .filter(({ at }) => at === CONTRACT_START_AT + minute * 60_000)
        .reduce((sum, sample) => sum + sample.sum, 0),
    );
    expect(answer.results[0]?.lines[0]?.values).toEqual(expected);
    await expect(store().ask("query", query, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: "AbortError",
    });
    const controller = new AbortController();
    const asked = store().ask("query", query, { signal: controller.signal });
    controller.abort();
    await expect(asked).rejects.toMatchObject({ name: "AbortError" });
    expect((await store().ask("query", query)).results).toHaveLength(1);
  });
}

/** Without what is not said of a distribution put together: its newest reading. */
function comparable(samples: readonly Sample[]): readonly unknown[] {
  return samples.map((sample) => (sample.histogram === undefined ? sample : { ...sample, last: undefined }));
}

function parts<T>(list: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
}

/** The same order every time, without any. */
function shuffled<T>(list: readonly T[]): readonly T[] {
  const order = (index: number): number => ((index * 7919 + 13) % 104_729) % 31;
  return list
    .map((item, index) => ({ item, order: order(index) }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
