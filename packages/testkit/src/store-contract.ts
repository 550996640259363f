import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sample, Store } from "@wsight/hub";
import type { Retention, TierStep } from "@wsight/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ContractRig, everything, readAll } from "./contract-rig.ts";
import {
  CONTRACT_INTERVAL_MS,
  CONTRACT_METRICS,
  CONTRACT_SERIES,
  CONTRACT_START_AT,
  CRASH_BATCH,
  contractSample,
  contractSamples,
} from "./contract-samples.ts";
import { nameOf, putTogether, sorted, TIER_STEPS } from "./contract-tiers.ts";
import { eventContract } from "./store-contract-events.ts";
import { tierContract } from "./store-contract-tiers.ts";
import { until } from "./until.ts";

const KILL_ROUNDS = 5;

/** How a store takes part in the contract; what it leaves out is not asked of it. */
export interface StoreContract {
  /** Opens the store that keeps its data in (or under the name of) `dir`. */
  readonly open: (dir: string, options?: { readonly retention?: Retention }) => Promise<Store>;
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
  /** Opens the copy that `backup` made at `path`; a store that leaves it out has to refuse `backup`. */
  readonly openBackup?: (path: string) => Promise<Store>;
}

/** What every store promises, as tests. Call it at the top level of a test file. */
export function storeContract(name: string, contract: StoreContract): void {
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
    const reopen: ContractRig["reopen"] = async (options) => {
      await store.close();
      store = await contract.open(dir, options);
    };

    tierContract({ store: () => store, reopen });
    eventContract({ store: () => store, reopen });

    it.each(TIER_STEPS)("gives back exactly what was appended at %i ms, odd numbers and labels too", async (stepMs) => {
      const samples = contractSamples(0, 1_600, stepMs);
      await store.append(samples);
      expect(await readAll(store, { stepMs })).toEqual(sorted(samples));
    });

    it.each([Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, Number.MAX_SAFE_INTEGER])(
      "gives back %d as it is",
      async (value) => {
        const sample = { ...contractSample(2), min: value, max: value, sum: value, last: value };
        await store.append([sample]);
        for (const stepMs of TIER_STEPS) {
          expect(await readAll(store, { stepMs })).toEqual(putTogether([sample], stepMs));
        }
      },
    );

    it("gives back a sample without a histogram as one without", async () => {
      await store.append([contractSample(0)]);
      expect((await readAll(store))[0]).not.toHaveProperty("histogram");
    });

    it("reads series by series, each in order of time, whatever order the appends came in", async () => {
      for (const first of [400, 0, 200]) await store.append([...contractSamples(first, 200)].reverse());
      const samples: Sample[] = [];
      for await (const page of store.read(everything())) samples.push(...page);
      expect(samples).toHaveLength(600);
      const runs = samples.filter((sample, i) => i === 0 || nameOf(sample) !== nameOf(samples[i - 1] as Sample));
      expect(runs).toHaveLength(CONTRACT_SERIES);
      samples.forEach((sample, i) => {
        const before = samples[i - 1];
        if (before !== undefined && nameOf(before) === nameOf(sample)) expect(sample.at).toBeGreaterThan(before.at);
      });
    });

    it("takes no samples as nothing to do", async () => {
      await store.append([]);
      expect((await store.stats()).samples).toBe(0);
    });

    it("reads intervals that start in [fromAt, toAt)", async () => {
      await store.append(contractSamples(0, 80));
      const fromAt = CONTRACT_START_AT + 2 * CONTRACT_INTERVAL_MS;
      const read = await readAll(store, { fromAt, toAt: fromAt + 3 * CONTRACT_INTERVAL_MS });
      expect(read).toEqual(sorted(contractSamples(16, 24)));
    });

    it("reads only the metrics that are named, and none when none is", async () => {
      const samples = contractSamples(0, 80);
      await store.append(samples);
      for (const metric of CONTRACT_METRICS) {
        const read = await readAll(store, { metrics: [metric] });
        expect(read).toEqual(sorted(samples.filter(({ series }) => series.metric.name === metric)));
      }
      expect(await readAll(store, { metrics: [] })).toEqual([]);
      expect(await readAll(store, { metrics: ["process.uptime"] })).toEqual([]);
    });

    it("reads only the node that is named", async () => {
      const samples = contractSamples(0, 80);
      await store.append(samples);
      const read = await readAll(store, { node: "chat/2" });
      expect(read).toEqual(sorted(samples.filter(({ node }) => node === "chat/2")));
      expect(await readAll(store, { node: "chat/9" })).toEqual([]);
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
      ["an empty interval", { intervalMs: 0 as TierStep }],
      ["an interval that is no tier's", { intervalMs: 2_000 as TierStep }],
      ["a time that is no start of an interval", { at: CONTRACT_START_AT + 1 }],
    ])("refuses %s with the rest of its append, and says what is wrong", async (_, fault) => {
      await expect(store.append([contractSample(0), { ...contractSample(1), ...fault }])).rejects.toMatchObject({
        code: "BAD_REQUEST",
        message: expect.stringMatching(/expected .+, got /),
      });
      expect(await readAll(store)).toEqual([]);
    });

    it("gives up a read whose signal is aborted, before and during", async () => {
      for (let first = 0; first < 20_000; first += 5_000) await store.append(contractSamples(first, 5_000));
      await expect(readAll(store, {}, AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
      const controller = new AbortController();
      const read = readAll(store, {}, controller.signal);
      controller.abort();
      await expect(read).rejects.toMatchObject({ name: "AbortError" });
      expect(await readAll(store, { toAt: CONTRACT_START_AT + 1 })).toHaveLength(CONTRACT_SERIES);
    });

    it("lets a reader leave in the midst, and goes on", async () => {
      for (let first = 0; first < 20_000; first += 5_000) await store.append(contractSamples(first, 5_000));
      for await (const page of store.read(everything())) {
        expect(page.length).toBeGreaterThan(0);
        break;
      }
      await store.append(contractSamples(20_000, 8));
      expect(await readAll(store)).toHaveLength(20_008);
    });

    it("still has everything after it was closed and opened again", async () => {
      await store.append(contractSamples(0, 500));
      await reopen();
      expect(await readAll(store)).toEqual(sorted(contractSamples(0, 500)));
      await store.append(contractSamples(400, 200));
      expect(await readAll(store)).toEqual(sorted(contractSamples(0, 600)));
    });

    it("finishes what it accepted before it closes, closes twice, and then refuses", async () => {
      const accepted = store.append(contractSamples(0, 2_000));
      await Promise.all([store.close(), store.close(), accepted]);
      const refusal = { code: "STORE_UNAVAILABLE" };
      await expect(store.append(contractSamples(0, 1))).rejects.toMatchObject(refusal);
      await expect(readAll(store)).rejects.toMatchObject(refusal);
      await expect(store.ask("events", { fromAt: 0, toAt: 1, limit: 1 })).rejects.toMatchObject(refusal);
      await reopen();
      expect(await readAll(store)).toHaveLength(2_000);
    });

    const { crash, corrupt, block, crashChild, openBackup, place = (name: string) => name } = contract;

    it.runIf(crash)(
      "rejects what waits when its engine stops, and comes back with all that was acknowledged",
      async () => {
        await store.append(contractSamples(0, 400));
        const waiting = Array.from({ length: 40 }, (_, i) => store.append(contractSamples(400 + i * 100, 100)));
        const outcomes = Promise.allSettled(waiting);
        await crash?.(store);
        const refused = (await outcomes).filter((outcome) => outcome.status === "rejected");
        expect(refused.length).toBeGreaterThan(0);
        for (const { reason } of refused) expect(reason).toMatchObject({ code: "STORE_UNAVAILABLE" });
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
      await expect(readAll(store)).rejects.toMatchObject(refusal);
      await unblock?.();
      await store.append(contractSamples(0, 8));
      expect(await readAll(store)).toHaveLength(8);
    });

    it(`${openBackup === undefined ? "refuses a backup, saying what to use instead" : "makes a whole copy while writing goes on"}`, async () => {
      await store.append(contractSamples(0, 4_000));
      const path = join(dir, "copy.db");
      if (openBackup === undefined) {
        await expect(store.backup(path)).rejects.toMatchObject({ code: "BAD_REQUEST" });
        return;
      }
      await Promise.all([store.backup(path), store.append(contractSamples(4_000, 80))]);
      const copy = await openBackup(path);
      const copied = await readAll(copy);
      await copy.close();
      expect([4_000, 4_080]).toContain(copied.length);
      expect(copied).toEqual(sorted(contractSamples(0, copied.length)));
    });

    it.runIf(crashChild)(
      `has every acknowledged sample once, with its exact value, after ${KILL_ROUNDS} kills`,
      { timeout: 60_000 },
      async () => {
        await store.close();
        let acknowledged = -1;
        for (let round = 0; round < KILL_ROUNDS; round++) {
          // Of 12 batches the head is written to blocks: some kills are before, some in the midst of that, some after.
          acknowledged = await killDuringAppends(crashChild as URL, dir, acknowledged + 1, 3 + 4 * round);
          store = await contract.open(dir);
          const read = await readAll(store);
          expect(read.length).toBeGreaterThanOrEqual((acknowledged + 1) * CRASH_BATCH);
          expect(read.length % CRASH_BATCH).toBe(0);
          expect(read).toEqual(sorted(contractSamples(0, read.length)));
          const counts = await readAll(store, { stepMs: 60_000 });
          expect(counts.map(({ count }) => count)).toEqual(sorted(putTogether(read, 60_000)).map(({ count }) => count));
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
