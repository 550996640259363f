import { expect, test } from "vitest";
import { JobsRig, T0 } from "./jobs-tracker-rig.ts";

test("a removal is an end: what completes afterwards, late or not, is told of a job that is gone", async () => {
  const rig = await new JobsRig().ready();
  rig.tell({ kind: "queued", at: 0 }, { kind: "started", at: 100 }, { kind: "removed", at: 500 });
  const { ignored } = rig.tell({ kind: "completed", at: 600, result: '"late"' });
  expect(ignored).toBe(1);
  expect(rig.row()).toMatchObject({ state: "removed", endedAt: T0 + 500 });
  expect(rig.jobs.totals()).toMatchObject({ completed: 0 });
});

test("a try that failed is an end only when it says so, also where it was the last one that was allowed", async () => {
  const rig = await new JobsRig().ready();
  rig.tell({ kind: "queued", at: 0, maxAttempts: 1 }, { kind: "started", at: 100, attempt: 1 });
  rig.tell({ kind: "failed", at: 500, attempt: 1, final: false });
  expect(rig.row()).toMatchObject({ state: "waiting", endedAt: null });
  expect(rig.jobs.totals()).toMatchObject({ failed: 0, retried: 1 });
  rig.tell({ kind: "started", at: 600, attempt: 2 }, { kind: "failed", at: 700, attempt: 2, final: true });
  expect(rig.row()).toMatchObject({ state: "failed", endedAt: T0 + 700 });
  expect(rig.jobs.totals()).toMatchObject({ failed: 1, retried: 1 });
});

test("what is told late of an older job of the same id says nothing of the newer one", async () => {
  const rig = await new JobsRig().ready();
  const [older, newer] = [T0 - 50_000, T0];
  rig.tell(
    { kind: "queued", at: 0, createdAt: newer, label: "new.pdf" },
    { kind: "started", at: 100, createdAt: newer },
  );
  for (const told of [
    { kind: "queued", at: 200, createdAt: older, userId: "eve" },
    { kind: "progress", at: 300, createdAt: older, percent: 90 },
    { kind: "failed", at: 400, createdAt: older, final: true },
    { kind: "completed", at: 500, createdAt: older, result: '"old"' },
    { kind: "removed", at: 600, createdAt: older },
  ] as const)
    expect(rig.tell(told).ignored, told.kind).toBe(1);
  expect(rig.row()).toMatchObject({ state: "active", userId: null, percent: null, error: null, label: "new.pdf" });
});

test("an owner who is known late is told how the job stands, though nothing else is new", async () => {
  const rig = await new JobsRig().ready();
  rig.tell({ kind: "started", at: 100, worker: "pdf-1" }, { kind: "progress", at: 200, percent: 40 });
  const heard: unknown[] = [];
  rig.jobs.listen(({ kind, userId, job }) => heard.push([kind, userId, job.percent]));
  rig.tell({ kind: "queued", at: 0, userId: "ann" });
  expect(heard).toEqual([["started", "ann", 40]]);
});
