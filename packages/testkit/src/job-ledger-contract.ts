import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JobLedger, JobRecord, LedgerQuery } from "@wsight/hub";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ALL_ENDED, EMPTY_BATCH, endedJob, fullJob, JOBS_START_AT, sampleJob } from "./job-samples.ts";

/** How a ledger takes part in the contract. */
export interface JobLedgerContract {
  /** Opens the ledger of a hub that keeps what it has in (or under the name of) `dir`. */
  readonly open: (dir: string) => Promise<JobLedger>;
  /** False for one that remembers only while it is open. @default true */
  readonly isDurable?: boolean;
}

/** What a ledger of jobs promises, as tests. Call it at the top level of a test file. */
export function jobLedgerContract(name: string, { open, isDurable = true }: JobLedgerContract): void {
  describe(`${name} keeps the contract of job ledgers`, () => {
    let dir = "";
    let ledger: JobLedger;
    beforeEach(async () => {
      dir = await mkdtemp(join(tmpdir(), "wsight-jobs-"));
      ledger = await open(dir);
    });
    afterEach(async () => {
      await ledger.close();
      await rm(dir, { recursive: true, force: true });
    });
    const reopen = async (): Promise<void> => {
      if (!isDurable) return;
      await ledger.close();
      ledger = await open(dir);
    };
    const save = (...jobs: readonly JobRecord[]): Promise<void> => ledger.save({ ...EMPTY_BATCH, jobs });
    const ended = async (query: Partial<LedgerQuery> = {}): Promise<readonly [number, readonly string[]]> => {
      const { matched, jobs } = await ledger.ended({ ...ALL_ENDED, ...query });
      return [matched, jobs.map(({ id }) => id)];
    };
    const loaded = async (): Promise<readonly string[]> =>
      ((await ledger.load())?.jobs ?? []).map(({ id, state }) => `${id} ${state}`).sort();

    it("has nothing before something was kept", async () => {
      expect(await ledger.load()).toBeNull();
      expect(await ended()).toEqual([0, []]);
      expect(await ledger.find("documents", "job-1")).toBeNull();
    });

    it("gives jobs and nodes back as they were, whatever is in them", async () => {
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      const jobs = [fullJob(), sampleJob(1), sampleJob(2, { queue: "queue 'x' \u00e9", id: "a:b/c $1" })];
      const nodes = [
        { key: "documents\u0001ocr", bytes },
        { key: "empty", bytes: new Uint8Array() },
      ];
      await ledger.save({ jobs, nodes });
      await reopen();
      const book = await ledger.load();
      expect(new Set(book?.jobs)).toEqual(new Set(jobs));
      expect([...(book?.nodes ?? [])].sort((a, b) => (a.key < b.key ? -1 : 1))).toEqual(nodes);
      expect(await ledger.find("documents", "job-7")).toEqual(fullJob());
      expect(await ledger.find("queue 'x' \u00e9", "a:b/c $1")).toEqual(jobs[2]);
      expect((await ledger.ended(ALL_ENDED)).jobs).toEqual([fullJob()]);
    });

    it("puts the newest record in the place of those before, and the same again changes nothing", async () => {
      await save(sampleJob(1), sampleJob(2));
      await save(sampleJob(1, { state: "active", percent: 40 }), sampleJob(1, { state: "active", percent: 60 }));
      await save(endedJob(2));
      await save(endedJob(2));
      await reopen();
      expect(await loaded()).toEqual(["job-1 active", "job-2 completed"]);
      expect(await ledger.find("documents", "job-1")).toMatchObject({ percent: 60 });
      expect(await ended()).toEqual([1, ["job-2"]]);
    });

    it("takes a job that is tried again out of those that ended", async () => {
      await save(endedJob(1, { state: "failed" }));
      await save(sampleJob(1, { attempt: 1 }));
      expect(await ended()).toEqual([0, []]);
      expect(await loaded()).toEqual(["job-1 waiting"]);
      await save(endedJob(1));
      expect(await ended()).toEqual([1, ["job-1"]]);
      expect(await loaded()).toEqual(["job-1 completed"]);
    });

    it("tells two jobs of one id apart: the older is history, and the newer is found", async () => {
      const [first, second] = [endedJob(1), sampleJob(1, { createdAt: JOBS_START_AT + 60_000 })];
      await save(first, second);
      expect(await ledger.find("documents", "job-1")).toEqual(second);
      expect(await ended()).toEqual([1, ["job-1"]]);
      await save({ ...second, state: "completed", endedAt: JOBS_START_AT + 61_000 });
      expect(await ended()).toEqual([2, ["job-1", "job-1"]]);
      expect(await ledger.find("documents", "job-1")).toMatchObject({ endedAt: JOBS_START_AT + 61_000 });
    });

    it("keeps one live job of an id, the one that came last", async () => {
      await save(sampleJob(1), sampleJob(1, { createdAt: JOBS_START_AT - 5_000, percent: 3 }));
      await save(sampleJob(2, { createdAt: 5 }));
      await save(sampleJob(2, { createdAt: 4 }));
      expect(await loaded()).toEqual(["job-1 waiting", "job-2 waiting"]);
      expect(await ledger.find("documents", "job-1")).toMatchObject({ percent: 3 });
      expect(await ledger.find("documents", "job-2")).toMatchObject({ createdAt: 4 });
    });

    it("replaces and forgets what was learned", async () => {
      const node = (key: string, ...bytes: readonly number[]) => ({ key, bytes: Uint8Array.from(bytes) });
      await ledger.save({ ...EMPTY_BATCH, nodes: [node("a", 1), node("b", 2)] });
      await ledger.save({ ...EMPTY_BATCH, nodes: [node("a", 3, 4), { key: "b", bytes: null }] });
      await ledger.save({ ...EMPTY_BATCH, nodes: [{ key: "never there", bytes: null }] });
      await reopen();
      expect(await ledger.load()).toEqual({ jobs: [], nodes: [node("a", 3, 4)] });
    });

    it("lists those that ended newest first, a window at a time, and says how many there are", async () => {
      await save(...Array.from({ length: 450 }, (_, number) => endedJob(number)), sampleJob(1_000));
      const [matched, newest] = await ended({ limit: 3 });
      expect([matched, newest]).toEqual([450, ["job-449", "job-448", "job-447"]]);
      expect(await ended({ offset: 448 })).toEqual([450, ["job-1", "job-0"]]);
      expect(await ended({ offset: 450 })).toEqual([450, []]);
      const pages = await Promise.all([0, 200, 400].map((offset) => ended({ offset })));
      expect(new Set(pages.flatMap(([, ids]) => ids)).size).toBe(450);
    });

    it("narrows them by queue, state and user, and by words in an id, a name or a label", async () => {
      await save(
        endedJob(1, { userId: "ann", label: "Bericht Ü1.PDF" }),
        endedJob(2, { userId: "ann", state: "failed" }),
        endedJob(3, { userId: "bob", queue: "mail", name: "Send_Mail" }),
        endedJob(4, { state: "removed", label: "100 %!" }),
      );
      expect(await ended({ queue: "mail" })).toEqual([1, ["job-3"]]);
      expect(await ended({ states: ["failed", "removed"] })).toEqual([2, ["job-4", "job-2"]]);
      expect(await ended({ states: ["waiting"] })).toEqual([0, []]);
      const [second, fourth] = [endedJob(2).endedAt ?? 0, endedJob(4).endedAt ?? 0];
      expect(await ended({ endedFrom: second, endedBefore: fourth })).toEqual([2, ["job-3", "job-2"]]);
      expect(await ended({ userId: "ann" })).toEqual([2, ["job-2", "job-1"]]);
      expect(await ended({ userId: "ann", queue: "documents", states: ["failed"] })).toEqual([1, ["job-2"]]);
      expect(await ended({ search: "JOB-" })).toEqual([4, ["job-4", "job-3", "job-2", "job-1"]]);
      expect(await ended({ search: "ricHT ü1" })).toEqual([1, ["job-1"]]);
      expect(await ended({ search: "d_m" })).toEqual([1, ["job-3"]]);
      expect(await ended({ search: "%!" })).toEqual([1, ["job-4"]]);
      expect(await ended({ search: "ricHT ü1", withoutLabels: true })).toEqual([0, []]);
      expect(await ended({ search: "", withoutLabels: true })).toEqual([4, ["job-4", "job-3", "job-2", "job-1"]]);
      expect(await ended({ search: "JOB-", withoutLabels: true })).toEqual([4, ["job-4", "job-3", "job-2", "job-1"]]);
      expect(await ended({ search: "o_r" })).toEqual([0, []]);
      expect(await ended({ search: "job", queue: "mail", userId: "bob", limit: 1 })).toEqual([1, ["job-3"]]);
    });

    it("goes on with all that are live, and the newest 1000 of those that ended", { timeout: 60_000 }, async () => {
      await save(...Array.from({ length: 5_000 }, (_, number) => sampleJob(number, { queue: `q${number % 3}` })));
      await save(...Array.from({ length: 1_100 }, (_, number) => endedJob(10_000 + number)));
      const nodes = Array.from({ length: 2_500 }, (_, number) => ({ key: `n${number}`, bytes: new Uint8Array(64) }));
      await ledger.save({ ...EMPTY_BATCH, nodes });
      await reopen();
      const book = await ledger.load();
      expect(book?.jobs.filter(({ state }) => state === "waiting")).toHaveLength(5_000);
      const done = book?.jobs.filter(({ state }) => state === "completed") ?? [];
      expect(done).toHaveLength(1_000);
      expect(Math.min(...done.map(({ createdAt }) => createdAt))).toBe(endedJob(10_100).createdAt);
      expect(new Set(book?.nodes.map(({ key }) => key)).size).toBe(2_500);
      expect((await ended())[0]).toBe(1_100);
    });

    it("keeps what was told at the same time in the order in which it was told", async () => {
      const saves = Array.from({ length: 100 }, (_, number) =>
        save(sampleJob(1, { state: "active", percent: number }), sampleJob(2 + number)),
      );
      await Promise.all(saves);
      await reopen();
      expect(await ledger.find("documents", "job-1")).toMatchObject({ percent: 99 });
      expect((await loaded()).length).toBe(101);
    });

    it("is closed once, however often it is asked to", async () => {
      await save(sampleJob(1));
      await ledger.close();
      await ledger.close();
    });
  });
}
