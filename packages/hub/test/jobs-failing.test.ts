import { beforeEach, describe, expect, test } from "vitest";
import { JobsRig, T0, type Told } from "./jobs-tracker-rig.ts";

const SOURCE = { source: "app", node: "shop/1" } as const;
let rig: JobsRig;

beforeEach(async () => {
  rig = await new JobsRig().ready();
});

/** A try that begins now, and ends after a time. */
function runTry(job: string, takesMs: number, end: "completed" | "failed" | "again", told: Partial<Told> = {}): void {
  const at = rig.now - T0;
  if (end !== "again") rig.tell({ ...told, kind: "queued", at, job } as Told);
  rig.tell({ kind: "started", at, job, worker: "w-1" });
  rig.wait(takesMs);
  const over = { at: rig.now - T0, job };
  if (end === "completed") rig.tell({ kind: "completed", ...over });
  else rig.tell({ kind: "failed", ...over, final: end === "failed", retryInMs: 0 });
}

function addJobs(count: number, told: Partial<Told> = {}): void {
  rig.jobs.beat([{ at: rig.now, queue: "docs", worker: "w-1", concurrency: 1, active: 0 }], SOURCE);
  const at = rig.now - T0;
  for (let i = 0; i < count; i++) rig.tell({ ...told, kind: "queued", at, job: `new-${i}` } as Told);
}

function clearsInMs(): number {
  rig.wait(1000);
  return rig.jobs.queues().rows[0]?.clearsInMs ?? Number.NaN;
}

describe("tries that fail", () => {
  test("free their workers: a queue in which all do clears as fast as they fail", () => {
    for (let i = 0; i < 20; i++) runTry(`bad-${i}`, 400, "failed");
    addJobs(100);
    expect(clearsInMs()).toBeGreaterThan(25_000);
    expect(clearsInMs()).toBeLessThan(60_000);
    // What is said of a run that ends well is the first guess still.
    expect(rig.row("new-0").estimate).toMatchObject({ prior: true, samples: 0 });
    expect(rig.row("new-0").estimate?.run.p50).toBeGreaterThan(4000);
  });

  test("count while their jobs are tried again, too", () => {
    rig.tell({ kind: "queued", at: 0, job: "again" });
    for (let i = 0; i < 20; i++) runTry("again", 400, "again");
    addJobs(99);
    expect(clearsInMs()).toBeLessThan(60_000);
  });

  test("count by their share, and with those alone that are of their kind", () => {
    for (let i = 0; i < 30; i++) {
      runTry(`good-${i}`, 4000, "completed", { name: "good" });
      runTry(`bad-${i}`, 100, "failed", { name: "bad" });
      runTry(`mixed-${i}`, i % 2 === 0 ? 4000 : 100, i % 2 === 0 ? "completed" : "failed", { name: "mixed" });
    }
    const clears = ["good", "bad", "mixed"].map((name) => {
      addJobs(50, { name });
      const found = clearsInMs() / 50;
      for (let i = 0; i < 50; i++) rig.tell({ kind: "removed", at: rig.now - T0, job: `new-${i}` });
      rig.wait(1000);
      return found;
    });
    expect(clears[0]).toBeGreaterThan(3500);
    expect(clears[0]).toBeLessThan(5000);
    expect(clears[1]).toBeLessThan(800);
    expect(clears[2]).toBeGreaterThan(1500);
    expect(clears[2]).toBeLessThan(3000);
  });

  test("are forgotten once they end well", () => {
    for (let i = 0; i < 20; i++) runTry(`bad-${i}`, 400, "failed");
    for (let i = 0; i < 40; i++) runTry(`good-${i}`, 4000, "completed");
    addJobs(50);
    expect(clearsInMs()).toBeGreaterThan(170_000);
  });

  test("of those that run are over soon, or will not be", () => {
    for (let i = 0; i < 20; i++) runTry(`bad-${i}`, 400, "failed");
    addJobs(1);
    const at = rig.now - T0;
    rig.tell({ kind: "queued", at, job: "now" }, { kind: "started", at, job: "now", worker: "w-1" });
    expect(rig.row("new-0").estimate?.wait.p50).toBeLessThan(1000);
  });
});

test("more jobs than wait are taken to be as usual, not like the last one", () => {
  for (let i = 0; i < 40; i++) runTry(`small-${i}`, 1000, "completed", { name: "small", sizeBytes: 1e5 });
  for (let i = 0; i < 3; i++) runTry(`huge-${i}`, 200_000, "completed", { name: "huge", sizeBytes: 2e8 });
  for (let i = 0; i < 16; i++) runTry(`more-${i}`, 1000, "completed", { name: "small", sizeBytes: 1e5 });
  addJobs(1, { name: "huge", sizeBytes: 2e8 });
  const waitOf = (queuePosition: number): number => rig.jobs.estimate({ queuePosition, workers: 1 }).estimate.wait.p50;
  expect(waitOf(1)).toBeGreaterThan(100_000);
  for (const jobs of [20, 1000]) expect((waitOf(jobs) - waitOf(1)) / jobs).toBeLessThan(3000);
});
