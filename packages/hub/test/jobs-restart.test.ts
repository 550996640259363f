import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createJobLedger } from "@wsight/hub";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ANY, JobsRig, T0, type Told } from "./jobs-tracker-rig.ts";

let dataDir: string;
const open: JobsRig[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "wsight-jobs-"));
});

afterEach(async () => {
  for (const rig of open.splice(0)) await rig.jobs.close();
  rmSync(dataDir, { recursive: true, force: true });
});

/** A hub's jobs, kept in the same folder as those before. */
function start(now = T0): JobsRig {
  const onError = (error: unknown): void => expect.unreachable(String(error));
  const rig = new JobsRig({ ledger: createJobLedger({ dataDir, onError }), onError }, now);
  open.push(rig);
  return rig;
}

async function restarted(rig: JobsRig): Promise<JobsRig> {
  await rig.jobs.close();
  const next = start(rig.now);
  // Taken once what was kept is read.
  await next.tell({ kind: "removed", at: 0, job: "no such" }).kept;
  return next;
}

const LIVES: readonly Told[] = [
  { kind: "queued", at: 0, job: "done", userId: "ada", label: "a.pdf", sizeBytes: 5000 },
  { kind: "started", at: 10, job: "done", worker: "w-1", attempt: 1 },
  { kind: "completed", at: 2010, job: "done", attempt: 1, result: '{"ok":true}' },
  { kind: "queued", at: 0, job: "again", userId: "ada", maxAttempts: 3 },
  { kind: "started", at: 20, job: "again", worker: "w-1", attempt: 1 },
  { kind: "failed", at: 30, job: "again", attempt: 1, final: false, error: "no paper", retryInMs: 60_000 },
  { kind: "queued", at: 0, job: "runs", userId: "bob" },
  { kind: "started", at: 40, job: "runs", worker: "w-2", attempt: 1 },
  { kind: "progress", at: 500, job: "runs", percent: 60, stage: "reading", attempt: 1 },
  { kind: "queued", at: 50, job: "waits", priority: 3 },
  { kind: "queued", at: 60, job: "first", priority: 1 },
];

describe("after a restart of the hub", () => {
  test("all jobs stand as they stood, and go on", { timeout: 30_000 }, async () => {
    const rig = start();
    await rig.tell(...LIVES).kept;
    const states = ["done", "again", "runs", "waits", "first"].map((id) => {
      const { estimate, ...row } = rig.row(id);
      return row;
    });
    const before = await rig.jobs.find("docs", "runs");
    const next = await restarted(rig);
    for (const row of states) expect(next.row(row.id)).toMatchObject(row);
    const after = await next.jobs.find("docs", "runs");
    expect(after?.steps).toEqual(before?.steps);
    expect(after?.firstEstimate?.run).toEqual(before?.firstEstimate?.run);
    expect(next.jobs.resultOf("docs", "done")).toBe('{"ok":true}');
    expect(next.jobs.ofUser("ada", 60_000).map(({ id }) => id)).toEqual(["again", "done"]);
    expect(next.jobs.records()[0]).toMatchObject({ samples: 1 });
    expect(next.jobs.workers().rows.map(({ worker, active }) => [worker, active])).toEqual([["w-2", 1]]);

    next.tell({ kind: "progress", at: 3000, job: "runs", percent: 20, attempt: 1 });
    expect(next.row("runs")).toMatchObject({ state: "active", percent: 60 });
    next.tell({ kind: "completed", at: 4000, job: "runs", attempt: 1 });
    expect(next.row("runs")).toMatchObject({ state: "completed", runMs: 3960 });
  });

  test("what was told before and is told again changes nothing", { timeout: 30_000 }, async () => {
    const rig = start();
    await rig.tell(...LIVES).kept;
    const next = await restarted(rig);
    const { kept, ...told } = next.tell(...LIVES);
    await kept;
    expect(told.taken).toBe(0);
    expect(next.row("again")).toMatchObject({ state: "delayed", attempt: 1 });
    expect(next.jobs.totals()).toMatchObject({
      completed: 0,
      failed: 0,
      retried: 0,
      active: 1,
      waiting: 2,
      delayed: 1,
    });
  });

  test("what was told again of a job that ended long before is no new job", { timeout: 30_000 }, async () => {
    const rig = start();
    const many = Array.from({ length: 1100 }, (_, i): Told[] => [
      { kind: "queued", at: i, job: `${i}` },
      { kind: "started", at: i, job: `${i}`, attempt: 1 },
      { kind: "completed", at: i + 10, job: `${i}`, attempt: 1, result: `${i}` },
    ]).flat();
    await rig.tell(...many).kept;
    rig.now += 1000;
    const next = await restarted(rig);
    expect(next.list()).toMatchObject({ known: 1000 });
    await next.tell(...many.slice(0, 3), { kind: "progress", at: 15, job: "5", percent: 9, attempt: 1 }).kept;
    expect(next.jobs.totals()).toMatchObject({ waiting: 0, active: 0, completed: 0 });
    expect(await next.jobs.find("docs", "0")).toMatchObject({ state: "completed", runMs: 10, result: "0" });
    const page = await next.jobs.ended({ ...ANY, limit: 5, offset: 1095 });
    expect(page.matched).toBe(1100);
    expect(page.rows.map(({ id }) => id)).toEqual(["4", "3", "2", "1", "0"]);
  });

  test("what comes while it is being read waits, and counts after it", { timeout: 30_000 }, async () => {
    const rig = start();
    await rig.tell(...LIVES).kept;
    await rig.jobs.close();
    const next = start(rig.now);
    const { kept, taken } = next.tell({ kind: "completed", at: 5000, job: "runs", attempt: 1 });
    expect(taken).toBe(1);
    expect(next.list().known).toBe(0);
    await kept;
    expect(next.row("runs")).toMatchObject({ state: "completed", userId: "bob", runMs: 4960, queuedAt: T0 });
  });

  test("an id that is used again at once leaves both lives behind", { timeout: 30_000 }, async () => {
    const rig = start();
    rig.tell({ kind: "queued", at: 0, createdAt: 5 }, { kind: "completed", at: 10, createdAt: 5, startedAt: T0 + 3 });
    await rig.tell({ kind: "queued", at: 20, createdAt: 25 }).kept;
    const next = await restarted(rig);
    expect(next.row("1")).toMatchObject({ state: "waiting", queuedAt: T0 + 20 });
    expect((await next.jobs.ended(ANY)).rows).toMatchObject([{ id: "1", state: "completed", runMs: 7 }]);
  });
});
