import { readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import {
  createJobLedger,
  createJobs,
  type LedgerBatch,
  openJobTables,
  type ProcessLedger,
  systemClock,
} from "@wsight/hub";
import {
  ALL_ENDED,
  EMPTY_BATCH,
  endedJob,
  findPostgres,
  JOBS_START_AT,
  jobLedgerContract,
  sampleJob,
  until,
} from "@wsight/testkit";
import Database from "libsql";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeDir } from "./harness.ts";
import { makeDatabase, runSql, usePostgres } from "./postgres-rig.ts";

const DAY_MS = 86_400_000;

jobLedgerContract("memory", {
  open: async () => createJobLedger({ dataDir: null, onError: () => undefined }),
  isDurable: false,
});
jobLedgerContract("libsql", {
  open: async (dataDir) => createJobLedger({ dataDir, onError: () => undefined }),
});

function openLedger(dataDir: string | null, errors: string[] = [], store?: string): ProcessLedger {
  const onError = (error: unknown): void => void errors.push((error as Error).message);
  const ledger = createJobLedger({ dataDir, store, onError });
  onTestFinished(() => ledger.close());
  return ledger;
}

const batchOf = (...jobs: LedgerBatch["jobs"]): LedgerBatch => ({ ...EMPTY_BATCH, jobs });

describe("a ledger in a file", () => {
  it("starts no process and writes nothing before something is to be kept", async () => {
    const dataDir = await makeDir();
    const ledger = openLedger(join(dataDir, "data"));
    expect(await ledger.load()).toBeNull();
    expect(await ledger.ended(ALL_ENDED)).toEqual({ matched: 0, jobs: [] });
    expect(ledger.status()).toEqual({ state: "ok", problem: null, dropped: 0, beginnings: 0 });
    expect([ledger.pid, readdirSync(dataDir)]).toEqual([null, []]);
    await ledger.save(batchOf(sampleJob(1)));
    expect(ledger.pid).not.toBeNull();
    expect(ledger.status().state).toBe("ok");
    expect(statSync(join(dataDir, "data", "jobs.db")).mode & 0o777).toBe(0o600);
  });

  it("moves a damaged file aside, says where, and begins an empty one", async () => {
    const dataDir = await makeDir();
    writeFileSync(join(dataDir, "jobs.db"), "not a database ".repeat(1_000));
    const errors: string[] = [];
    const ledger = openLedger(dataDir, errors);
    expect(await ledger.load()).toBeNull();
    expect(errors.join()).toMatch(/jobs: .*lost: what was damaged is now jobs\.db\.corrupt-/i);
    expect(ledger.status()).toMatchObject({ state: "ok", problem: expect.stringContaining(".corrupt-") });
    await ledger.save(batchOf(endedJob(1)));
    expect((await ledger.ended(ALL_ENDED)).matched).toBe(1);
    expect(readdirSync(dataDir).some((name) => name.startsWith("jobs.db.corrupt-"))).toBe(true);
  });

  it("has what a hub still knows of jobs kept anew when the file goes away while it is used", async () => {
    const dataDir = await makeDir();
    const ledger = openLedger(dataDir);
    const jobs = createJobs({ clock: systemClock, ledger, onError: () => undefined });
    const source = { source: "app", node: null } as const;
    const at = Date.now();
    const queued = (job: string) => jobs.take([{ kind: "queued", at, queue: "mail", job }], source).kept;
    await queued("1");
    for (const companion of ["", "-wal", "-shm"]) rmSync(join(dataDir, `jobs.db${companion}`), { force: true });
    await queued("2");
    expect(ledger.status()).toMatchObject({ beginnings: 1, problem: expect.stringContaining("deleted or moved away") });
    jobs.observe(at + 1_000);
    await until(() => ledger.find("mail", "1").then((job) => job !== null), { what: "the job that was lost" });
    await jobs.close();
  });

  it("goes on when the file was cut short", async () => {
    const dataDir = await makeDir();
    const first = openLedger(dataDir);
    await first.save(batchOf(...Array.from({ length: 2_000 }, (_, number) => endedJob(number))));
    await first.close();
    truncateSync(join(dataDir, "jobs.db"), statSync(join(dataDir, "jobs.db")).size / 2);
    const ledger = openLedger(dataDir);
    await ledger.load().catch(() => undefined);
    await ledger.save(batchOf(...Array.from({ length: 10 }, (_, number) => sampleJob(number))));
    expect((await ledger.load())?.jobs.filter(({ state }) => state === "waiting")).toHaveLength(10);
  });

  it("keeps what was to be kept once its directory can be used, and callers wait for that", async () => {
    const dataDir = await makeDir();
    const taken = join(dataDir, "taken");
    writeFileSync(taken, "");
    const errors: string[] = [];
    const ledger = openLedger(taken, errors);
    let kept = false;
    const saved = ledger.save(batchOf(sampleJob(1))).then(() => {
      kept = true;
    });
    await until(() => ledger.status().state === "failing", { what: "a ledger that says so" });
    expect(ledger.status().problem).toContain(join(taken, "jobs.db"));
    expect(kept).toBe(false);
    const later = ledger.save(batchOf(sampleJob(1, { state: "active" })));
    rmSync(taken);
    await Promise.all([saved, later]);
    expect(await ledger.find("documents", "job-1")).toMatchObject({ state: "active" });
    expect(ledger.status()).toEqual({ state: "ok", problem: null, dropped: 0, beginnings: 0 });
    expect(errors.length).toBeGreaterThan(0);
  });

  it("leaves a file of a newer version or of another program alone, and says so", async () => {
    const dataDir = await makeDir();
    const other = new Database(join(dataDir, "jobs.db"));
    other.exec("CREATE TABLE accounts (id)");
    other.close();
    const ledger = openLedger(dataDir);
    await expect(ledger.load()).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringMatching(/^jobs.*another program/),
    });
  });

  it("lets the oldest give way beyond 100,000 that wait, and counts them", async () => {
    const dataDir = await makeDir();
    const ledger = openLedger(dataDir);
    await ledger.save(batchOf(sampleJob(1)));
    const holder = new Database(join(dataDir, "jobs.db"));
    holder.exec("BEGIN IMMEDIATE");
    // The one before is done with altogether.
    await new Promise((resolve) => setImmediate(resolve));
    const first = ledger.save(batchOf(sampleJob(2)));
    const rest = Promise.allSettled(
      [0, 1, 2].map((part) =>
        ledger.save(batchOf(...Array.from({ length: 40_000 }, (_, index) => sampleJob(10 + part * 40_000 + index)))),
      ),
    );
    expect(ledger.status().dropped).toBe(20_000);
    holder.exec("ROLLBACK");
    holder.close();
    await first;
    const found = async (id: string): Promise<boolean> => (await ledger.find("documents", id)) !== null;
    await until(() => found("job-20010"), { what: "the oldest that did not give way", timeoutMs: 30_000 });
    expect([await found("job-10"), await found("job-20009")]).toEqual([false, false]);
    await ledger.close();
    await rest;
  }, 60_000);

  it("does not wait at its end for what can't be kept, and says so to who waits", async () => {
    const dataDir = await makeDir();
    const ledger = openLedger(dataDir);
    await ledger.save(batchOf(sampleJob(1)));
    const holder = new Database(join(dataDir, "jobs.db"));
    onTestFinished(() => void holder.close());
    holder.exec("BEGIN IMMEDIATE");
    const saved = expect(ledger.save(batchOf(sampleJob(2)))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await ledger.close();
    await saved;
  });

  it("does not hold up what comes after it when it is refused for good", async () => {
    const ledger = openLedger(await makeDir());
    const impossible = sampleJob(1, { queue: null as unknown as string });
    await expect(ledger.save(batchOf(impossible))).rejects.toMatchObject({ code: "BAD_REQUEST" });
    await ledger.save(batchOf(sampleJob(2)));
    expect(ledger.status()).toMatchObject({ state: "ok", problem: null, dropped: 1 });
  });

  it("keeps 2,000 jobs well within a quarter of a second", { retry: 2 }, async () => {
    const ledger = openLedger(await makeDir());
    await ledger.save(batchOf(sampleJob(1)));
    const took: number[] = [];
    for (let round = 0; round < 8; round++) {
      const jobs = Array.from({ length: 2_000 }, (_, number) => endedJob(number + round * 1_000));
      const startedAt = performance.now();
      await ledger.save(batchOf(...jobs));
      took.push(performance.now() - startedAt);
    }
    expect(Math.min(...took)).toBeLessThan(250);
  });

  it("forgets what ended more than 30 days ago, in slices, and never a live one", async () => {
    const dataDir = await makeDir();
    const tables = await openJobTables({ engine: "libsql", dataDir }, Date.now, () => undefined);
    onTestFinished(() => tables.close());
    const ledger = openLedger(dataDir);
    await ledger.save(batchOf(...Array.from({ length: 5_000 }, (_, number) => endedJob(number)), sampleJob(9_999)));
    await tables.prune(JOBS_START_AT + 30 * DAY_MS + 4_990_500);
    expect((await ledger.ended(ALL_ENDED)).matched).toBe(10);
    expect((await ledger.load())?.jobs).toHaveLength(11);
  });
});

describe.skipIf(findPostgres() === null)("a ledger on a PostgreSQL (needs postgresql)", () => {
  const server = usePostgres();

  jobLedgerContract("PostgreSQL", {
    open: async (dataDir) => {
      const store = await makeDatabase(server(), basename(dataDir));
      return createJobLedger({ dataDir, store, onError: () => undefined });
    },
  });

  it("keeps the jobs of several hubs apart, each to its own", async () => {
    const store = await makeDatabase(server());
    const [one, two] = [openLedger(await makeDir(), [], store), openLedger(await makeDir(), [], store)];
    await one.save({ jobs: [sampleJob(1), endedJob(2)], nodes: [{ key: "n", bytes: new Uint8Array(1) }] });
    await two.save({ jobs: [sampleJob(1, { state: "active" })], nodes: [] });
    expect(await one.load()).toMatchObject({ jobs: [{ state: "waiting" }, { id: "job-2" }] });
    expect(await two.load()).toMatchObject({ jobs: [{ state: "active" }], nodes: [] });
    expect((await two.ended(ALL_ENDED)).matched).toBe(0);
  });

  it("goes on with what one before it had, where a hub has no directory to remember its name", async () => {
    const store = await makeDatabase(server());
    const first = openLedger(null, [], store);
    await first.save(batchOf(sampleJob(1)));
    const beside = openLedger(null, [], store);
    await beside.save(batchOf(sampleJob(2)));
    await first.close();
    expect((await openLedger(null, [], store).load())?.jobs).toMatchObject([{ id: "job-1" }]);
  });

  it("waits while the server is away, saying where it should be, and goes on once it is back", async () => {
    const store = await makeDatabase(server());
    const ledger = openLedger(await makeDir(), [], store);
    await ledger.save(batchOf(sampleJob(1)));
    await server().stop();
    const saved = ledger.save(batchOf(endedJob(1)));
    await until(() => ledger.status().state === "failing", { what: "a ledger that says so" });
    expect(ledger.status().problem).toMatch(/^jobs postgres:\/\/127\.0\.0\.1:\d+\//);
    await server().start();
    await saved;
    expect((await ledger.ended(ALL_ENDED)).matched).toBe(1);
  }, 60_000);

  it("deletes what a hub left that was gone for 30 days", async () => {
    const store = await makeDatabase(server());
    const open = (hub: string) => openJobTables({ engine: "postgres", url: store, hub }, Date.now, () => undefined);
    const [mine, theirs] = [await open("mine"), await open("theirs")];
    onTestFinished(() => Promise.all([mine.close(), theirs.close()]).then(() => undefined));
    const job = { queue: "q", id: "1", createdAt: 1, ended: null, job: "{}" };
    const end = { at: Date.now(), state: "completed", userId: null, words: "" } as const;
    const kept = { jobs: [job, { ...job, id: "2", ended: end }], nodes: [] };
    for (const tables of [mine, theirs]) await tables.save(kept);
    await mine.beat(Date.now());
    await theirs.beat(Date.now() - 31 * DAY_MS);
    await mine.prune(Date.now());
    const left = "SELECT hub FROM wsight.job_live UNION ALL SELECT hub FROM wsight.job_ended";
    expect(await runSql(store, left)).toEqual([{ hub: "mine" }, { hub: "mine" }]);
  });
});
