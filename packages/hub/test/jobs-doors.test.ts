import { once } from "node:events";
import type { Hub, Role } from "@wsight/hub";
import { MAX_JOB_EVENTS } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { describe, expect, test } from "vitest";
import type { WebSocket } from "ws";
import { type Answer, ask, bearer, makeDir, post, startHub, upgrade } from "./harness.ts";

const PATH = "/api/jobs/events";

async function tell(hub: Hub, body: unknown, role: Role = "probe"): Promise<Answer> {
  return post(hub, PATH, body, await bearer(role, "billing"));
}

async function jobOf(hub: Hub, id: string, queue = "jobs"): Promise<Answer["json"]> {
  return (await ask(hub, `/api/jobs/${queue}/${encodeURIComponent(id)}`, { headers: await bearer("admin") })).json;
}

/** What a batch is refused with. */
function faultsOf({ status, json }: Answer): unknown {
  expect(status).toBe(400);
  return (
    (json.error as { details?: { faults?: unknown } }).details?.faults ?? (json.error as { message: string }).message
  );
}

describe("POST /api/jobs/events", () => {
  test("takes a job's whole life from one who shows a probe's token", async () => {
    const hub = await startHub();
    const job = { queue: "documents", job: "42" };
    const at = Date.now() - 10_000;
    const answer = await tell(hub, {
      events: [
        { kind: "queued", ...job, at, userId: "ada", label: "a.pdf", sizeBytes: 5e6, plan: "premium" },
        { kind: "started", ...job, at: at + 2000, worker: "ocr-1" },
        { kind: "progress", ...job, at: at + 3000, percent: 40, stage: "reading" },
        { kind: "completed", ...job, at: at + 7000, result: { pages: 12 } },
      ],
      beats: [{ queue: "documents", worker: "ocr-1", concurrency: 4, active: 0 }],
    });
    expect(answer).toMatchObject({ status: 200, json: { taken: 4, ignored: 0, refused: 0, kept: true } });
    expect(await jobOf(hub, "42", "documents")).toMatchObject({
      state: "completed",
      userId: "ada",
      label: "a.pdf",
      plan: "premium",
      worker: "ocr-1",
      waitMs: 2000,
      runMs: 5000,
      result: '{"pages":12}',
    });
    const workers = await ask(hub, "/api/workers", { headers: await bearer("admin") });
    expect(workers.json.rows).toMatchObject([{ worker: "ocr-1", concurrency: 4, node: null }]);
  });

  test("takes a plain list, a job of queue jobs, and now for a time that is left out or to come", async () => {
    const hub = await startHub();
    const before = Date.now();
    const future = before + 3_600_000;
    await tell(hub, [
      { kind: "queued", job: "a" },
      { kind: "completed", job: "a", at: future, startedAt: future },
    ]);
    const { queuedAt, endedAt, state } = await jobOf(hub, "a");
    expect(state).toBe("completed");
    for (const at of [queuedAt, endedAt]) {
      expect(at).toBeGreaterThanOrEqual(before);
      expect(at).toBeLessThanOrEqual(Date.now());
    }
  });

  test("counts once what is told twice", async () => {
    const hub = await startHub();
    const at = Date.now() - 1000;
    const batch = [
      { kind: "queued", job: "a", at },
      { kind: "started", job: "a", at: at + 1 },
      { kind: "failed", job: "a", at: at + 2, error: "no" },
    ];
    expect((await tell(hub, batch)).json).toMatchObject({ taken: 3, ignored: 0 });
    expect((await tell(hub, batch)).json).toMatchObject({ taken: 0, ignored: 3 });
    expect(await jobOf(hub, "a")).toMatchObject({ state: "failed", attempt: 1 });
  });

  test("answers once it is on disk", async () => {
    const dataDir = await makeDir();
    const hub = await startHub({ dataDir });
    expect((await tell(hub, [{ kind: "queued", job: "a", userId: "ada" }])).json).toMatchObject({
      taken: 1,
      kept: true,
    });
    await hub.close();
    const next = await startHub({ dataDir });
    await until(async () => (await jobOf(next, "a")).userId === "ada", { what: "the job in the next hub" });
  });

  test.each<[string, unknown, unknown]>([
    ["no object", 5, "body: expected an object, got 5"],
    ["an odd field", { event: [] }, 'body: expected fields events, beats, id, got "event"'],
    ["events that are no list", { events: {} }, "events: expected an array, got an object"],
    ["an event that is none", [7], ["events[0]: expected an object, got 7"]],
    [
      "an odd kind",
      [{ kind: "begun", job: "a" }],
      [
        'events[0].kind: expected one of queued, started, progress, completed, failed, retried, stalled, removed, got "begun"',
      ],
    ],
    ["no job", [{ kind: "started" }], ["events[0].job: expected a string, got undefined"]],
    [
      "a misspelt field",
      [{ kind: "started", job: "a", userID: "ada" }],
      ['events[0]: expected fields kind, at, queue, job, createdAt, attempt, worker, got "userID"'],
    ],
    [
      "several faults",
      {
        events: [
          { kind: "progress", job: "a", percent: 140 },
          { kind: "queued", job: "b" },
          { kind: "queued", job: "b", plan: "gold" },
          { kind: "started", job: "b", at: "2026-01-01" },
          { kind: "completed", job: "b", result: "x".repeat(5000) },
        ],
        beats: [{ worker: "" }],
      },
      [
        "events[0].percent: expected a number from 0 to 100, got 140",
        'events[2].plan: expected one of unlimited, premium, normal, large, got "gold"',
        'events[3].at: expected a finite number, got "2026-01-01"',
        "events[4].result: expected at most 4096 characters of JSON, got 5002",
        'beats[0].worker: expected 1 to 128 characters that can be seen, got ""',
      ],
    ],
    [
      "a job that was made in the far future",
      [{ kind: "queued", job: "a", createdAt: 8e15 }],
      ["events[0].createdAt: expected a time that has come, got 8000000000000000"],
    ],
    [
      "too many events",
      Array.from({ length: MAX_JOB_EVENTS + 1 }, () => ({ kind: "queued", job: "a" })),
      "events: expected at most 500 items, got an array of 501",
    ],
  ])("refuses %s whole, and says what is wrong", async (_what, body, faults) => {
    const hub = await startHub();
    expect(faultsOf(await tell(hub, body))).toEqual(faults);
    const { json } = await ask(hub, "/api/jobs", { headers: await bearer("admin") });
    expect(json.known).toBe(0);
  });

  test("names twenty faults, and counts the rest", async () => {
    const hub = await startHub();
    const { json } = await tell(
      hub,
      Array.from({ length: 30 }, () => 1),
    );
    const { details } = json.error as { details: { faults: unknown[]; further: number } };
    expect(details.faults).toHaveLength(20);
    expect(details.further).toBe(10);
  });

  test.each<[string, Role | null, number]>([
    ["a viewer", "viewer", 403],
    ["a user", "user", 403],
    ["nobody", null, 401],
    ["an administrator", "admin", 200],
  ])("answers %s", async (_who, role, status) => {
    const hub = await startHub();
    const answer = await post(hub, PATH, [], role === null ? {} : await bearer(role));
    expect(answer.status).toBe(status);
    if (status === 403) expect(answer.text).toContain("Role probe or admin is needed");
  });
});

interface Writer {
  readonly socket: WebSocket;
  readonly heard: Record<string, unknown>[];
  say(message: unknown): void;
  answer(id: unknown): Promise<Record<string, unknown>>;
}

async function writer(hub: Hub, role: Role = "probe"): Promise<Writer> {
  const heard: Record<string, unknown>[] = [];
  const { socket } = await upgrade(hub, "/ws/jobs/events", await bearer(role, "billing"), (text) => {
    heard.push(JSON.parse(text) as Record<string, unknown>);
  });
  if (socket === null) throw new Error("refused");
  return {
    socket,
    heard,
    say: (message) => socket.send(typeof message === "string" ? message : JSON.stringify(message)),
    async answer(id) {
      await until(() => heard.some((message) => message.id === id), { what: `an answer to ${String(id)}` });
      return heard.find((message) => message.id === id) ?? {};
    },
  };
}

describe("/ws/jobs/events", () => {
  test("takes batch after batch, and answers each by its id", async () => {
    const hub = await startHub();
    const { say, answer } = await writer(hub);
    for (let i = 0; i < 200; i++) say({ id: i, events: [{ kind: "queued", job: `j${i}` }] });
    say({ id: "end", events: [{ kind: "completed", job: "j7" }], beats: [{ worker: "w" }] });
    expect(await answer("end")).toEqual({ id: "end", taken: 1, ignored: 0, refused: 0, kept: true });
    for (let i = 0; i < 200; i++) expect(await answer(i)).toMatchObject({ taken: 1 });
    expect(await jobOf(hub, "j7")).toMatchObject({ state: "completed" });
  });

  test("says what is wrong with a batch, and takes the next", async () => {
    const hub = await startHub();
    const { say, answer, heard } = await writer(hub);
    say("nonsense");
    say({ id: 1, events: [{ kind: "progress", job: "a", percent: -1 }] });
    say({ id: 2, events: [{ kind: "progress", job: "a", percent: 5 }] });
    expect(await answer(1)).toMatchObject({
      error: { code: "BAD_REQUEST", message: "events[0].percent: expected a number from 0 to 100, got -1" },
    });
    expect(await answer(2)).toMatchObject({ taken: 1 });
    expect(heard[0]).toMatchObject({ error: { message: 'message: expected JSON, got "nonsense"' } });
  });

  test("sends away one whose messages make no sense", async () => {
    const hub = await startHub();
    const { say, socket } = await writer(hub);
    for (let i = 0; i < 20; i++) say("{}{");
    const [code, reason] = await once(socket, "close");
    expect([code, String(reason)]).toEqual([1008, "20 messages could not be used"]);
  });

  test("sends away one that says too much", async () => {
    const hub = await startHub();
    const { say, socket } = await writer(hub);
    for (let i = 0; i < 2000; i++) say({ events: [] });
    const [code, reason] = await once(socket, "close");
    expect([code, String(reason)]).toEqual([1008, "expected at most 500 messages and 8388608 bytes a second"]);
  });

  test("says goodbye when the hub ends", async () => {
    const hub = await startHub();
    const { socket } = await writer(hub);
    const end = once(socket, "close");
    await hub.close();
    expect((await end)[0]).toBe(1001);
  });

  test.each<[Role, number | null]>([
    ["viewer", 403],
    ["user", 403],
    ["admin", null],
  ])("answers role %s", async (role, status) => {
    const hub = await startHub();
    const answer = await upgrade(hub, "/ws/jobs/events", await bearer(role));
    expect(answer.socket === null ? answer.status : null).toBe(status);
  });
});
