import { expect, test } from "vitest";
import { JobsRig, T0 } from "./jobs-tracker-rig.ts";

const SOURCE = { source: "app", node: "shop/1" } as const;

test("a paused worker is there, and its places are not", async () => {
  const rig = await new JobsRig().ready();
  const beat = { at: T0, queue: "docs", concurrency: 3, active: 0 };
  rig.jobs.beat([{ ...beat, worker: "a" }], SOURCE);
  rig.jobs.beat([{ ...beat, worker: "b", paused: true }], SOURCE);
  rig.tell({ kind: "queued", at: 0 });
  expect(rig.jobs.queues().rows[0]).toMatchObject({ workers: 2, capacity: 3 });
  expect(
    rig.jobs
      .workers()
      .rows.map(({ worker, state }) => [worker, state])
      .sort(),
  ).toEqual([
    ["a", "idle"],
    ["b", "paused"],
  ]);
});

test("a worker counts as stalled by what such jobs took, never by a first guess", async () => {
  const rig = await new JobsRig().ready();
  const stateOf = (): unknown => rig.jobs.workers().rows[0]?.state;
  rig.tell({ kind: "started", at: 0, worker: "a" });
  rig.wait(600_000);
  expect(stateOf()).toBe("busy");
  rig.tell({ kind: "removed", at: 600_000 });
  for (let job = 0; job < 20; job++) {
    const at = 601_000 + 2_000 * job;
    const done = { job: `j${job}`, worker: "a" };
    rig.tell({ kind: "started", at, ...done }, { kind: "completed", at: at + 1_000, ...done });
  }
  rig.tell({ kind: "started", at: 650_000, job: "long", worker: "a" });
  rig.wait(1_000);
  expect(stateOf()).toBe("busy");
  rig.wait(10_000);
  expect(stateOf()).toBe("stalled");
  rig.tell({ kind: "progress", at: 661_500, job: "long", percent: 50 });
  expect(stateOf()).toBe("busy");
});
