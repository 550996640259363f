import { until } from "@wsight/testkit";
import { DelayedError, type Job } from "bullmq";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BACKENDS, type Backend, TWO_TRIES, watchJobs } from "./bullmq-support.ts";

describe.each(BACKENDS)("BullMQ on %s", (name, open) => {
  let backend: Backend;
  beforeAll(async () => {
    if (open !== null) backend = await open();
  });
  afterAll(() => backend?.close());
  const test = it.skipIf(open === null);
  const named = (what: string): string => `${what}-${name.toLowerCase()}`;

  test("tells the life of a job: queued, started, progress, completed", async () => {
    const watch = watchJobs({
      jobs: {
        describe: ({ data }) => ({ userId: data.user, sizeBytes: data.size, plan: "premium", label: data.file }),
      },
    });
    const queue = backend.queue(named("life"));
    watch.probe.attach(queue);
    const worker = backend.worker(
      named("life"),
      async (job: Job) => {
        await job.updateProgress({ percent: 40, stage: "analyzing", secret: "x" });
        return { pages: 3 };
      },
      { name: "pdf" },
    );
    watch.probe.attach(worker);
    const job = await queue.add("ocr", { user: "u1", size: 2_000_000, file: "a.pdf" }, { priority: 3, attempts: 4 });
    await until(() => watch.of(job.id, "completed").length > 0, { what: "the end" });

    expect(watch.story(job.id)).toEqual(["queued", "started 1", "progress 1", "completed 1"]);
    expect(watch.of(job.id, "queued")[0]).toMatchObject({
      at: job.timestamp,
      createdAt: job.timestamp,
      queue: named("life"),
      name: "ocr",
      userId: "u1",
      sizeBytes: 2_000_000,
      plan: "premium",
      label: "a.pdf",
      priority: 3,
      maxAttempts: 4,
    });
    const kept = await queue.getJob(job.id ?? "");
    expect(watch.of(job.id, "started")[0]).toMatchObject({
      at: kept?.processedOn,
      createdAt: job.timestamp,
      worker: "pdf@here",
    });
    expect(watch.of(job.id, "progress")[0]).toMatchObject({ percent: 40, stage: "analyzing" });
    expect(watch.of(job.id, "completed")[0]).toMatchObject({ at: kept?.finishedOn, startedAt: kept?.processedOn });
    expect(JSON.stringify(watch.events)).not.toContain("pages");
    expect(watch.faults).toEqual([]);
  });

  test("says of a failed try whether it is the last", async () => {
    const watch = watchJobs();
    const queue = backend.queue(named("tries"));
    watch.probe.attach(queue);
    watch.probe.attach(backend.worker(named("tries"), () => Promise.reject(new Error("no paper, token=hunter2"))));
    const job = await queue.add("print", {}, TWO_TRIES);
    await until(() => watch.of(job.id, "failed").length === 2, { what: "two failures" });
    expect(watch.story(job.id)).toEqual(["queued", "started 1", "failed 1", "started 2", "failed 2"]);
    expect(watch.of(job.id, "failed")).toMatchObject([
      { final: false, retryInMs: 50, error: "no paper, token=•••" },
      { final: true, error: "no paper, token=•••" },
    ]);
    expect(watch.of(job.id, "failed")[1]).not.toHaveProperty("retryInMs");
  });

  test("tells of a job that its processor put off", async () => {
    const watch = watchJobs();
    const queue = backend.queue(named("put-off"));
    watch.probe.attach(queue);
    watch.probe.attach(
      backend.worker(named("put-off"), async (job: Job, token?: string) => {
        if (job.attemptsStarted > 1) return;
        await job.moveToDelayed(Date.now() + 1500, token);
        throw new DelayedError();
      }),
    );
    const job = await queue.add("later", {});
    await until(() => watch.of(job.id, "completed").length === 1, { what: "the end" });
    expect(watch.story(job.id)).toEqual(["queued", "started 1", "retried 1", "started 2", "completed 2"]);
    expect(watch.of(job.id, "retried")[0]?.delayMs).toBeGreaterThan(500);
  });

  test("tells of what the queue says of jobs of others", async () => {
    const watch = watchJobs();
    watch.probe.attach(await backend.events(named("events")));
    const queue = backend.queue(named("events"));
    backend.worker(named("events"), async (job: Job) => {
      await job.updateProgress(30);
      if (job.name === "bad") throw new Error("broken");
    });
    const good = await queue.add("good", { secret: 1 });
    const bad = await queue.add("bad", {}, TWO_TRIES);
    await until(() => watch.of(bad.id, "failed").length > 0 && watch.of(good.id, "completed").length > 0, {
      what: "ends",
    });
    expect(watch.story(good.id)).toEqual(["queued", "started 1", "progress 1", "completed 1"]);
    expect(watch.story(bad.id)).toEqual([
      "queued",
      "started 1",
      "progress 1",
      "retried 1",
      "started 2",
      "progress 2",
      "failed 2",
    ]);
    expect(watch.of(bad.id, "failed")[0]).toMatchObject({ final: true, error: "broken" });
  });

  test("reads how full the queue is", async () => {
    const watch = watchJobs({ jobs: { pollMs: 1000, workers: true } });
    const queue = backend.queue(named("full"));
    await queue.addBulk([
      { name: "a", data: {} },
      { name: "b", data: {} },
      { name: "c", data: {}, opts: { priority: 2 } },
      { name: "d", data: {}, opts: { delay: 60_000 } },
    ]);
    await queue.pause();
    await backend.worker(named("full"), async () => undefined).waitUntilReady();
    watch.probe.attach(queue);
    await until(() => watch.readings.length > 1, { what: "readings" });
    expect(watch.readings.at(-1)).toMatchObject({
      queue: named("full"),
      library: "bullmq",
      paused: true,
      counts: { prioritized: 1, delayed: 1, active: 0, failed: 0 },
      workers: 1,
    });
    // Those of a paused queue are "paused" on PostgreSQL, and wait on Redis.
    const { waiting = 0, paused = 0 } = watch.readings.at(-1)?.counts ?? {};
    expect(waiting + paused).toBe(2);
    expect(watch.readings.at(-1)?.oldestWaitMs).toBeGreaterThan(900);
    expect(watch.faults).toEqual([]);
  });
});
