import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { until } from "@wsight/testkit";
import { DelayedError, type Job, Worker } from "bullmq";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { askingHub } from "./asking.ts";
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
        await wait(150);
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
        await job.moveToDelayed(Date.now() + 4000, token);
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

  test("tells of jobs that are added together, of flows and of schedulers", async () => {
    const watch = watchJobs();
    const queue = backend.queue(named("many"));
    watch.probe.attach(queue);
    watch.probe.attach(backend.worker(named("many"), async () => 1, { concurrency: 4 }));
    const jobs = await queue.addBulk([
      { name: "a", data: {} },
      { name: "b", data: {}, opts: { delay: 300 } },
    ]);
    await until(() => watch.of(jobs[1]?.id, "queued").length > 0, { what: "the delayed one" });
    expect(watch.of(jobs[1]?.id, "queued")[0]).toMatchObject({ name: "b", delayMs: 300 });
    const flow = await backend.flow().add({
      name: "parent",
      queueName: named("many"),
      children: [{ name: "child", queueName: named("many") }],
    });
    await queue.upsertJobScheduler("tick", { every: 60_000 }, { name: "tock" });
    await until(() => watch.events.filter(({ kind }) => kind === "completed").length === 5, { what: "five ends" });
    const names = watch.events.flatMap((event) => (event.kind === "queued" ? [event.name] : []));
    expect(names.filter((name) => name === "parent" || name === "child" || name === "tock").sort()).toEqual([
      "child",
      "parent",
      "tock",
    ]);
    expect(watch.story(flow.job.id)).toEqual(["queued", "started 1", "completed 1"]);
    expect(watch.faults).toEqual([]);
  });

  test("does not take an add that changed nothing for a new job", async () => {
    const watch = watchJobs();
    const queue = backend.queue(named("again"));
    watch.probe.attach(queue);
    const first = await queue.add("a", { n: 1 }, { jobId: "report-a" });
    await until(() => watch.of("report-a", "queued").length === 1, { what: "the first" });
    await queue.add("a", { n: 2 }, { jobId: "report-a" });
    await until(() => watch.of("report-a", "queued").length === 2, { what: "the second" });
    // Without its time it is the job that is known.
    expect(watch.of("report-a", "queued").map(({ createdAt }) => createdAt)).toEqual([undefined, undefined]);
    watch.probe.attach(backend.worker(named("again"), async () => 1));
    await until(() => watch.of("report-a", "completed").length === 1, { what: "its end" });
    expect(watch.of("report-a", "completed")[0]?.createdAt).toBe(first.timestamp);
    const told = watch.events.length;
    await queue.add("a", { n: 3 }, { jobId: "report-a" });
    await queue.add("b", {});
    await until(() => watch.events.some((event) => event.kind === "queued" && event.name === "b"), { what: "another" });
    expect(watch.story("report-a").slice(-1)).toEqual(["completed 1"]);
    expect(watch.events.length).toBeGreaterThan(told);
  });

  test("tells of jobs that are taken from the queue", async () => {
    const watch = watchJobs();
    const queue = backend.queue(named("taken"));
    watch.probe.attach(queue);
    const [one, two, three] = [await queue.add("a", {}), await queue.add("b", {}), await queue.add("c", {})];
    await one.remove();
    await queue.remove(two.id ?? "");
    await queue.clean(0, 10, "wait");
    await until(() => watch.events.filter(({ kind }) => kind === "removed").length === 3, { what: "three removals" });
    for (const { id } of [one, two, three]) expect(watch.story(id)).toEqual(["queued", "removed"]);
  });

  test("tells of jobs whose processor runs in a process of its own", async () => {
    const watch = watchJobs();
    const processor = fileURLToPath(new URL("./fixtures/bullmq-sandbox.cjs", import.meta.url));
    watch.probe.attach(backend.worker(named("sandbox"), processor));
    const job = await backend.queue(named("sandbox")).add("a", {}, { removeOnComplete: true });
    await until(() => watch.of(job.id, "completed").length === 1, { what: "its end" });
    expect(watch.story(job.id)).toEqual(["queued", "started 1", "progress 1", "completed 1"]);
    expect(watch.of(job.id, "progress")[0]).toMatchObject({ percent: 70 });
  });

  test("tells of a job that waits for a rate limit as of one that waits", async () => {
    const watch = watchJobs();
    const queue = backend.queue(named("limited"));
    watch.probe.attach(
      backend.worker(named("limited"), async (job: Job) => {
        if (job.attemptsStarted > 1) return;
        await queue.rateLimit(4000);
        throw Worker.RateLimitError();
      }),
    );
    const job = await queue.add("a", {});
    await until(() => watch.of(job.id, "completed").length === 1, { what: "its end", timeoutMs: 15_000 });
    expect(watch.story(job.id).filter((word) => !word.startsWith("queued"))).toEqual([
      "started 1",
      "retried 1",
      "started 2",
      "completed 2",
    ]);
  });

  test("says that a worker is there, how many jobs it has, and that it ended in good order", async () => {
    const watch = watchJobs();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    onTestFinished(() => release());
    let begun = 0;
    const work = (): Promise<void> => {
      begun++;
      return held;
    };
    const worker = backend.worker(named("beat"), work, { concurrency: 3, name: "w" });
    await worker.waitUntilReady();
    await backend.queue(named("beat")).addBulk([
      { name: "a", data: {} },
      { name: "b", data: {} },
    ]);
    await until(() => watch.probe.findings().length === 0 && worker.isRunning(), { what: "a worker" });
    await until(() => begun === 2, { what: "two jobs" });
    const attachment = watch.probe.attach(worker);
    expect(attachment.finding).toMatchObject({ library: "bullmq", version: "6.7.0", state: "attached" });
    await until(() => watch.beats.length > 0, { what: "a beat" });
    expect(watch.beats[0]).toMatchObject({ queue: named("beat"), worker: "w@here", concurrency: 3, active: 2 });
    release();
    await worker.close();
    await until(() => watch.beats.at(-1)?.ended === true, { what: "the last beat" });
  });

  test("tells of a job that its worker lost, and that another one took", async () => {
    const watch = watchJobs();
    const queue = backend.queue(named("lost"));
    watch.probe.attach(queue);
    const short = { lockDuration: 500, stalledInterval: 300, skipLockRenewal: true };
    const stuck = backend.worker(named("lost"), () => new Promise((resolve) => setTimeout(resolve, 2500)), short);
    watch.probe.attach(stuck);
    const job = await queue.add("a", {});
    await until(() => watch.of(job.id, "started").length === 1, { what: "the first start" });
    await stuck.pause(true);
    const other = backend.worker(named("lost"), async () => "done", { ...short, skipLockRenewal: false });
    watch.probe.attach(other);
    await until(() => watch.of(job.id, "completed").length === 1, { what: "its end" });
    expect(watch.story(job.id)).toEqual(["queued", "started 1", "stalled", "started 2", "completed 2"]);
  });

  test("shows a job to who asks, without its data, and does to it what is asked", async () => {
    const watch = watchJobs();
    const hub = askingHub(watch.probe);
    const queue = backend.queue(named("look"));
    watch.probe.attach(queue);
    watch.probe.attach(
      backend.worker(named("look"), async (job: Job) => {
        for (let line = 0; line < 60; line++) await job.log(`line ${line} password=abc`);
        throw new Error("no paper");
      }),
    );
    const job = await queue.add("print", { card: "secret" });
    const id = job.id ?? "";
    await until(() => watch.of(id, "failed").length === 1, { what: "its failure" });
    const look = await hub.ask({ kind: "job", queue: named("look"), job: id });
    expect(look).toMatchObject({
      state: "failed",
      name: "print",
      attemptsMade: 1,
      error: "no paper",
      data: null,
      logCount: 60,
    });
    expect(look.logs).toHaveLength(50);
    expect(look.logs.at(-1)).toBe("line 59 password=•••");
    expect(look.stacks[0]).toContain("Error: no paper");
    expect([...look.can].sort()).toEqual(["remove", "retry"]);
    await expect(
      hub.ask({ kind: "job-action", queue: named("look"), job: id, action: "promote" }),
    ).rejects.toMatchObject({
      code: "BAD_REQUEST",
    });
    await hub.ask({ kind: "job-action", queue: named("look"), job: id, action: "retry" });
    await until(() => watch.of(id, "failed").length === 2, { what: "its second failure" });
    expect(watch.story(id)).toContain("retried");
    await until(async () => (await job.getState()) === "failed", { what: "it to rest" });
    const { jobs } = await hub.ask({ kind: "job-states", queue: named("look"), jobs: [id, "none"] });
    expect([...jobs].sort((a, b) => a.job.localeCompare(b.job))).toMatchObject([
      { job: id, state: "failed", attempt: 2, createdAt: job.timestamp, error: "no paper" },
      { job: "none", state: "unknown", endedAt: null },
    ]);
    await hub.ask({ kind: "job-action", queue: named("look"), job: id, action: "remove" });
    await until(() => watch.story(id).at(-1) === "removed", { what: "its removal" });
    await expect(hub.ask({ kind: "job", queue: named("look"), job: id })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(hub.ask({ kind: "job", queue: "none", job: id })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("says why a queue did not do what is asked, redacted before it is cut", async () => {
    const watch = watchJobs();
    const hub = askingHub(watch.probe);
    const queue = backend.queue(named("refuse"));
    watch.probe.attach(queue);
    const job = await queue.add("print", {});
    job.remove = () => Promise.reject(new Error(`${"x".repeat(150)} no link, password=${"s3cret".repeat(30)} end`));
    queue.getJob = () => Promise.resolve(job);
    const asked = hub.ask({ kind: "job-action", queue: named("refuse"), job: job.id ?? "", action: "remove" });
    await expect(asked).rejects.toMatchObject({
      code: "BAD_REQUEST",
      message: expect.stringContaining("password=•••"),
    });
    await expect(asked).rejects.not.toMatchObject({ message: expect.stringContaining("s3cret") });
  });

  test("shows data that the application lets be seen, redacted, and lets nothing be done that it does not", async () => {
    const watch = watchJobs({ jobs: { data: true, results: true, actions: false } });
    const hub = askingHub(watch.probe);
    const queue = backend.queue(named("data"));
    watch.probe.attach(queue);
    watch.probe.attach(backend.worker(named("data"), async () => ({ url: "/files/1" })));
    const { id = "" } = await queue.add("a", { file: "a.pdf", password: "hunter2", long: "x".repeat(40_000) });
    await until(() => watch.of(id, "completed").length === 1, { what: "its end" });
    expect(watch.of(id, "completed")[0]?.result).toBe('{"url":"/files/1"}');
    const look = await hub.ask({ kind: "job", queue: named("data"), job: id });
    expect(look.data).toContain("a.pdf");
    expect(look.data).not.toContain("hunter2");
    expect(look.data?.length).toBeLessThanOrEqual(16_384);
    expect(look.can).toEqual([]);
    await expect(
      hub.ask({ kind: "job-action", queue: named("data"), job: id, action: "remove" }),
    ).rejects.toMatchObject({ code: "FORBIDDEN" });
  });

  test("leaves an application as it was: listeners, options, errors, and nothing after detaching", async () => {
    const watch = watchJobs();
    const queue = backend.queue(named("same"));
    const worker = backend.worker(named("same"), async () => 1);
    const events = await backend.events(named("same"));
    const before = [queue, worker, events].map((target) => [
      target.eventNames().map((event) => [event, target.listenerCount(event)]),
      Object.keys(target).sort(),
    ]);
    const attachments = [queue, worker, events].map((target) => watch.probe.attach(target));
    expect(
      [queue, worker, events].map((target) => [
        target.eventNames().map((event) => [event, target.listenerCount(event)]),
        Object.keys(target).sort(),
      ]),
    ).toEqual(before);
    worker.removeAllListeners("completed");
    const job = await queue.add("a", {});
    await until(() => watch.of(job.id, "completed").length > 0, { what: "its end" });
    for (const attachment of attachments) attachment.detach();
    for (const target of [queue, worker, events]) expect(Object.hasOwn(target, "emit")).toBe(false);
    expect(Object.hasOwn(queue, "addBulk")).toBe(false);
    const told = watch.events.length;
    await queue.add("b", {});
    await until(async () => (await queue.getJobCounts("completed")).completed === 2, { what: "the second" });
    expect(watch.events.length).toBe(told);
  });
});
