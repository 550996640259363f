import type { JobRow } from "@wsight/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { JobsRig, T0 } from "./jobs-tracker-rig.ts";

const SOURCE = { source: "app", node: "shop/1" } as const;
let rig: JobsRig;

beforeEach(async () => {
  rig = await new JobsRig().ready();
});

describe("a job", () => {
  test("lives from its queue to its end, with its times and its owner", () => {
    rig.tell({ kind: "queued", at: 0, userId: "ada", sizeBytes: 2e7, plan: "large", label: "a.pdf", maxAttempts: 3 });
    expect(rig.row()).toMatchObject({
      state: "waiting",
      userId: "ada",
      sizeCategory: "large",
      priority: 4,
      position: 1,
    });
    rig.wait(2000);
    rig.tell({ kind: "started", at: 2000, worker: "w-1" });
    expect(rig.row()).toMatchObject({ state: "active", attempt: 1, worker: "w-1", waitMs: 2000, position: null });
    rig.wait(1000);
    rig.tell({ kind: "progress", at: 3000, percent: 40, stage: "reading" });
    rig.tell({ kind: "progress", at: 3001, percent: 10 });
    expect(rig.row()).toMatchObject({ percent: 40, stage: "reading" });
    rig.wait(1000);
    rig.tell({ kind: "completed", at: 4000, result: '{"pages":3}' });
    expect(rig.row()).toMatchObject({ state: "completed", runMs: 2000, percent: 100, estimate: null });
    expect(rig.jobs.resultOf("docs", "1")).toBe('{"pages":3}');
  });

  test("that fails is not at its end while it is tried again", () => {
    rig.tell({ kind: "queued", at: 0, maxAttempts: 3 }, { kind: "started", at: 10, worker: "w-1" });
    rig.now = T0 + 20;
    rig.tell({ kind: "failed", at: 20, error: "no paper", final: false, retryInMs: 5000 });
    expect(rig.row()).toMatchObject({ state: "delayed", attempt: 1, error: "no paper", readyAt: T0 + 5020 });
    rig.wait(6000);
    expect(rig.row()).toMatchObject({ state: "waiting", position: 1 });
    rig.tell({ kind: "started", at: 6020 });
    expect(rig.row()).toMatchObject({ state: "active", attempt: 2, percent: null, error: null });
    rig.tell({ kind: "failed", at: 6100, error: "on fire", final: true });
    expect(rig.row()).toMatchObject({ state: "failed", attempt: 2, error: "on fire" });
    expect(rig.jobs.totals()).toMatchObject({ retried: 1, failed: 1, completed: 0, errorRate: 1 });
  });

  test("that was lost waits again and goes on as the same try", () => {
    rig.tell({ kind: "queued", at: 0 }, { kind: "started", at: 10, worker: "w-1" }, { kind: "stalled", at: 50 });
    expect(rig.row()).toMatchObject({ state: "waiting", stalls: 1, attempt: 1 });
    rig.tell({ kind: "started", at: 90, worker: "w-2" });
    expect(rig.row()).toMatchObject({ state: "active", worker: "w-2", attempt: 1 });
  });

  test("of which its worker and its queue both tell is counted as one that failed, was lost and failed again", () => {
    rig.tell({ kind: "queued", at: 0, createdAt: 1, maxAttempts: 5 });
    rig.tell({ kind: "started", at: 10, attempt: 1, createdAt: 1, worker: "w-1" });
    rig.tell({ kind: "retried", at: 2000, attempt: 1 });
    rig.tell({ kind: "failed", at: 2001, attempt: 1, createdAt: 1, final: false, error: "first" });
    expect(rig.row()).toMatchObject({ state: "waiting", attempt: 1, error: "first" });
    rig.tell(
      { kind: "started", at: 2010, attempt: 2, createdAt: 1, worker: "w-1" },
      { kind: "started", at: 2012, attempt: 2 },
    );
    rig.tell({ kind: "retried", at: 40_000, attempt: 2 }, { kind: "stalled", at: 40_000, attempt: 2 });
    rig.tell({ kind: "stalled", at: 40_003 });
    expect(rig.row()).toMatchObject({ state: "waiting", attempt: 2, stalls: 1 });
    rig.tell({ kind: "started", at: 40_010, attempt: 3, createdAt: 1 }, { kind: "stalled", at: 40_015 });
    rig.tell({ kind: "started", at: 45_010, attempt: 4, createdAt: 1 });
    rig.tell({ kind: "failed", at: 45_011, attempt: 3, final: false });
    expect(rig.row()).toMatchObject({ state: "active", attempt: 4, stalls: 1 });
    rig.tell(
      { kind: "completed", at: 46_000, attempt: 4, createdAt: 1 },
      { kind: "completed", at: 46_001, attempt: 4 },
    );
    expect(rig.jobs.totals()).toMatchObject({ retried: 2, stalled: 1, completed: 1, failed: 0 });
  });

  test("that is put back after its end begins again, even when its queue counts tries from one", () => {
    rig.tell({ kind: "queued", at: 0 }, { kind: "started", at: 10, attempt: 3 });
    rig.tell({ kind: "failed", at: 20, attempt: 3 }, { kind: "retried", at: 30 });
    expect(rig.row()).toMatchObject({ state: "waiting", error: null, endedAt: null });
    rig.tell({ kind: "started", at: 40, attempt: 1 }, { kind: "completed", at: 50, attempt: 1 });
    expect(rig.row()).toMatchObject({ state: "completed", runMs: 10 });
  });

  test("keeps its first owner, whatever is told later", () => {
    rig.tell({ kind: "queued", at: 0, userId: "ada" }, { kind: "queued", at: 5, userId: "eve", label: "late" });
    expect(rig.row()).toMatchObject({ userId: "ada", label: "late" });
    expect(rig.jobs.ofUser("eve", 1000)).toEqual([]);
    expect(rig.jobs.ofUser("ada", 1000)).toHaveLength(1);
  });

  test("of an id that is used again is a new one with a new owner", () => {
    rig.tell({ kind: "queued", at: 0, userId: "ada" }, { kind: "completed", at: 10, startedAt: T0 + 5 });
    rig.tell({ kind: "queued", at: 20, userId: "bob" });
    expect(rig.row()).toMatchObject({ state: "waiting", userId: "bob", attempt: 0, runMs: null });
    expect(rig.jobs.ofUser("ada", 1000)).toEqual([]);
    expect(rig.jobs.queues().rows[0]).toMatchObject({ addedPerMinute: 2 });
  });

  test("whose end was told, and that was removed afterwards, ended as it did", () => {
    rig.tell({ kind: "queued", at: 0 }, { kind: "completed", at: 10 }, { kind: "removed", at: 20 });
    expect(rig.row().state).toBe("completed");
    rig.tell({ kind: "queued", at: 0, job: "2" }, { kind: "removed", at: 20, job: "2" });
    expect(rig.row("2")).toMatchObject({ state: "removed", estimate: null });
  });

  test("counts once, however often it is told of", () => {
    const told = [
      { kind: "queued", at: 0 },
      { kind: "started", at: 10, attempt: 1 },
      { kind: "failed", at: 20, attempt: 1, final: false },
      { kind: "started", at: 30, attempt: 2 },
      { kind: "stalled", at: 40, attempt: 2 },
      { kind: "started", at: 50, attempt: 3 },
      { kind: "completed", at: 60, attempt: 3 },
    ] as const;
    expect(rig.tell(...told)).toMatchObject({ taken: 7, ignored: 0 });
    expect(rig.tell(...told)).toMatchObject({ taken: 0, ignored: 7 });
    expect(rig.jobs.totals()).toMatchObject({ completed: 1, failed: 0, retried: 1, stalled: 1 });
    expect(rig.jobs.queues().rows[0]).toMatchObject({ addedPerMinute: 1, donePerMinute: 1 });
  });

  test("tells its steps, oldest first", async () => {
    rig.tell({ kind: "completed", at: 900 }, { kind: "started", at: 100, worker: "w-1" }, { kind: "queued", at: 0 });
    for (let percent = 1; percent <= 90; percent++) rig.tell({ kind: "progress", at: 100 + percent * 5, percent });
    const { steps = [] } = (await rig.jobs.find("docs", "1")) ?? {};
    expect(steps[0]).toMatchObject({ kind: "queued" });
    expect(steps[1]).toMatchObject({ kind: "started", text: "worker w-1", attempt: 1 });
    expect(steps.at(-1)).toMatchObject({ kind: "completed", at: T0 + 900 });
    expect(steps.length).toBeLessThanOrEqual(64);
  });
});

describe("what is expected of a job", () => {
  /** So many jobs that took as long. */
  function history(jobs: number, runMs: number): void {
    for (let i = 0; i < jobs; i++) {
      const job = `past-${i}`;
      rig.tell({ kind: "queued", at: rig.now - T0, job });
      rig.tell({ kind: "started", at: rig.now - T0, job, worker: "w-1" });
      rig.wait(runMs);
      rig.tell({ kind: "completed", at: rig.now - T0, job });
    }
  }

  test("is learned from those that ended, and says how good it was", () => {
    history(30, 4000);
    rig.tell({ kind: "queued", at: rig.now - T0, job: "new" });
    const { estimate } = rig.row("new");
    expect(estimate?.prior).toBe(false);
    expect(estimate?.run.p50).toBeGreaterThan(3500);
    expect(estimate?.run.p50).toBeLessThan(4500);
    const [all, docs] = rig.jobs.records();
    expect(all).toMatchObject({ queue: null, samples: 30 });
    expect(docs).toMatchObject({ queue: "docs", samples: 30 });
    expect(docs?.outcomes[0]).toMatchObject({ job: "past-29", runMs: 4000 });
  });

  test("counts those before it: by priority, then by time", () => {
    history(30, 4000);
    rig.jobs.beat([{ at: rig.now, queue: "docs", worker: "w-1", concurrency: 1, active: 1 }], SOURCE);
    const at = rig.now - T0;
    rig.tell({ kind: "queued", at, job: "running" }, { kind: "started", at, job: "running", worker: "w-1" });
    rig.tell(
      { kind: "queued", at: at + 1, job: "b", priority: 5 },
      { kind: "queued", at: at + 2, job: "c", priority: 5 },
    );
    rig.tell({ kind: "queued", at: at + 3, job: "a", priority: 1 });
    expect(["a", "b", "c"].map((id) => rig.row(id).position)).toEqual([1, 2, 3]);
    const waits = ["a", "b", "c"].map((id) => (rig.row(id).estimate?.wait.p50 ?? 0) / 1000);
    expect(waits[0]).toBeCloseTo(4, -0.5);
    expect(waits[1]).toBeCloseTo(8, -0.5);
    expect(waits[2]).toBeCloseTo(12, -0.5);
    rig.wait(3000);
    expect(rig.row("running").estimate?.remaining.p50).toBeLessThan(2500);
  });

  test("is not said while nobody takes jobs of its queue", () => {
    rig.jobs.beat([{ at: T0, queue: "docs", worker: "w-1", concurrency: 1, active: 0 }], SOURCE);
    rig.tell({ kind: "queued", at: 0 });
    expect(rig.row().estimate).not.toBeNull();
    rig.wait(25_000);
    expect(rig.row().estimate).toBeNull();
    expect(rig.jobs.queues().rows[0]).toMatchObject({ workers: 0, capacity: 0, clearsInMs: null });
    // A worker that says nothing any more is not idle: it is shown for a while, and does not count.
    expect(rig.jobs.workers()).toMatchObject({ total: 0, dead: 0, rows: [{ worker: "w-1", state: "silent" }] });
  });

  test("can be asked for a job that might be, of the busiest queue unless told otherwise", () => {
    history(30, 4000);
    const answer = rig.jobs.estimate({ fileSize: 5e6, workers: 2, queuePosition: 10 });
    expect(answer).toMatchObject({ queue: "docs", sizeCategory: "medium" });
    expect(answer.assumed).toMatchObject({ queuePosition: 10, workers: 2, active: 0 });
    expect(answer.estimate.wait.p50).toBeGreaterThan(12_000);
    expect(answer.estimate.wait.p50).toBeLessThan(28_000);
    expect(() => rig.jobs.estimate({ queue: "none" })).toThrow(/no queue none; known: docs/);
  });
});

describe("queues and workers", () => {
  test("a queue that says how it stands is believed, for a while", () => {
    rig.tell({ kind: "queued", at: 0 });
    const counts = { waiting: 7, prioritized: 2, active: 3, delayed: 1, failed: 9 };
    const reading = { at: T0, queue: "docs", library: "bullmq", paused: true, counts, workers: 2, oldestWaitMs: 5000 };
    rig.jobs.read([reading], SOURCE);
    expect(rig.jobs.queues().rows[0]).toMatchObject({
      library: "bullmq",
      paused: true,
      waiting: 9,
      active: 3,
      delayed: 1,
      failed: 9,
      workers: 2,
      oldestWaitMs: 5000,
    });
    rig.wait(60_000);
    expect(rig.jobs.queues().rows[0]).toMatchObject({ waiting: 1, active: 0, paused: false, oldestWaitMs: 60_000 });
  });

  test("a worker is busy, idle, and dead when it is silent with a job", () => {
    const beat = { queue: "docs", worker: "w-1", concurrency: 2, active: 1 };
    rig.jobs.beat([{ ...beat, at: T0 }], SOURCE);
    rig.tell({ kind: "queued", at: 0 }, { kind: "started", at: 0, worker: "w-1" });
    for (let second = 1; second <= 60; second++) {
      rig.wait(1000);
      rig.jobs.beat([{ ...beat, at: rig.now }], SOURCE);
    }
    expect(rig.jobs.workers().rows[0]).toMatchObject({ state: "busy", active: 1, concurrency: 2, node: "shop/1" });
    expect(rig.jobs.workers().utilization).toBeCloseTo(0.5, 1);
    rig.wait(21_000);
    expect(rig.jobs.workers()).toMatchObject({ dead: 1, total: 1 });
    rig.tell({ kind: "stalled", at: rig.now - T0 });
    expect(rig.jobs.queues().rows[0]).toMatchObject({ workers: 0, waiting: 1 });
    rig.jobs.beat([{ ...beat, at: rig.now, active: 0 }], SOURCE);
    expect(rig.jobs.workers().rows[0]).toMatchObject({ state: "idle", stalls: 1 });
  });

  test("a worker is stalled when its job takes far longer than such jobs do, without progress", () => {
    for (let i = 0; i < 30; i++) {
      const at = rig.now - T0;
      rig.tell({ kind: "queued", at, job: `${i}` }, { kind: "started", at, job: `${i}`, worker: "w-1" });
      rig.wait(1000);
      rig.tell({ kind: "completed", at: at + 1000, job: `${i}` });
    }
    const at = rig.now - T0;
    rig.tell({ kind: "queued", at, job: "long" }, { kind: "started", at, job: "long", worker: "w-1" });
    rig.wait(2000);
    rig.row("long");
    expect(rig.jobs.workers()).toMatchObject({ stalled: 0 });
    rig.wait(30_000);
    expect(rig.jobs.workers().rows[0]).toMatchObject({ state: "stalled", completed: 30 });
    rig.tell({ kind: "progress", at: rig.now - T0, job: "long", percent: 50 });
    expect(rig.jobs.workers().rows[0]).toMatchObject({ state: "busy" });
  });

  test("a worker of a process that is gone is dead at once", async () => {
    let gone = false;
    rig = await new JobsRig({ isGone: () => gone }).ready();
    rig.tell({ kind: "queued", at: 0 }, { kind: "started", at: 0, worker: "w-1" });
    expect(rig.jobs.workers()).toMatchObject({ dead: 0 });
    gone = true;
    expect(rig.jobs.workers()).toMatchObject({ dead: 1 });
  });

  test("queues beyond 64 are counted, not held", () => {
    for (let i = 0; i < 70; i++) rig.tell({ kind: "queued", at: 0, queue: `queue-${i}` });
    expect(rig.jobs.queues()).toMatchObject({ leftOut: 6, dropped: 6, known: 64 });
    expect(rig.jobs.queues().rows).toHaveLength(64);
  });
});

test("nobody knows when a line is done from which nobody was ever seen to take a job", () => {
  for (let i = 0; i < 20; i++) rig.tell({ kind: "queued", at: i, job: `${i}` });
  const { clearsInMs, clearsLowMs, workers } = rig.jobs.queues().rows[0] ?? {};
  expect({ clearsInMs, clearsLowMs, workers }).toEqual({ clearsInMs: null, clearsLowMs: null, workers: null });
  // Somebody may just be about to come: each job has an estimate as if, for a minute.
  expect(rig.row("0").estimate).not.toBeNull();
  rig.wait(61_000);
  expect(rig.row("0").estimate).toBeNull();
  rig.tell({ kind: "started", at: 61_100, job: "0" });
  expect(rig.row("1").estimate).not.toBeNull();
  expect(rig.jobs.queues().rows[0]?.clearsInMs).toBeGreaterThan(0);
});

describe("lists", () => {
  function ids(rows: readonly JobRow[]): string {
    return rows.map(({ id }) => id).join(" ");
  }

  beforeEach(() => {
    rig.now = T0 + 100;
    for (let i = 0; i < 9; i++)
      rig.tell({ kind: "queued", at: i, job: `${i}`, userId: i % 2 === 0 ? "ada" : "bob", label: `Paper ${i}` });
    for (let i = 0; i < 5; i++) rig.tell({ kind: "started", at: 20 + i, job: `${i}`, worker: `W-${i % 2}` });
    for (let i = 0; i < 3; i++) rig.tell({ kind: "progress", at: 30 + i, job: `${i}`, percent: 90 - i * 10 });
    rig.tell({ kind: "completed", at: 50, job: "0" });
  });

  test("are filtered by state, queue and user", () => {
    expect(ids(rig.list({ states: ["waiting"], sort: "queuedAt", descending: false }).rows)).toBe("5 6 7 8");
    expect(ids(rig.list({ states: ["active"], userId: "ada", sort: "startedAt" }).rows)).toBe("4 2");
    expect(rig.list({ queue: "none" })).toMatchObject({ matched: 0, known: 9, rows: [] });
  });

  test("are searched in ids, labels, workers and users, in capitals or not", () => {
    expect(ids(rig.list({ search: "paper 7" }).rows)).toBe("7");
    expect(ids(rig.list({ search: "w-1", sort: "startedAt" }).rows)).toBe("3 1");
    expect(rig.list({ search: "BOB" }).matched).toBe(4);
    expect(rig.list({ search: "nothing" }).matched).toBe(0);
  });

  test("are put in order, what is not known last, window by window", () => {
    expect(ids(rig.list({ sort: "percent", limit: 3 }).rows)).toBe("0 1 2");
    expect(ids(rig.list({ sort: "percent", descending: false, limit: 3 }).rows)).toBe("2 1 0");
    expect(ids(rig.list({ sort: "queuedAt", offset: 2, limit: 3 }).rows)).toBe("6 5 4");
    expect(ids(rig.list({ sort: "queuedAt", offset: 8, limit: 3 }).rows)).toBe("0");
    expect(rig.list({ offset: 50 })).toMatchObject({ matched: 9, rows: [] });
    const left = rig.list({ sort: "remaining", descending: false }).rows;
    expect(left.at(-1)?.id).toBe("0");
    expect(left[0]?.state).toBe("active");
  });

  test("are put in the order of their turns: what runs, then the line by its places, then what is delayed", () => {
    rig.tell(
      { kind: "queued", at: 60, job: "low", priority: 4 },
      { kind: "queued", at: 61, job: "last", userId: "ada" },
    );
    rig.tell(
      { kind: "queued", at: 62, job: "later", delayMs: 90_000 },
      { kind: "queued", at: 63, job: "soon", delayMs: 500 },
    );
    const turns = { sort: "turn", descending: false } as const;
    expect(ids(rig.list(turns).rows)).toBe("1 2 3 4 5 6 7 8 last low soon later 0");
    expect(ids(rig.list({ ...turns, states: ["waiting"], offset: 3, limit: 3 }).rows)).toBe("8 last low");
    expect(ids(rig.list({ ...turns, userId: "ada" }).rows)).toBe("2 4 6 8 last 0");
    expect(ids(rig.list({ ...turns, descending: true, limit: 3 }).rows)).toBe("later soon low");
  });

  test("are as new as the newest change while there are few", () => {
    expect(rig.list({ states: ["active"] }).matched).toBe(4);
    rig.tell({ kind: "completed", at: 60, job: "1" });
    expect(rig.list({ states: ["active"] }).matched).toBe(3);
  });
});

describe("who listens", () => {
  test("hears each change once, and of progress ten times a second at most, the last included", async () => {
    const heard: string[] = [];
    const stop = rig.jobs.listen(({ kind, job, final, userId }) => {
      heard.push(`${kind} ${job.state} ${job.percent ?? "-"} ${final} ${userId}`);
    });
    rig.tell({ kind: "queued", at: 0, userId: "ada" }, { kind: "started", at: 1 }, { kind: "started", at: 1 });
    for (let percent = 1; percent <= 50; percent++) rig.tell({ kind: "progress", at: 2, percent });
    expect(heard).toEqual(["queued waiting - false ada", "started active - false ada", "progress active 1 false ada"]);
    await expect.poll(() => heard.at(-1)).toBe("progress active 50 false ada");
    rig.tell({ kind: "failed", at: 60, final: false }, { kind: "failed", at: 61, final: true });
    rig.tell({ kind: "completed", at: 70, result: "1" });
    expect(heard.slice(4)).toEqual([
      "failed waiting - false ada",
      "failed failed - true ada",
      "completed completed 100 false ada",
    ]);
    stop();
    rig.tell({ kind: "retried", at: 5000 });
    expect(heard).toHaveLength(7);
  });

  test("and throws keeps nobody else from hearing", () => {
    let heard = 0;
    rig.jobs.listen(() => {
      throw new Error("a listener's own");
    });
    rig.jobs.listen(() => heard++);
    rig.tell({ kind: "queued", at: 0 });
    expect(heard).toBe(1);
    expect(rig.errors).toHaveLength(1);
  });
});

describe("an owner", () => {
  test("stays, whoever is said to have had the job before, until it begins a new life", () => {
    rig.tell({ kind: "queued", at: 10, userId: "ada" });
    rig.tell({ kind: "queued", at: 1, userId: "eve" }, { kind: "started", at: 20 }, { kind: "progress", at: 15 });
    expect(rig.row().userId).toBe("ada");
    expect(rig.list({ userId: "eve" }).matched).toBe(0);
    rig.tell({ kind: "completed", at: 30, result: "1" }, { kind: "queued", at: 40, userId: "bob" });
    expect(rig.row()).toMatchObject({ userId: "bob", state: "waiting" });
    expect(rig.jobs.resultOf("docs", "1")).toBeNull();
  });
});

describe("bounds", () => {
  test("of those that ended the newest 1000 stay, and what is told of others late is no news", () => {
    for (let i = 0; i < 1200; i++)
      rig.tell({ kind: "queued", at: i, job: `${i}` }, { kind: "completed", at: i, job: `${i}` });
    expect(rig.list()).toMatchObject({ known: 1000, matched: 1000 });
    expect(rig.tell({ kind: "progress", at: 0, job: "3", percent: 7 })).toMatchObject({ ignored: 1 });
    expect(rig.tell({ kind: "queued", at: 3, job: "3" })).toMatchObject({ ignored: 1 });
    expect(rig.jobs.totals()).toMatchObject({ active: 0, waiting: 0, completed: 1200 });
  });

  test("of a thousand queues it is remembered that their workers say that they are there", () => {
    const beat = (queue: string): void =>
      rig.jobs.beat([{ at: rig.now, queue, worker: "w", concurrency: 1, active: 0 }], { source: "app", node: null });
    beat("docs");
    rig.tell({ kind: "queued", at: 0 });
    rig.wait(90_000);
    expect(rig.jobs.queues().rows[0]).toMatchObject({ queue: "docs", workers: 0 });
    for (let i = 0; i < 1000; i++) beat(`other-${i}`);
    expect(rig.jobs.queues().rows[0]).toMatchObject({ queue: "docs", workers: null });
  });

  test("of jobs that fail again and again, with much to say, the first and last steps stay, and what they led to", async () => {
    const small = await new JobsRig({ maxPast: 20_000 }).ready();
    const error = "no paper ".repeat(50);
    const ids = Array.from({ length: 20 }, (_, i) => `${i}`);
    for (const job of ids) small.tell({ kind: "queued", at: 0, job, maxAttempts: 50 });
    for (let attempt = 1; attempt <= 30; attempt++)
      for (const job of ids)
        small.tell(
          { kind: "started", at: attempt * 10, job, attempt, worker: "w" },
          { kind: "failed", at: attempt * 10 + 5, job, attempt, error, final: false },
        );
    const details = await Promise.all(ids.map((job) => small.jobs.find("docs", job)));
    const kept = details.flatMap((detail) => detail?.steps ?? []);
    expect(kept.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThan(30_000);
    for (const detail of details) {
      expect(detail).toMatchObject({ state: "waiting", attempt: 30, maxAttempts: 50, error });
      expect(detail?.steps[0]).toMatchObject({ kind: "queued" });
      expect(detail?.steps.at(-1)).toMatchObject({ kind: "failed", attempt: 30 });
    }
    small.tell(
      { kind: "completed", at: 1000, job: "3", attempt: 31 },
      { kind: "failed", at: 5, job: "3", error: "late" },
    );
    expect(await small.jobs.find("docs", "3")).toMatchObject({ state: "completed", attempt: 31 });
  });

  test("of 100,000 live jobs the one that waits longest gives way, counted", { timeout: 60_000 }, () => {
    rig.tell({ kind: "queued", at: 0, job: "first" }, { kind: "started", at: 0, job: "first" });
    for (let i = 0; i < 100_100; i++) rig.tell({ kind: "queued", at: i, job: `${i}` });
    expect(rig.jobs.queues()).toMatchObject({ known: 100_000, evicted: 101 });
    expect(rig.list({ search: "first" }).matched).toBe(1);
    expect(rig.list({ sort: "queuedAt", descending: false, limit: 2 }).rows.map(({ id }) => id)).toEqual([
      "first",
      "101",
    ]);
  });
});
