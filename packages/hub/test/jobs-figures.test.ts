import { createExposition, createIngest, createJobFigures, createRecorder, type JobFigures } from "@wsight/hub";
import { encodeLinkText, type QueueRow, type WorkerRow } from "@wsight/protocol";
import { describe, expect, test } from "vitest";
import { Rig } from "./current-rig.ts";

const QUIET: QueueRow = {
  queue: "mail",
  library: "app",
  paused: false,
  waiting: 0,
  active: 0,
  delayed: 0,
  failed: 0,
  workers: null,
  capacity: null,
  donePerMinute: 0,
  failedPerMinute: 0,
  addedPerMinute: 0,
  oldestWaitMs: null,
  waitP50: null,
  waitP95: null,
  runP50: null,
  runP95: null,
  clearsInMs: null,
  clearsLowMs: null,
  clearsHighMs: null,
  confidence: null,
  spark: [],
};
const WORKER: WorkerRow = {
  queue: "mail",
  worker: "w-1",
  node: null,
  state: "busy",
  concurrency: 1,
  active: 0,
  utilization: null,
  completed: 0,
  failed: 0,
  stalls: 0,
  meanRunMs: null,
  seenAt: 0,
};

/** Figures of queues that stand as they are put. */
class FiguresRig extends Rig {
  readonly figures: JobFigures = createJobFigures({
    ingest: this.ingest,
    clock: this.clock,
    instance: "here",
    host: "machine",
  });
  used = true;
  rows: Partial<QueueRow>[] = [];
  workers: Partial<WorkerRow>[] = [];

  /** One second, with the figures said before it is closed. */
  tick(during: () => void = () => {}): number {
    return this.second(() => {
      during();
      this.figures.tell({
        used: this.used,
        queues: () => ({
          rows: this.rows.map((row) => ({ ...QUIET, ...row })),
          leftOut: 0,
          known: 0,
          evicted: 0,
          dropped: 0,
          ledger: { state: "off", problem: null },
        }),
        workers: () => ({
          rows: this.workers.map((row) => ({ ...WORKER, ...row })),
          total: this.workers.length,
          stalled: 0,
          dead: 0,
          utilization: null,
          imbalance: null,
        }),
      });
    });
  }

  waiting(queue = "mail"): number {
    return this.read({ metric: "queue.jobs", agg: "sum", where: { queue, "queue.job.state": "waiting" } });
  }
}

function namesIn(rig: Rig): readonly string[] {
  const names: string[] = [];
  rig.current.forEachSeries(({ series }) => void names.push(series.metric.name));
  return names.sort();
}

describe("figures of queues", () => {
  test("are in the second in which they came to be, from the very first on", () => {
    const rig = new FiguresRig();
    rig.tick();
    rig.rows = [{ waiting: 7, active: 2, workers: 3, oldestWaitMs: 4500 }];
    rig.tick(() => {
      for (let i = 0; i < 7; i++) rig.figures.added("mail");
      rig.figures.waited("mail", 4);
      rig.figures.ended("mail", "completed", 8);
      rig.figures.ended("mail", "failed", null);
      rig.figures.retried("mail");
      rig.figures.stalled("mail");
    });
    expect(rig.waiting()).toBe(7);
    expect(rig.read({ metric: "queue.workers", agg: "last" })).toBe(3);
    expect(rig.read({ metric: "queue.oldest_wait", agg: "last" })).toBe(4.5);
    expect(rig.read({ metric: "queue.jobs.added", agg: "rate" })).toBe(7);
    expect(rig.read({ metric: "queue.jobs.ended", agg: "total" })).toBe(2);
    expect(rig.read({ metric: "queue.job.retries", agg: "total" })).toBe(1);
    expect(rig.read({ metric: "queue.job.stalls", agg: "total" })).toBe(1);
    expect(rig.read({ metric: "queue.job.wait", agg: "mean" })).toBe(4);
    // Of the one whose start nobody told of, no length is claimed.
    expect(rig.read({ metric: "queue.job.duration", agg: "mean" })).toBe(8);
  });

  test("of the very first second are those of a second, however little time lies between hello and figures", () => {
    const rig = new FiguresRig();
    rig.clock.now = () => {
      rig.clock.time += 0.25;
      return rig.clock.time;
    };
    rig.tick(() => {
      for (let i = 0; i < 7; i++) rig.figures.added("mail");
    });
    expect(rig.read({ metric: "queue.jobs.added", agg: "rate" })).toBeCloseTo(7, 1);
    expect(rig.read({ metric: "queue.jobs.added", agg: "rate", window: 60 })).toBeLessThanOrEqual(7.1);
  });

  test("of what nobody can say are not there, and unlike nothing", () => {
    const rig = new FiguresRig();
    rig.rows = [{ waiting: 3 }];
    rig.tick();
    expect(rig.read({ metric: "queue.workers", agg: "last" })).toBeNaN();
    expect(rig.read({ metric: "queue.oldest_wait", agg: "last" })).toBeNaN();
    rig.rows = [{ waiting: 0, workers: 0 }];
    rig.tick();
    expect(rig.read({ metric: "queue.workers", agg: "last" })).toBe(0);
    expect(rig.read({ metric: "queue.oldest_wait", agg: "last" })).toBe(0);
    rig.rows = [{ workers: null }];
    rig.tick();
    expect(rig.read({ metric: "queue.workers", agg: "last" })).toBeNaN();
  });

  test("put workers together by the places they have", () => {
    const rig = new FiguresRig();
    rig.rows = [{}];
    rig.workers = [
      { worker: "a", concurrency: 3, utilization: 1 },
      { worker: "b", concurrency: 1, utilization: 0, state: "stalled" },
      { worker: "c", concurrency: 4, utilization: 0.5, state: "dead" },
    ];
    rig.tick();
    expect(rig.read({ metric: "queue.worker.utilization", agg: "last" })).toBe(0.75);
    for (const state of ["stalled", "dead"]) {
      const where = { "queue.worker.state": state };
      expect(rig.read({ metric: "queue.workers.unwell", agg: "last", where })).toBe(1);
    }
  });

  test("are said by nobody before there are jobs", () => {
    const rig = new FiguresRig();
    rig.used = false;
    rig.tick();
    expect(rig.current.nodes("all")).toEqual([]);
  });

  test("of more queues than 64 are put together", () => {
    const rig = new FiguresRig();
    rig.tick(() => {
      for (let i = 0; i < 80; i++) rig.figures.added(`queue-${i}`);
    });
    expect(rig.read({ metric: "queue.jobs.added", agg: "total" })).toBe(80);
    expect(rig.read({ metric: "queue.jobs.added", agg: "total", where: { queue: "queue-63" } })).toBe(1);
    expect(rig.read({ metric: "queue.jobs.added", agg: "total", where: { queue: "_other" } })).toBe(16);
  });

  test("of a queue that is gone for long end, and begin anew when it is back", () => {
    const rig = new FiguresRig();
    rig.rows = [{ waiting: 5 }];
    rig.tick(() => rig.figures.added("mail"));
    rig.rows = [];
    rig.tick();
    expect(rig.waiting()).toBeNaN();
    // How it stood ends at once, so that rules do not wait for it; what was counted stays for a while.
    expect(namesIn(rig)).toEqual(["queue.jobs.added", "wsight.jobs.uptime"]);
    rig.clock.time += 901_000;
    rig.tick();
    expect(namesIn(rig)).toEqual(["wsight.jobs.uptime"]);
    rig.rows = [{ waiting: 2 }];
    rig.tick(() => rig.figures.added("mail"));
    expect(rig.waiting()).toBe(2);
    expect(rig.read({ metric: "queue.jobs.added", agg: "rate" })).toBe(1);
  });

  test("are said anew when the hub forgot everything because its clock was set back", () => {
    const rig = new FiguresRig();
    rig.rows = [{ waiting: 5 }];
    for (let i = 0; i < 3; i++) rig.tick(() => rig.figures.added("mail"));
    rig.clock.time -= 60_000;
    rig.tick();
    rig.tick();
    expect(rig.waiting()).toBe(5);
    expect(rig.read({ metric: "queue.jobs.added", agg: "total" })).toBe(3);
    expect(rig.ingest.stats().badFrames).toBe(0);
  });

  test("go to scrapers and into history like those of any process", async () => {
    const rig = new FiguresRig();
    const recorded: string[] = [];
    const recorder = createRecorder({
      current: rig.current,
      write: ({ series }) => recorded.push(...series.map(({ node, metric }) => `${node} ${metric}`)),
    });
    rig.rows = [{ waiting: 5 }];
    rig.tick(() => rig.figures.added("mail"));
    recorder.observe();
    expect(recorded).toContain("wsight/here queue.jobs");
    expect(recorded).toContain("wsight/here queue.jobs.added");
    const text = new TextDecoder().decode(await createExposition({ current: rig.current }).scrape("text", false));
    expect(text).toContain('queue_jobs{service="wsight",node="wsight/here",queue="mail",queue_job_state="waiting"} 5');
    expect(text).not.toContain('wsight_node_live{service="wsight"');
  });
});

describe("the node of these figures", () => {
  test("is no process: it is in no list, no summary, and is asked nothing", () => {
    const rig = new FiguresRig();
    rig.probe().snapshot();
    rig.rows = [{ waiting: 5 }];
    rig.tick();
    expect(rig.current.nodes().map(({ node }) => node)).toEqual(["chat/a"]);
    expect(rig.current.nodes("all").map(({ node }) => node)).toEqual(["chat/a", "wsight/here"]);
    expect(rig.current.table("nodes").map(({ node }) => node)).toEqual(["chat/a"]);
    expect(rig.current.summary("wsight/here")).toBeNull();
    expect(rig.current.summary()).not.toBeNull();
    expect(rig.asks.nodes()).toEqual(["chat/a"]);
    expect(rig.ingest.isLocal("wsight/here")).toBe(false);
    expect(rig.ingest.stats()).toMatchObject({ links: 1, badFrames: 0 });
  });

  test("can't be claimed by a probe, neither by its kind nor by its name", () => {
    const rig = new Rig();
    rig.probe({ figuresOnly: true });
    expect(rig.ingest.stats().lastBadFrame).toBe("hello figuresOnly: expected nothing of the kind, got true");
    const kept = createIngest({ current: rig.current, clock: rig.clock, ownNode: "wsight/here" });
    const link = kept.open(() => {});
    const { hello } = rig.probe();
    const refused = link.receive(encodeLinkText({ ...hello, service: "wsight", instance: "here" }));
    expect(refused).toBe('hello: expected another name of the process: this one is the hub\'s own, got "wsight/here"');
    expect(rig.current.nodes("all").map(({ node }) => node)).toEqual(["chat/a"]);
  });
});
