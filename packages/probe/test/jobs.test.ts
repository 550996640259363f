import { createProbe, type Probe, type ProbeOptions } from "@wsight/probe";
import { decodeProbeFrame, encodeLinkText, type JobEvent, MAX_JOB_RESULT } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { createJobHub, type JobHub } from "./job-hub.ts";

let probe: Probe | undefined;
afterEach(() => {
  probe?.close();
  probe = undefined;
});

function create(options: ProbeOptions = {}): Probe & { faults: Error[] } {
  const faults: Error[] = [];
  probe = createProbe({
    service: "shop",
    instance: "web-1",
    intervalMs: 100,
    onError: (error) => faults.push(error as Error),
    ...options,
  });
  return Object.assign(probe, { faults });
}

function linked(options: ProbeOptions = {}): { made: ReturnType<typeof create>; hub: JobHub } {
  const made = create(options);
  const hub = createJobHub({ eager: true });
  made.connect(hub);
  return { made, hub };
}

async function told(hub: JobHub, count: number): Promise<readonly JobEvent[]> {
  await until(() => hub.events().length >= count, { what: `${count} events` });
  return hub.events();
}

/** Without what differs from run to run. */
function plain(event: JobEvent | undefined): object {
  const {
    at: _at,
    createdAt: _createdAt,
    startedAt: _startedAt,
    ...rest
  } = { at: 0, createdAt: 0, startedAt: 0, ...event };
  return rest;
}

describe("calls about jobs", () => {
  it("tell a job's life, from queued to its end", async () => {
    const { made, hub } = linked();
    made.jobQueued("ada", { jobId: 42, name: "ocr", label: "a.pdf", sizeBytes: 5e6, plan: "premium", maxAttempts: 3 });
    made.jobStarted("42", { worker: "pdf-2" });
    made.jobProgress("42", 30, "reading");
    made.jobFailed("42", new Error("no paper"), { retryInMs: 1000, worker: "pdf-2" });
    made.jobStarted("42", { attempt: 2 });
    made.jobProgress("42", 120.4);
    made.jobCompleted("42", { pages: 3 });
    const events = await told(hub, 7);
    const job = { queue: "jobs", job: "42" };
    expect(events.map(plain)).toEqual([
      {
        kind: "queued",
        ...job,
        userId: "ada",
        name: "ocr",
        label: "a.pdf",
        sizeBytes: 5e6,
        plan: "premium",
        maxAttempts: 3,
      },
      { kind: "started", ...job, worker: "pdf-2" },
      { kind: "progress", ...job, percent: 30, stage: "reading" },
      { kind: "failed", ...job, error: "no paper", final: false, retryInMs: 1000, worker: "pdf-2" },
      { kind: "started", ...job, attempt: 2, worker: "web-1" },
      { kind: "progress", ...job, percent: 100 },
      { kind: "completed", ...job, result: '{"pages":3}', worker: "web-1" },
    ]);
    expect(events[0]).toMatchObject({ createdAt: events[0]?.at });
    expect(events[6]).toMatchObject({ startedAt: events[4]?.at });
    expect(made.faults).toEqual([]);
  });

  it("have the names of the contract for documents", async () => {
    const { made, hub } = linked();
    const { notifyDocumentQueued, notifyDocumentProgress, notifyDocumentCompleted } = made;
    notifyDocumentQueued("ada", { documentId: "d1", fileName: "a.pdf", fileSize: 1234, userPlan: "unlimited" });
    notifyDocumentProgress("d1", 50, "analyzing");
    notifyDocumentCompleted("d1", { text: "hi" }, true);
    made.notifyDocumentCompleted("d2", "unreadable", false);
    made.notifyDocumentStarted("d3");
    made.notifyDocumentFailed("d3", "broken");
    const events = (await told(hub, 6)).map(plain);
    const of = (job: string) => ({ queue: "documents", job });
    expect(events).toEqual([
      { kind: "queued", ...of("d1"), userId: "ada", label: "a.pdf", sizeBytes: 1234, plan: "unlimited" },
      { kind: "progress", ...of("d1"), percent: 50, stage: "analyzing" },
      { kind: "completed", ...of("d1"), result: '{"text":"hi"}', worker: "web-1" },
      { kind: "failed", ...of("d2"), error: "unreadable", final: true, worker: "web-1" },
      { kind: "started", ...of("d3"), worker: "web-1" },
      { kind: "failed", ...of("d3"), error: "broken", final: true, worker: "web-1" },
    ]);
  });

  it("also put back, lose and remove jobs", async () => {
    const { made, hub } = linked();
    made.jobRetried("a", { delayMs: 10 });
    made.jobStalled("a");
    made.jobRemoved("a", { queue: "mails" });
    expect((await told(hub, 3)).map(plain)).toEqual([
      { kind: "retried", queue: "jobs", job: "a", delayMs: 10 },
      { kind: "stalled", queue: "jobs", job: "a" },
      { kind: "removed", queue: "mails", job: "a" },
    ]);
  });

  it.each<[string, (made: Probe) => void, RegExp]>([
    ["no job", (made) => made.jobQueued("ada", undefined as never), /job: expected an object, got undefined/],
    ["an id that is none", (made) => made.jobStarted({} as never), /jobId: expected a string or a number/],
    ["an empty id", (made) => made.jobStarted(""), /1 to 128 characters/],
    ["an id that is too long", (made) => made.jobStarted("x".repeat(129)), /at most 128 characters/],
    ["a percentage that is none", (made) => made.jobProgress("a", Number.NaN), /percent: expected a finite number/],
    ["options that are none", (made) => made.jobCompleted("a", 1, true, 5 as never), /options: expected an object/],
    [
      "a getter that throws",
      (made) =>
        made.jobStarted("a", {
          get queue(): string {
            throw new Error("mine");
          },
        }),
      /mine/,
    ],
  ])("say of %s what is wrong, and throw nothing", async (_what, call, message) => {
    const { made, hub } = linked();
    expect(() => call(made)).not.toThrow();
    expect(made.faults[0]?.message).toMatch(message);
    made.jobStarted("good");
    expect((await told(hub, 1)).map(({ job }) => job)).toEqual(["good"]);
  });

  it("leave out alone what makes no sense of a job", async () => {
    const { made, hub } = linked();
    made.jobQueued(null, { jobId: "a", plan: "gold" as never, sizeBytes: -1, name: "ocr" });
    expect((await told(hub, 1)).map(plain)).toEqual([{ kind: "queued", queue: "jobs", job: "a", name: "ocr" }]);
    expect(made.faults.map(({ message }) => message)).toEqual([
      "sizeBytes: expected a number from 0 to Infinity, got -1",
      'plan: expected one of unlimited, premium, normal, large, got "gold"',
    ]);
  });

  it("tell no secret of an error, and no more than fits", async () => {
    const { made, hub } = linked();
    made.jobFailed("a", new Error(`login with password=hunter2 failed ${"x".repeat(5000)}`));
    made.jobProgress("a", 1, "s".repeat(500));
    const [failed, progress] = await told(hub, 2);
    expect(JSON.stringify(failed)).not.toContain("hunter2");
    expect(failed).toMatchObject({ error: expect.stringMatching(/^login with password=••• failed x{400,}…$/) });
    expect(progress).toMatchObject({ stage: `${"s".repeat(63)}…` });
  });

  it("tell no user where users are hashed", async () => {
    const { made, hub } = linked({ hashUsers: true });
    made.jobQueued("ada", { jobId: "a" });
    expect(JSON.stringify(await told(hub, 1))).not.toContain("ada");
  });

  const circle: Record<string, unknown> = {};
  circle.self = circle;
  it.each<[string, unknown, string | undefined]>([
    ["nothing", undefined, undefined],
    ["null", null, "null"],
    ["a big integer", { n: 12n }, '{"n":"12"}'],
    ["a circle", circle, undefined],
    [
      "a toJSON that throws",
      {
        toJSON: () => {
          throw new Error("no");
        },
      },
      undefined,
    ],
    ["a date", { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
    ["a buffer of 64 MB", { file: Buffer.alloc(64_000_000) }, '{"file":"64000000 bytes"}'],
    ["a long list", new Array(10_000_000).fill(1), undefined],
    ["a list of holes", Object.assign([], { length: 400_000_000 }), undefined],
    ["a long text in an object", new String("x".repeat(20_000_000)), undefined],
    ["a text in an object", new String("x"), '"x"'],
    ["a long text", "x".repeat(MAX_JOB_RESULT), undefined],
    ["a text that just fits", "x".repeat(MAX_JOB_RESULT - 2), `"${"x".repeat(MAX_JOB_RESULT - 2)}"`],
    ["a function", () => 1, undefined],
    ["__proto__", JSON.parse('{"__proto__":{"a":1}}'), '{"__proto__":{"a":1}}'],
  ])("take %s for a result", async (_what, result, text) => {
    const { made, hub } = linked();
    const begin = performance.now();
    made.jobCompleted("a", result);
    expect(performance.now() - begin).toBeLessThan(300);
    const [event] = await told(hub, 1);
    expect(event).toMatchObject({ kind: "completed" });
    expect(event?.kind === "completed" ? event.result : "another").toBe(text);
  });
});

describe("workers as calls tell of them", () => {
  it("are there from their first job on, with what they have", async () => {
    const { made, hub } = linked();
    made.jobStarted("a");
    made.jobStarted("b");
    made.jobCompleted("a");
    const beats = () => hub.frames.flatMap((frame) => frame.beats);
    await until(() => beats().length > 1, { what: "a second beat" });
    expect(beats().at(-1)).toMatchObject({ queue: "jobs", worker: "web-1", concurrency: 2, ended: false });
    made.close();
    expect(beats().at(-1)).toMatchObject({ worker: "web-1", active: 1, ended: true });
  });

  it("speak for themselves once they do", async () => {
    const { made, hub } = linked();
    made.workerBeat("pdf-1", { concurrency: 4, active: 2 });
    made.jobStarted("a", { worker: "pdf-1" });
    await told(hub, 1);
    expect(hub.frames.flatMap((frame) => frame.beats)).toMatchObject([
      { queue: "jobs", worker: "pdf-1", concurrency: 4, active: 2, ended: false, paused: false },
    ]);
  });
});

describe("the outbox", () => {
  it("sends an event before the call returns, also while the loop is held up", () => {
    const { made, hub } = linked();
    made.jobStarted("a");
    expect(hub.events()).toHaveLength(1);
  });

  it("sends what comes at once in few frames", async () => {
    const { made, hub } = linked();
    for (let i = 0; i < 2000; i++) made.jobQueued("ada", { jobId: i });
    expect((await told(hub, 2000)).map(({ job }) => Number(job))).toEqual([...Array(2000).keys()]);
    expect(hub.frames.length).toBeLessThan(60);
    expect(hub.frames.map(({ seq }) => seq)).toEqual(hub.frames.map((_, i) => i + 1));
  });

  it("sends one frame to a hub that does not understand it", async () => {
    const made = create();
    const hub = createJobHub();
    made.connect(hub);
    for (let i = 0; i < 3000; i++) made.jobQueued("ada", { jobId: i });
    const { length } = hub.hellos;
    hub.say({ type: "resync", reason: "test" });
    await until(() => hub.hellos.length > length, { what: "another hello" });
    expect(hub.frames.map(({ seq }) => seq)).toEqual([1, 1]);
  });

  it("has at most 4,500 events on their way that no hub has taken", async () => {
    const made = create();
    const hub = createJobHub();
    made.connect(hub);
    made.jobStarted("first");
    hub.acknowledge();
    for (let i = 0; i < 20_000; i++) made.jobQueued("ada", { jobId: i });
    await until(() => hub.events().length > 3500, { what: "what goes" });
    const waited = hub.events().length;
    expect(waited).toBeLessThanOrEqual(4501);
    // Taken, but not kept: more may come, and nothing of it is told again.
    hub.acknowledge(0);
    await until(() => hub.events().length > waited, { what: "more" });
    expect(new Set(hub.frames.map(({ seq }) => seq)).size).toBe(hub.frames.length);
  });

  it("tells the next hub what the one before did not keep", async () => {
    const made = create();
    const first = createJobHub();
    const leave = made.connect(first);
    made.jobStarted("a");
    first.acknowledge(1, 1);
    made.jobStarted("b");
    await told(first, 2);
    first.acknowledge(1, 2);
    first.listening = false;
    made.jobStarted("c");
    leave();
    made.jobStarted("d");
    const second = createJobHub({ eager: true });
    made.connect(second);
    expect((await told(second, 3)).map(({ job }) => job)).toEqual(["b", "c", "d"]);
  });

  it("tells a hub that begins anew on the same link what it had not kept", async () => {
    const made = create();
    const hub = createJobHub();
    made.connect(hub);
    made.jobStarted("a");
    hub.acknowledge(1, 1);
    made.jobStarted("b");
    await told(hub, 2);
    hub.say({ type: "resync", reason: "a link was opened" });
    // It begins with one frame, until the hub is known to understand them.
    const again = (): boolean => {
      hub.acknowledge(1, hub.frames.at(-1)?.seq);
      return hub.events().length > 2;
    };
    await until(again, { what: "what was not kept" });
    expect(hub.events().map(({ job }) => job)).toEqual(["a", "b", "b"]);
  });

  it("keeps one progress of a job while it waits, the highest, and drops the oldest progress first", async () => {
    const made = create();
    for (let i = 0; i < 100; i++) made.jobProgress("merged", 100 - i, `stage ${i}`);
    for (let i = 0; i < 15_000; i++) made.jobQueued(null, { jobId: `q${i}` });
    for (let i = 0; i < 6000; i++) made.jobProgress(`p${i}`, 1);
    // 21,001 have no room: 1001 of progress go, `merged` before all.
    for (let i = 0; i < 10; i++) made.jobCompleted(`q${i}`);
    const hub = createJobHub({ eager: true });
    made.connect(hub);
    await told(hub, 20_000);
    const events = hub.events();
    expect(events).toHaveLength(20_000);
    expect(hub.frames.at(-1)?.dropped).toBe(1011);
    expect(events.filter(({ kind }) => kind === "queued")).toHaveLength(15_000);
    expect(events.filter(({ kind }) => kind === "progress")[0]).toMatchObject({ job: "p1010" });
  });

  it("keeps one progress of a job while nobody listens", async () => {
    const made = create();
    for (let i = 0; i < 50_000; i++) made.jobProgress("a", i / 500, `stage ${i}`);
    made.jobFailed("a", "no", { final: false });
    made.jobProgress("a", 5, "again");
    const hub = createJobHub({ eager: true });
    made.connect(hub);
    expect((await told(hub, 3)).map(plain)).toEqual([
      { kind: "progress", queue: "jobs", job: "a", percent: 49_999 / 500, stage: "stage 49999" },
      { kind: "failed", queue: "jobs", job: "a", error: "no", final: false, worker: "web-1" },
      { kind: "progress", queue: "jobs", job: "a", percent: 5, stage: "again" },
    ]);
    expect(hub.frames.at(-1)?.dropped).toBe(0);
  });

  it("holds at most 16 million characters", async () => {
    const made = create();
    for (let i = 0; i < 6000; i++) made.jobCompleted(i, "x".repeat(4000));
    const hub = createJobHub({ eager: true });
    made.connect(hub);
    made.close();
    expect(hub.events().length).toBeGreaterThan(1900);
    expect(hub.frames.at(-1)?.dropped).toBeGreaterThan(3900);
    for (const frame of hub.frames) expect(encodeLinkText(frame).length).toBeLessThan(600_000);
  });

  it("says what is left when it closes", () => {
    const { made, hub } = linked();
    for (let i = 0; i < 9000; i++) made.jobQueued(null, { jobId: i });
    made.close();
    expect(hub.events()).toHaveLength(9000);
    expect(() => made.jobStarted("late")).not.toThrow();
    expect(hub.events()).toHaveLength(9000);
  });

  it("goes on after everything was counted from zero, with the new epoch", async () => {
    const { made, hub } = linked();
    made.jobStarted("a");
    made.reset();
    made.jobStarted("b");
    await told(hub, 2);
    expect(hub.frames.at(-1)?.epoch).toBe(hub.hellos.at(-1)?.epoch);
    expect(hub.frames.at(-1)?.epoch).not.toBe(hub.frames[0]?.epoch);
  });
});

describe("a frame about jobs", () => {
  it("is read but for what can't be", () => {
    const event = { kind: "started", at: 1, queue: "q", job: "a" };
    const frame = {
      type: "jobs",
      epoch: 1,
      seq: 1,
      events: [event, { ...event, job: 5 }],
      beats: [],
      queues: [],
      dropped: 0,
    };
    expect(decodeProbeFrame(JSON.stringify(frame))).toMatchObject({
      events: [event],
      unread: { entries: 1, reason: "events[1].job: expected a string, got 5" },
    });
  });
});
