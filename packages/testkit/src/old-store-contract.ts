import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sample, OldStore as Store } from "@wsight/hub";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  CONTRACT_INTERVAL_MS,
  CONTRACT_METRICS,
  CONTRACT_START_AT,
  CRASH_BATCH,
  contractSample,
  contractSamples,
} from "./contract-samples.ts";
import { until } from "./until.ts";

const KILL_ROUNDS = 5;
const ALL = { metrics: CONTRACT_METRICS, fromAt: 0, toAt: Number.MAX_SAFE_INTEGER };

/** How a store takes part in the contract; what it leaves out is not asked of it. */
export interface OldStoreContract {
  /** Opens the store that keeps its data in (or under the name of) `dir`. */
  readonly open: (dir: string) => Promise<Store>;
  /** Stops what works beneath an open store, as a fault in it would; resolves once it has stopped. */
  readonly crash?: (store: Store) => Promise<void>;
  /** Damages what a closed store has written to `dir`. */
  readonly corrupt?: (dir: string) => Promise<void>;
  /** Makes that nothing can be written to `dir` from now on; the answer undoes it. */
  readonly block?: (dir: string) => Promise<() => Promise<void>>;
  /** What messages about the data of `dir` name. @default `dir` itself */
  readonly place?: (dir: string) => string;
  /** Module that opens the store of `argv[2]` and calls `appendUntilKilled` from batch `argv[3]` on. */
  readonly crashChild?: URL;
}

/** What every store promises, as tests. Call it at the top level of a test file. */
export function oldStoreContract(name: string, contract: OldStoreContract): void {
  describe(`${name} keeps the store contract`, () => {
    let dir = "";
    let store: Store;

    beforeEach(async () => {
      dir = await mkdtemp(join(tmpdir(), "wsight-store-"));
      store = await contract.open(dir);
    });
    afterEach(async () => {
      await store.close();
      await rm(dir, { recursive: true, force: true });
    });
    const reopen = async (): Promise<void> => {
      await store.close();
      store = await contract.open(dir);
    };

    it("gives back exactly what was appended, extreme numbers, odd labels and histograms included", async () => {
      const samples = contractSamples(0, 3_000);
      await store.append(samples);
      expect(await readAll(store)).toEqual(sorted(samples));
    });

    it("gives back a sample without a histogram as one without", async () => {
      await store.append([contractSample(0)]);
      expect((await readAll(store))[0]).not.toHaveProperty("histogram");
    });

    it("replaces a sample that comes again, so that a retry leaves one", async () => {
      const samples = contractSamples(0, 100);
      await store.append(samples);
      await store.append(samples);
      const changed = { ...contractSample(42), sum: 4242, intervalMs: 1_000 };
      await store.append([changed]);
      const expected = samples.map((sample, index) => (index === 42 ? changed : sample));
      expect(await readAll(store)).toEqual(sorted(expected));
      expect((await store.stats()).samples).toBe(100);
    });

    it("keeps the last of the same sample within one append", async () => {
      await store.append([contractSample(1), { ...contractSample(1), sum: 7 }]);
      expect(await readAll(store)).toEqual([{ ...contractSample(1), sum: 7 }]);
    });

    it("takes no samples as nothing to do", async () => {
      await store.append([]);
      expect((await store.stats()).samples).toBe(0);
    });

    it("reads intervals that start in [fromAt, toAt)", async () => {
      await store.append(contractSamples(0, 80));
      const fromAt = CONTRACT_START_AT + 2 * CONTRACT_INTERVAL_MS;
      const read = await store.read({ ...ALL, fromAt, toAt: fromAt + 3 * CONTRACT_INTERVAL_MS });
      expect(sorted(read)).toEqual(sorted(contractSamples(16, 24)));
    });

    it("reads only the metrics that are named, and none when none is", async () => {
      const samples = contractSamples(0, 80);
      await store.append(samples);
      for (const metric of CONTRACT_METRICS) {
        const read = await store.read({ ...ALL, metrics: [metric] });
        expect(sorted(read)).toEqual(sorted(samples.filter(({ series }) => series.metric.name === metric)));
      }
      expect(await store.read({ ...ALL, metrics: [] })).toEqual([]);
      expect(await store.read({ ...ALL, metrics: ["process.uptime"] })).toEqual([]);
    });

    it("reads only the node that is named", async () => {
      const samples = contractSamples(0, 80);
      await store.append(samples);
      expect(sorted(await store.read({ ...ALL, node: "chat/2" }))).toEqual(
        sorted(samples.filter(({ node }) => node === "chat/2")),
      );
      expect(await store.read({ ...ALL, node: "chat/9" })).toEqual([]);
    });

    it("reads in order of time, whatever order the appends came in", async () => {
      for (const first of [400, 0, 200]) await store.append([...contractSamples(first, 200)].reverse());
      const times = (await store.read(ALL)).map(({ at }) => at);
      expect(times).toHaveLength(600);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    });

    it("keeps all of many appends at once", async () => {
      const batches = Array.from({ length: 40 }, (_, i) => contractSamples(i * 50, 50));
      await Promise.all(batches.map((batch) => store.append(batch)));
      expect(await readAll(store)).toEqual(sorted(contractSamples(0, 2_000)));
    });

    it.each([
      ["NaN", { sum: Number.NaN }],
      ["infinity", { max: Number.POSITIVE_INFINITY }],
      ["a fraction of a millisecond", { at: 1.5 }],
      ["an empty interval", { intervalMs: 0 }],
    ])("refuses %s with the rest of its append, and says what is wrong", async (_, fault) => {
      await expect(store.append([contractSample(0), { ...contractSample(1), ...fault }])).rejects.toMatchObject({
        code: "BAD_REQUEST",
        message: expect.stringMatching(/expected .+, got /),
      });
      expect(await readAll(store)).toEqual([]);
    });

    it("prunes what started before a time, all of it and no more, and says how much", async () => {
      await store.append(contractSamples(0, 12_000));
      const beforeAt = CONTRACT_START_AT + 1_400 * CONTRACT_INTERVAL_MS;
      expect(await store.prune(beforeAt)).toBe(11_200);
      expect(await store.prune(beforeAt)).toBe(0);
      expect(await readAll(store)).toEqual(sorted(contractSamples(11_200, 800)));
      expect(await store.stats()).toMatchObject({ samples: 800, oldestAt: beforeAt });
    });

    it("takes and reads samples while it prunes", async () => {
      await store.append(contractSamples(0, 12_000));
      const pruned = store.prune(CONTRACT_START_AT + 1_400 * CONTRACT_INTERVAL_MS);
      await store.append(contractSamples(12_000, 80));
      expect(await pruned).toBe(11_200);
      expect(await readAll(store)).toEqual(sorted(contractSamples(11_200, 880)));
    });

    it("takes a series again after all of it was pruned", async () => {
      await store.append(contractSamples(0, 8));
      await store.prune(CONTRACT_START_AT + 1);
      await store.append(contractSamples(8, 8));
      await store.append(contractSamples(0, 8));
      expect(await readAll(store)).toEqual(sorted(contractSamples(0, 16)));
    });

    it("says how it fares", async () => {
      expect(await store.stats()).toMatchObject({ samples: 0, oldestAt: null, setAside: [] });
      await store.append(contractSamples(8, 16));
      const stats = await store.stats();
      expect(stats).toMatchObject({ samples: 16, oldestAt: CONTRACT_START_AT + CONTRACT_INTERVAL_MS });
      expect(stats.bytes === null || stats.bytes > 0).toBe(true);
    });

    it("gives up a read whose signal is aborted, before and during", async () => {
      await store.append(contractSamples(0, 20_000));
      await expect(store.read(ALL, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
      const controller = new AbortController();
      const read = store.read(ALL, { signal: controller.signal });
      controller.abort();
      await expect(read).rejects.toMatchObject({ name: "AbortError" });
      expect(await store.read({ ...ALL, toAt: CONTRACT_START_AT + 1 })).toHaveLength(8);
    });

    it("still has everything after it was closed and opened again", async () => {
      await store.append(contractSamples(0, 500));
      await reopen();
      expect(await readAll(store)).toEqual(sorted(contractSamples(0, 500)));
      expect((await store.stats()).samples).toBe(500);
      await store.append(contractSamples(400, 200));
      expect(await readAll(store)).toEqual(sorted(contractSamples(0, 600)));
    });

    it("finishes what it accepted before it closes, closes twice, and then refuses", async () => {
      const accepted = store.append(contractSamples(0, 2_000));
      await Promise.all([store.close(), store.close(), accepted]);
      await expect(store.append(contractSamples(0, 1))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await expect(store.read(ALL)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await reopen();
      expect(await readAll(store)).toHaveLength(2_000);
    });

    const { crash, corrupt, block, crashChild, place = (name: string) => name } = contract;

    it.runIf(crash)(
      "rejects what waits when its engine stops, and comes back with all that was acknowledged",
      async () => {
        await store.append(contractSamples(0, 400));
        const waiting = store.append(contractSamples(400, 4_000));
        const refused = expect(waiting).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
        await crash?.(store);
        await refused;
        await until(() => store.append(contractSamples(400, 4_000)).then(() => true), {
          what: "the engine to be back",
        });
        expect(await readAll(store)).toEqual(sorted(contractSamples(0, 4_400)));
      },
    );

    // What a variant has no part in is no test of it: a skipped one would count.
    if (corrupt !== undefined)
      it("moves damaged data aside, says where, and begins anew", async () => {
        await store.append(contractSamples(0, 400));
        await store.close();
        await corrupt(dir);
        store = await contract.open(dir);
        await store.append(contractSamples(400, 8));
        expect(await readAll(store)).toEqual(sorted(contractSamples(400, 8)));
        expect((await store.stats()).setAside).toHaveLength(1);
        await reopen();
        expect(await readAll(store)).toHaveLength(8);
      });

    it.runIf(block)("opens where it can't write, says so with each call, and works once it can", async () => {
      await store.close();
      const unblock = await block?.(dir);
      store = await contract.open(dir);
      const refusal = { code: "STORE_UNAVAILABLE", message: expect.stringContaining(place(dir)) };
      await expect(store.append(contractSamples(0, 8))).rejects.toMatchObject(refusal);
      await expect(store.read(ALL)).rejects.toMatchObject(refusal);
      await unblock?.();
      await store.append(contractSamples(0, 8));
      expect(await readAll(store)).toHaveLength(8);
    });

    it.runIf(crashChild)(
      `has every acknowledged sample once, with its exact value, after ${KILL_ROUNDS} kills`,
      { timeout: 60_000 },
      async () => {
        await store.close();
        let acknowledged = -1;
        for (let round = 0; round < KILL_ROUNDS; round++) {
          acknowledged = await killDuringAppends(crashChild as URL, dir, acknowledged + 1, 3 + 4 * round);
          store = await contract.open(dir);
          const read = await readAll(store);
          expect(read.length).toBeGreaterThanOrEqual((acknowledged + 1) * CRASH_BATCH);
          expect(read.length % CRASH_BATCH).toBe(0);
          expect(read).toEqual(sorted(contractSamples(0, read.length)));
          expect((await store.stats()).samples).toBe(read.length);
          expect((await store.stats()).setAside).toEqual([]);
          await store.close();
        }
      },
    );
  });
}

/** Lets a child append, kills it in the midst of its work after `batches` acknowledgements, and says the last one that was given. */
async function killDuringAppends(script: URL, dir: string, firstBatch: number, batches: number): Promise<number> {
  // A group of its own, so that the kill also hits the processes that the store may have started.
  const child: ChildProcess = fork(script, [dir, String(firstBatch)], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit", "ipc"],
    execArgv: [],
  });
  let said = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    if (said.split("\n").length > batches) kill(child);
  });
  await once(child, "close");
  if (child.signalCode !== "SIGKILL") throw new Error(`the child ended by itself: ${said}`);
  const lines = said.split("\n").slice(0, -1);
  return Number(lines.at(-1));
}

function kill({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, "SIGKILL");
}

async function readAll(store: Store): Promise<readonly Sample[]> {
  return sorted(await store.read(ALL));
}

/** In an order that depends on the samples alone, with histograms as plain bytes. */
function sorted(samples: readonly Sample[]): readonly Sample[] {
  const order = ({ at, node, series }: Sample): string =>
    `${at} ${node} ${series.metric.name} ${JSON.stringify(series.labels)}`;
  return samples
    .map((sample) => ({ order: order(sample), sample }))
    .sort((a, b) => (a.order < b.order ? -1 : 1))
    .map(({ sample }) => sample);
}
