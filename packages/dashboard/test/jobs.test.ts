import type { JobEstimate, JobRow, QueueRow, WorkerRow } from "@wsight/protocol";
import { describe, expect, it } from "vitest";
import { createHubAsk } from "../src/pages/alerts/hub-ask.ts";
import { about, confidenceSteps, etaShort, etaText, learningText } from "../src/pages/jobs/eta.ts";
import { type EtaMoment, etaShift } from "../src/pages/jobs/eta-shift.ts";
import { JobMemory, keyOf, readKey } from "../src/pages/jobs/job-memory.ts";
import { createJobsApi } from "../src/pages/jobs/jobs-api.ts";
import { orderAfter, readOrder, readStates, wideColumns } from "../src/pages/jobs/list-columns.tsx";
import { balanceOf, queuesInView, sumOf, workersInView } from "../src/pages/jobs/queue-figures.ts";
import { judgeConfidence, judgeCoverage } from "../src/pages/jobs/record-words.ts";
import { ofTrailingMinute } from "../src/pages/jobs/selectors.ts";
import { NO_DRAFT, questionOf } from "../src/pages/jobs/what-if-draft.ts";

const T = 1_800_000_000_000;

function estimateOf(remainingMs: number, change: Partial<JobEstimate> = {}): JobEstimate {
  const around = (p50: number) => ({ p10: p50 * 0.8, p50, p90: p50 * 1.2 });
  return {
    wait: around(0),
    run: around(remainingMs),
    remaining: around(remainingMs),
    finishAt: T + remainingMs,
    confidence: 70,
    samples: 40,
    samplesWanted: 30,
    prior: false,
    ...change,
  };
}

function jobOf(change: Partial<JobRow> = {}): JobRow {
  return {
    queue: "documents",
    id: "1",
    state: "active",
    name: "ocr",
    label: null,
    userId: null,
    plan: null,
    priority: null,
    sizeBytes: null,
    sizeCategory: null,
    attempt: 1,
    maxAttempts: 3,
    stalls: 0,
    worker: "w-1",
    percent: null,
    stage: null,
    queuedAt: T - 60_000,
    readyAt: T - 60_000,
    startedAt: T - 10_000,
    endedAt: null,
    changedAt: T,
    waitMs: 50_000,
    runMs: null,
    error: null,
    estimate: estimateOf(60_000),
    position: null,
    ...change,
  };
}

function queueOf(change: Partial<QueueRow> = {}): QueueRow {
  return {
    queue: "documents",
    library: "bullmq",
    paused: false,
    waiting: 10,
    active: 2,
    delayed: 1,
    failed: 3,
    workers: 2,
    capacity: 4,
    donePerMinute: 30,
    failedPerMinute: 1,
    addedPerMinute: 20,
    oldestWaitMs: 4000,
    waitP50: 1000,
    waitP95: 4000,
    runP50: 2000,
    runP95: 5000,
    clearsInMs: 20_000,
    clearsLowMs: 15_000,
    clearsHighMs: 25_000,
    confidence: 60,
    spark: [],
    ...change,
  };
}

function workerOf(worker: string, change: Partial<WorkerRow> = {}): WorkerRow {
  return {
    queue: "documents",
    worker,
    node: "app/web-1",
    state: "busy",
    concurrency: 2,
    active: 1,
    utilization: 0.5,
    completed: 10,
    failed: 0,
    stalls: 0,
    meanRunMs: 2000,
    seenAt: T,
    ...change,
  };
}

describe("when a job is done, in words", () => {
  it("tells times no finer than they can be known", () => {
    expect([400, 9_900, 41_000, 247_000, 1_260_000, 12_000_000, 200_000_000].map(about)).toEqual([
      "0.4 s",
      "9.9 s",
      "41 s",
      "4 min 5 s",
      "21 min",
      "3 h 20 min",
      "2 d 8 h",
    ]);
  });

  it("tells half of the interval beside the middle", () => {
    expect(etaText({ p10: 35_000, p50: 41_000, p90: 47_000 })).toBe("41 s ± 6 s");
    expect(etaText({ p10: 41_000, p50: 41_000, p90: 41_000 })).toBe("41 s");
    expect(etaText({ p10: 12e8, p50: 27e8, p90: 42e8 })).toBe("31 d ± 17 d");
    expect(etaText({ p10: 0, p50: 20, p90: 300 })).toBe("any moment");
  });

  it("tells both ends where plus and minus would lie", () => {
    expect(etaText({ p10: 20_000, p50: 41_000, p90: 180_000 })).toBe("41 s (20 s to 3 min)");
    expect(etaText({ p10: 0, p50: 2000, p90: 5000 })).toBe("2 s (0 s to 5 s)");
    expect(etaShort({ p10: 8800, p50: 26_000, p90: 155_000 })).toBe("26 s (9 s–3 min)");
    expect(etaShort({ p10: 35_000, p50: 41_000, p90: 47_000 })).toBe("41 s ± 6 s");
  });

  it("says that it learns, from how many of how many, and says nothing once it has", () => {
    expect(learningText({ samples: 12, samplesWanted: 30 })).toBe("learning (12 of 30 samples)");
    expect(learningText({ samples: 30, samplesWanted: 30 })).toBeNull();
  });

  it("fills a step for each quarter of confidence, none for none", () => {
    expect([0, 1, 25, 26, 75, 76, 100].map(confidenceSteps)).toEqual([0, 1, 1, 2, 3, 4, 4]);
  });
});

describe("an expected end that moved", () => {
  const moment = (job: Partial<JobRow>, workers: number | null = 2, paused = false): EtaMoment => ({
    job: jobOf(job),
    queue: { workers, paused },
  });
  const before = moment({ estimate: estimateOf(60_000) });
  const endsIn = (ms: number) => ({ estimate: estimateOf(ms) });

  it("is no news while it moves by little", () => {
    expect(etaShift(before, moment(endsIn(66_000)))).toBeNull();
    expect(etaShift(before, moment({ estimate: null }))).toBeNull();
  });

  it("is told with the workers that its queue came to have, where they explain the way it went", () => {
    expect(etaShift(before, moment(endsIn(40_000), 4))).toEqual({
      byMs: -20_000,
      text: "20 s sooner: documents moved to 4 workers, from 2",
    });
    expect(etaShift(before, moment(endsIn(90_000), 1))?.text).toBe("30 s later: documents moved to 1 worker, from 2");
    expect(etaShift(before, moment(endsIn(90_000), 4))?.text).not.toContain("workers");
  });

  it("is told with a pause, a new try, and a job that was lost", () => {
    expect(etaShift(before, moment(endsIn(90_000), 2, true))?.text).toBe("30 s later: documents was paused");
    expect(etaShift(before, moment({ ...endsIn(90_000), attempt: 2 }))?.text).toBe(
      "30 s later: it is tried again, try 2 of 3",
    );
    expect(etaShift(before, moment({ ...endsIn(90_000), stalls: 1 }))?.text).toContain("its worker lost it");
  });

  it("is told with its place in line, and with its start", () => {
    const waits = moment({ state: "waiting", startedAt: null, position: 8, estimate: estimateOf(60_000) });
    const moved = moment({ state: "waiting", startedAt: null, position: 3, estimate: estimateOf(40_000) });
    expect(etaShift(waits, moved)?.text).toBe("20 s sooner: it is number 3 in line, from 8");
    const overtaken = moment({ state: "waiting", startedAt: null, position: 10, estimate: estimateOf(80_000) });
    expect(etaShift(waits, overtaken)?.text).toBe("20 s later: 2 jobs went before it");
    expect(etaShift(waits, moment(endsIn(40_000)))?.text).toBe("20 s sooner: it began sooner than expected");
  });

  it("is told with its pace", () => {
    const half = moment({ percent: 50, changedAt: T, estimate: estimateOf(50_000) });
    const fast = moment({ percent: 80, changedAt: T + 5000, estimate: estimateOf(20_000) });
    expect(etaShift(half, fast)?.text).toBe("30 s sooner: it goes on faster than such jobs do, now at 80 %");
    const slow = moment({ percent: 51, changedAt: T + 20_000, estimate: estimateOf(90_000) });
    expect(etaShift(half, slow)?.text).toBe("40 s later: it goes on slower than such jobs do, at 51 %");
  });

  it("never makes up a reason", () => {
    expect(etaShift(before, moment(endsIn(40_000)))?.text).toBe("20 s sooner: what is known of such jobs changed");
  });
});

describe("what the page has shown of jobs", () => {
  it("never lets progress run backwards within a try, and begins anew with the next", () => {
    const memory = new JobMemory(() => null);
    const percent = (change: Partial<JobRow>) => memory.show(jobOf(change), T).percent;
    expect(percent({ percent: 40 })).toBe(40);
    expect(percent({ percent: 30 })).toBe(40);
    expect(percent({ percent: null })).toBe(40);
    expect(percent({ percent: 5, attempt: 2 })).toBe(5);
    expect(percent({ percent: 60, attempt: 2 })).toBe(60);
    expect(percent({ percent: 1, attempt: 2, queuedAt: T })).toBe(1);
  });

  it("keeps how the end of a job moved, newest first, and tells each move from the one before", () => {
    const memory = new JobMemory(() => ({ workers: 2, paused: false }));
    memory.show(jobOf({ estimate: estimateOf(60_000) }), T);
    memory.show(jobOf({ estimate: estimateOf(90_000) }), T + 1000);
    const shown = memory.show(jobOf({ estimate: estimateOf(60_000) }), T + 2000);
    expect(shown.shifts.map(({ at, byMs }) => [at - T, byMs])).toEqual([
      [2000, -30_000],
      [1000, 30_000],
    ]);
    expect(memory.show(jobOf({ estimate: estimateOf(61_000) }), T + 3000).shifts).toHaveLength(2);
  });

  it("tells a slow drift in the end, and not never", () => {
    const memory = new JobMemory(() => null);
    for (let step = 0; step < 10; step++) memory.show(jobOf({ estimate: estimateOf(60_000 + step * 2000) }), T);
    expect(memory.show(jobOf({ estimate: estimateOf(80_000) }), T).shifts.length).toBeGreaterThan(0);
  });

  it("forgets the jobs seen longest ago", () => {
    const memory = new JobMemory(() => null);
    for (let id = 0; id < 3000; id++) memory.show(jobOf({ id: String(id), percent: 50 }), T);
    expect(memory.size).toBe(2000);
    expect(memory.show(jobOf({ id: "0", percent: 10 }), T).percent).toBe(10);
    expect(memory.show(jobOf({ id: "2999", percent: 10 }), T).percent).toBe(50);
  });

  it("names a job in the address, whatever its queue and id are made of", () => {
    for (const name of [
      { queue: "documents", id: "7" },
      { queue: "a/b c", id: "x/y:z\n1" },
    ])
      expect(readKey(keyOf(name))).toEqual(name);
    for (const text of [undefined, "", "documents", "documents/", "%/1"]) expect(readKey(text)).toBeNull();
  });
});

describe("the list of jobs", () => {
  it("shows live ones by turn until somebody says otherwise", () => {
    const live = readStates({});
    expect(live.states).toEqual(["active", "waiting", "delayed"]);
    expect(readOrder({}, live)).toEqual({ sort: "turn", descending: false });
    expect(readStates({ state: "nonsense" })).toBe(live);
    const failed = readStates({ state: "failed" });
    expect(readOrder({}, failed)).toEqual({ sort: "changedAt", descending: true });
    expect(readOrder({ sort: "runMs", order: "asc" }, failed)).toEqual({ sort: "runMs", descending: false });
  });

  it("is ordered by the head that is pressed: what is done soonest first, everything else from the top", () => {
    const order = { sort: "startedAt", descending: true } as const;
    expect(orderAfter("eta", order)).toEqual({ sort: "remaining", descending: false });
    expect(orderAfter("ran", order)).toEqual({ sort: "runMs", descending: true });
    expect(orderAfter("ran", { sort: "runMs", descending: true })).toEqual({ sort: "runMs", descending: false });
    const heads = wideColumns({ sort: "waitMs", descending: true }, { queues: true, users: true });
    expect(heads.find(({ id }) => id === "waited")?.order).toBe("descending");
    expect(heads.find(({ id }) => id === "ran")?.order).toBeNull();
    expect(heads.find(({ id }) => id === "state")?.order).toBeUndefined();
  });

  it("leaves out what is the same in every row", () => {
    const ids = wideColumns({ sort: "queuedAt", descending: true }, { queues: false, users: false }).map(
      ({ id }) => id,
    );
    expect(ids).not.toContain("queue");
    expect(ids).not.toContain("user");
  });

  it("asks the hub for a window in the words of its API", async () => {
    const asked: [string, RequestInit | undefined][] = [];
    const answers = [{ at: T, known: 2, matched: 1, rows: [jobOf()] }, { done: true }, { records: [] }];
    const ask = createHubAsk(
      new URL("http://hub/dashboard/"),
      (url, init) => {
        asked.push([url, init]);
        return Promise.resolve(Response.json(answers[asked.length - 1]));
      },
      "",
    );
    const api = createJobsApi(ask);
    const { signal } = new AbortController();
    const page = await api.list(
      { queue: "a b", states: ["active", "waiting"], search: "pdf", ended: null, sort: "remaining", descending: false },
      { offset: 40, limit: 80 },
      signal,
    );
    expect(page.rows[0]?.id).toBe("1");
    await api.act({ queue: "a b", id: "x/1" }, "retry");
    expect(await api.records(signal)).toEqual([]);
    expect(asked.map(([url, init]) => `${init?.method} ${new URL(url).pathname}${new URL(url).search}`)).toEqual([
      "GET /dashboard/api/jobs?queue=a+b&state=active%2Cwaiting&search=pdf&sort=remaining&order=asc&offset=40&limit=80",
      "POST /dashboard/api/jobs/a%20b/x%2F1/actions/retry",
      "GET /dashboard/api/jobs/estimates",
    ]);
  });
});

describe("figures of queues and workers", () => {
  it("adds queues up, and takes the oldest of their waits", () => {
    const table = {
      rows: [queueOf(), queueOf({ queue: "mail", waiting: 5, oldestWaitMs: null, paused: true })],
      leftOut: 0,
      known: 0,
      evicted: 0,
      dropped: 0,
      ledger: { state: "ok", problem: null },
    } as const;
    expect(sumOf(queuesInView(table, null))).toMatchObject({ waiting: 15, active: 4, oldestWaitMs: 4000, paused: 1 });
    expect(sumOf(queuesInView(table, "mail"))).toMatchObject({ waiting: 5, oldestWaitMs: null });
    expect(sumOf(queuesInView(table, "nowhere"))).toBeNull();
  });

  it("counts the workers of one queue among its own", () => {
    const rows = [workerOf("a"), workerOf("b", { state: "dead" }), workerOf("c", { queue: "mail", state: "stalled" })];
    const table = { rows, total: 40, stalled: 1, dead: 1, utilization: 0.5, imbalance: 1 };
    expect(workersInView(table, null)).toMatchObject({ total: 40, stalled: 1, dead: 1 });
    expect(workersInView(table, "documents")).toMatchObject({ total: 2, stalled: 0, dead: 1 });
    expect(workersInView(null, null)).toBeNull();
  });

  it("tells who is busier than the mean, of those that are there", () => {
    const rows = [workerOf("a", { utilization: 0.9 }), workerOf("b", { utilization: 0.3 })];
    expect(balanceOf(rows)).toMatchObject({ meanUse: 0.6, busiest: { worker: "a" } });
    expect(balanceOf(rows)?.factor).toBeCloseTo(1.5);
    expect(balanceOf([workerOf("a"), workerOf("b", { state: "dead" })])).toBeNull();
    expect(balanceOf([workerOf("a", { utilization: 0 }), workerOf("b", { utilization: 0 })])?.factor).toBe(1);
  });
});

describe("the record of estimates", () => {
  it("judges the interval by what it is meant to hold", () => {
    expect([null, 0.6, 0.8, 0.95].map(judgeCoverage)).toEqual([
      "not known yet",
      "too narrow",
      "as it should be",
      "wider than need be",
    ]);
  });

  it("judges the confidence by what was kept, once there is enough", () => {
    const record = { queue: null, samples: 100, within25: 0.5, meanConfidence: 0.8 } as never;
    expect(judgeConfidence(record)).toBe("too sure of itself");
    expect(judgeConfidence({ ...(record as object), samples: 10 } as never)).toBe("too few to judge");
    expect(judgeConfidence({ ...(record as object), within25: 0.78 } as never)).toBe("as honest as said");
  });

  it("counts the jobs of a minute as what came, also of a hub that has counted for some seconds alone", () => {
    // Sixty that waited when it began, seen in five seconds.
    expect(ofTrailingMinute(Float64Array.of(12, 5))).toBe(60);
    expect(ofTrailingMinute(Float64Array.of(60, 0))).toBe(60);
    expect(ofTrailingMinute(Float64Array.of(2, 4000))).toBe(120);
    expect(ofTrailingMinute(Float64Array.of(2, Number.NaN))).toBe(120);
    expect(ofTrailingMinute(Float64Array.of(Number.NaN, 5))).toBeNaN();
  });

  it("asks what if with what was filled in, and nothing else", () => {
    expect(questionOf(NO_DRAFT)).toEqual({});
    expect(questionOf({ ...NO_DRAFT, queue: "documents", megabytes: "2.5", plan: "premium", position: "0" })).toEqual({
      queue: "documents",
      fileSize: 2_500_000,
      userPlan: "premium",
      queuePosition: 0,
    });
  });
});
