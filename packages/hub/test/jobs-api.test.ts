import type { Hub } from "@wsight/hub";
import type { RequestFrame } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { describe, expect, test } from "vitest";
import { ask, bearer, makeDir, post, startHub, upgrade } from "./harness.ts";
import { JobProbe } from "./jobs-gateway-rig.ts";
import { listen, token } from "./live-monitor-rig.ts";

type Json = Readonly<Record<string, unknown>>;

async function get(hub: Hub, path: string, role: "admin" | "viewer" | "user" = "admin", sub: string = role) {
  // Longer than any clock of these tests is moved.
  return ask(hub, path, { headers: { authorization: `Bearer ${await token(role, sub, 24 * 3_600_000)}` } });
}

/** Two users with jobs, of which one is done, one runs, and one waits. */
function fill(hub: Hub): JobProbe {
  const probe = new JobProbe(hub);
  probe.beat("pdf-1");
  return probe.tell(
    { kind: "queued", job: "a1", userId: "ann", name: "ocr", label: "thesis.pdf", sizeBytes: 2e6 },
    { kind: "queued", job: "a2", userId: "ann", name: "ocr" },
    { kind: "queued", job: "b1", userId: "ben", name: "ocr", label: "secret.pdf" },
    { kind: "started", job: "a1", worker: "pdf-1" },
    { kind: "completed", job: "a1", result: '{"pages":12}', worker: "pdf-1" },
    { kind: "started", job: "b1", worker: "pdf-1" },
  );
}

const idsOf = ({ json }: { readonly json: Json }): unknown[] => (json.rows as Json[]).map(({ id }) => id).sort();

describe("jobs", () => {
  test("are told to each by its role: all to administrators, without names to viewers, its own to a user", async () => {
    const hub = await startHub();
    fill(hub);
    const admin = await get(hub, "/api/jobs");
    expect(idsOf(admin)).toEqual(["a1", "a2", "b1"]);
    expect(admin.json).toMatchObject({ known: 3, matched: 3 });
    expect(JSON.stringify(admin.json)).toContain("secret.pdf");
    const viewer = await get(hub, "/api/jobs", "viewer");
    expect(idsOf(viewer)).toEqual(["a1", "a2", "b1"]);
    expect(viewer.text).not.toContain(".pdf");
    for (const path of ["/api/jobs", "/api/jobs?user=ben", "/api/jobs?scope=known&user=", "/api/jobs?search=b1"]) {
      const user = await get(hub, path, "user", "ann");
      expect(user.text, path).not.toContain("b1");
      expect(user.text, path).not.toContain("secret");
    }
    const user = await get(hub, "/api/jobs?user=ben", "user", "ann");
    expect(user.json).toMatchObject({ known: 2, matched: 2 });
    expect(user.text).toContain("thesis.pdf");
  });

  test("can be searched, sorted, and read page by page", async () => {
    const hub = await startHub();
    fill(hub);
    expect(idsOf(await get(hub, "/api/jobs?state=waiting"))).toEqual(["a2"]);
    expect(idsOf(await get(hub, "/api/jobs?state=waiting,active"))).toEqual(["a2", "b1"]);
    expect(idsOf(await get(hub, "/api/jobs?user=ann"))).toEqual(["a1", "a2"]);
    expect(idsOf(await get(hub, "/api/jobs?queue=other"))).toEqual([]);
    expect((await get(hub, "/api/jobs?limit=1&offset=1&sort=queuedAt&order=asc")).json).toMatchObject({ matched: 3 });
    // From where jobs are kept, which they are after a moment.
    const ended = async () => idsOf(await get(hub, "/api/jobs?scope=ended"));
    await until(async () => (await ended()).length > 0, { what: "what ended to be kept" });
    expect(await ended()).toEqual(["a1"]);
    for (const path of ["state=done", "sort=age", "order=up", "limit=0", "limit=201", "offset=-1", "scope=all"]) {
      const { status, code } = await get(hub, `/api/jobs?${path}`);
      expect([status, code], path).toEqual([400, "BAD_REQUEST"]);
    }
  });

  test("are not found by a label that is not shown", async () => {
    const hub = await startHub();
    fill(hub).tell({ kind: "started", job: "a2" }, { kind: "failed", job: "a2", error: "no", final: true });
    await until(async () => idsOf(await get(hub, "/api/jobs?scope=ended")).length === 2, { what: "ends to be kept" });
    for (const scope of ["known", "ended"]) {
      const found = async (search: string, role: "admin" | "viewer" | "user", sub: string = role) =>
        idsOf(await get(hub, `/api/jobs?scope=${scope}&search=${search}`, role, sub));
      expect(await found("thesis", "admin"), scope).toEqual(["a1"]);
      expect(await found("thesis", "user", "ann"), scope).toEqual(["a1"]);
      expect(await found("thesis", "viewer"), scope).toEqual([]);
      expect(await found("a1", "viewer"), scope).toEqual(["a1"]);
    }
    expect((await get(hub, "/api/jobs?search=secret", "viewer")).json).toMatchObject({ matched: 0, rows: [] });
  });

  test("one by one: steps and why; the result to its owner and to administrators, others' to no user", async () => {
    const hub = await startHub();
    fill(hub);
    const admin = await get(hub, "/api/jobs/documents/a1");
    expect(admin.json).toMatchObject({ id: "a1", state: "completed", label: "thesis.pdf", result: '{"pages":12}' });
    expect((admin.json.steps as Json[]).map(({ kind }) => kind)).toEqual(["queued", "started", "completed"]);
    const owner = await get(hub, "/api/jobs/documents/a1", "user", "ann");
    expect(owner.json).toMatchObject({ label: "thesis.pdf", result: '{"pages":12}', can: [] });
    const viewer = await get(hub, "/api/jobs/documents/a1", "viewer");
    expect(viewer.json).toMatchObject({ state: "completed", label: null, result: null, can: [] });
    const others = await get(hub, "/api/jobs/documents/b1", "user", "ann");
    const unknown = await get(hub, "/api/jobs/documents/nothing", "user", "ann");
    expect([others.status, others.text]).toEqual([404, unknown.text]);
    expect((await get(hub, `/api/jobs/${"q".repeat(300)}/x`)).status).toBe(404);
    const mine = await get(hub, "/api/jobs/documents/a2", "user", "ann");
    expect((mine.json.explanation as Json | null)?.similar ?? []).toEqual([]);
  });

  test("with a name of any kind are found", async () => {
    const hub = await startHub();
    const id = "bull:ä/ö?#%";
    new JobProbe(hub).tell({ kind: "queued", job: id });
    expect((await get(hub, `/api/jobs/documents/${encodeURIComponent(id)}`)).json).toMatchObject({ id });
  });

  test("queues, workers and how good estimates were are for viewers", async () => {
    const hub = await startHub();
    fill(hub);
    const queues = await get(hub, "/api/queues", "viewer");
    expect(queues.json).toMatchObject({ rows: [{ queue: "documents", waiting: 1, active: 1, library: "app" }] });
    const workers = await get(hub, "/api/workers", "viewer");
    expect(workers.json).toMatchObject({ rows: [{ queue: "documents", worker: "pdf-1" }], total: 1 });
    const { json } = await get(hub, "/api/jobs/estimates", "viewer");
    expect((json.records as Json[]).map(({ queue, samples }) => [queue, samples])).toEqual([
      [null, 1],
      ["documents", 1],
    ]);
    for (const path of ["/api/queues", "/api/workers", "/api/jobs/estimates"])
      expect((await get(hub, path, "user")).status, path).toBe(403);
  });
});

describe("actions on jobs", () => {
  /** Answers questions about jobs of its queue as a process with BullMQ would. */
  function answering(probe: JobProbe, queue = "documents"): RequestFrame[] {
    const asked: RequestFrame[] = [];
    probe.onRequest = (frame) => {
      asked.push(frame);
      const { id, ask: question } = frame;
      if (question.kind !== "job-action") probe.refuse(id, "BAD_REQUEST", "what?");
      else if (question.queue !== queue) probe.refuse(id, "NOT_FOUND", "watches no such queue");
      else if (question.action === "promote") probe.refuse(id, "BAD_REQUEST", "it is not delayed");
      else probe.answer(id, { done: true });
    };
    return asked;
  }

  const act = async (hub: Hub, path: string, role: "admin" | "viewer" | "user" = "admin", sub: string = role) =>
    post(hub, `/api/jobs/${path}`, {}, await bearer(role, sub));

  test("go to the process that watches the queue, are done once, and are audited", async () => {
    const hub = await startHub();
    const other = new JobProbe(hub, { instance: "web" });
    const probe = fill(hub);
    const [askedOther, asked] = [answering(other, "mails"), answering(probe)];
    const done = await act(hub, "documents/b1/actions/retry", "admin", "root");
    expect([done.status, done.json]).toEqual([200, { done: true, action: "retry", node: "docs/a" }]);
    expect(asked.map(({ ask: question }) => question)).toEqual([
      { kind: "job-action", queue: "documents", job: "b1", action: "retry" },
    ]);
    // Its worker said where it is, so nobody else was bothered.
    expect(askedOther).toEqual([]);
    const refused = await act(hub, "documents/b1/actions/promote");
    expect([refused.status, refused.code]).toEqual([400, "BAD_REQUEST"]);
    expect(refused.text).toContain("it is not delayed");
    expect((await act(hub, "documents/b1/actions/explode")).status).toBe(400);
    expect((await act(hub, "documents/none/actions/retry")).status).toBe(404);
    for (const role of ["viewer", "user"] as const)
      expect((await act(hub, "documents/a1/actions/retry", role, "ann")).status).toBe(403);
    const { json } = await get(hub, "/api/audit");
    const entries = (json.entries as Json[]).map((entry) => [entry.sub, entry.action, entry.outcome, entry.target]);
    expect(entries.at(-1)).toEqual(["root", "job.retry", "done", "documents/b1"]);
    expect(entries).toContainEqual(["admin", "job.promote", "failed", "documents/b1"]);
    expect(entries).toContainEqual(["admin", "job.unknown", "failed", "documents/b1"]);
    expect(entries).toContainEqual(["ann", "job.retry", "refused", "documents/a1"]);
  });

  test("of a queue that no connected process watches say so", async () => {
    const hub = await startHub();
    const probe = fill(hub);
    answering(probe, "mails");
    expect(await act(hub, "documents/b1/actions/retry")).toMatchObject({ status: 404 });
    probe.link.close();
    expect(await act(hub, "documents/b1/actions/retry")).toMatchObject({ status: 503, code: "NODE_AWAY" });
  });
});

describe("the dashboard's figures", () => {
  const PATHS = [
    "/api/dashboard/metrics",
    "/api/dashboard/metrics/history",
    "/api/dashboard/performance",
    "/api/dashboard/analytics/queues",
  ];

  test("are for administrators alone", async () => {
    const hub = await startHub();
    for (const path of PATHS) {
      expect((await ask(hub, path)).status, path).toBe(401);
      for (const role of ["viewer", "user"] as const) expect((await get(hub, path, role)).status, path).toBe(403);
      expect((await get(hub, path)).status, path).toBe(200);
    }
    expect((await post(hub, "/api/dashboard/estimation/test", {})).status).toBe(401);
    const viewer = await bearer("viewer");
    expect((await post(hub, "/api/dashboard/estimation/test", {}, viewer)).status).toBe(403);
  });

  test("say what is so now, and null for what nobody knows", async () => {
    const hub = await startHub();
    const { json: nothing } = await get(hub, PATHS[0] ?? "");
    expect(nothing).toMatchObject({
      system: { cpuPct: null },
      queues: { total: 0, waiting: 0 },
      jobs: { completed: 0, processingTimeSec: null, errorRatePct: null },
      workers: { total: 0, utilizationPct: null },
      estimation: { samples: 0, medianErrorSec: null },
    });
    const probe = fill(hub);
    probe.tell({ kind: "failed", job: "b1", error: "no ink", final: true });
    const { json } = await get(hub, PATHS[0] ?? "");
    expect(json).toMatchObject({
      queues: { total: 1, waiting: 1, active: 0 },
      jobs: { completed: 1, failed: 1, errorRatePct: 50, processingTimeSec: expect.any(Number) },
      workers: { total: 1 },
      connections: { clients: 0, users: 0, administrators: 0 },
      alerts: { critical: 0, warning: 0 },
    });
    const { json: performance } = await get(hub, "/api/dashboard/performance");
    expect(performance).toMatchObject({ windowMinutes: 15, successRatePct: 50, throughput: { donePerMinute: 2 } });
    const { json: analytics } = await get(hub, "/api/dashboard/analytics/queues?queue=documents");
    expect(analytics).toMatchObject({ leftOut: 0, queues: [{ queue: "documents", errorRatePct: 50 }] });
    expect((await get(hub, "/api/dashboard/analytics/queues?queue=none")).status).toBe(404);
  });

  test("count who hears of jobs, and no more once they have left", async () => {
    const hub = await startHub();
    const listeners = async () => (await get(hub, "/api/dashboard/metrics")).json.connections;
    const connect = async (sub: string, role: "admin" | "user") =>
      listen(hub.url, { transports: ["websocket"], auth: { token: await token(role, sub) } });
    const clients = [await connect("ann", "user"), await connect("ann", "user"), await connect("root", "admin")];
    for (const client of clients) await client.times("queue-status", 1);
    const { socket } = await upgrade(hub, "/ws/jobs", await bearer("user", "ben"));
    expect(await listeners()).toEqual({ clients: 4, users: 3, administrators: 1 });
    for (const client of clients) client.socket.disconnect();
    socket?.terminate();
    const nobody = JSON.stringify({ clients: 0, users: 0, administrators: 0 });
    await until(async () => JSON.stringify(await listeners()) === nobody, { what: "everybody to have left" });
  });

  test("are collected at intervals where no history is kept, and told with their trends", async () => {
    let ahead = 0;
    const clock = { now: () => Date.now() + ahead };
    const hub = await startHub({ jobsIntervalMs: 1000, clock });
    for (let i = 0; i < 12; i++) {
      // One that has been silent for long is not listened to any more.
      new JobProbe(hub, { epoch: 1 + i }).tell(
        ...Array.from({ length: 5 }, (_, n) => ({ kind: "queued", job: `${i}-${n}`, at: Date.now() + ahead }) as const),
      );
      // Each collection happens with the next beat; meanwhile five minutes pass.
      const before = await pointsOf(hub, 2_880);
      ahead += 5 * 60_000;
      await until(async () => (await pointsOf(hub, 2_880)) > before, { what: "a collection" });
    }
    const { json } = await get(hub, "/api/dashboard/metrics/history?hours=2&points=24");
    expect(json).toMatchObject({ hours: 2, source: "memory", intervalMs: 300_000, dataPoints: expect.any(Number) });
    const data = json.data as { waiting: number; timestamp: string }[];
    expect(data.at(-1)?.waiting).toBe(60);
    expect(data.map(({ timestamp }) => timestamp)).toEqual(data.map(({ timestamp }) => timestamp).sort());
    expect(json.trends).toMatchObject({ waiting: { direction: "rising" }, cpuPct: null });
    expect((await get(hub, "/api/dashboard/metrics/history?hours=169")).status).toBe(400);
    expect((await get(hub, "/api/dashboard/metrics/history?points=0")).status).toBe(400);
  }, 40_000);

  test("count each end once, in the interval it came in", async () => {
    let ahead = 0;
    const hub = await startHub({ jobsIntervalMs: 1000, clock: { now: () => Date.now() + ahead } });
    for (const count of [2, 1, 0, 0]) {
      const probe = new JobProbe(hub, { epoch: 1 + ahead });
      const at = Date.now() + ahead;
      for (let n = 0; n < count; n++) {
        probe.tell({ kind: "started", job: `${ahead}-${n}`, at }, { kind: "completed", job: `${ahead}-${n}`, at });
        probe.tell({ kind: "failed", job: `${ahead}-${n}-no`, at, error: "no ink", final: true });
      }
      const before = await pointsOf(hub, 2_880);
      ahead += 5 * 60_000;
      await until(async () => (await pointsOf(hub, 2_880)) > before, { what: "a collection" });
    }
    const ended = async (hours: number): Promise<readonly number[]> => {
      const { data } = (await get(hub, `/api/dashboard/metrics/history?hours=${hours}&points=24`)).json;
      return ["completed", "failed"].map((figure) =>
        (data as Json[]).reduce((sum, point) => sum + Number(point[figure]), 0),
      );
    };
    expect(await ended(2)).toEqual([3, 3]);
    ahead += 2 * 3_600_000;
    expect(await ended(1)).toEqual([0, 0]);
    expect(await ended(3)).toEqual([3, 3]);
  }, 30_000);

  async function pointsOf(hub: Hub, points: number): Promise<number> {
    const { json } = await get(hub, `/api/dashboard/metrics/history?hours=24&points=${points}`);
    return Number(json.dataPoints);
  }

  test("come from history where it is kept", async () => {
    const hub = await startHub({ dataDir: await makeDir() });
    fill(hub);
    const newest = await until(
      async () => {
        const { json } = await get(hub, "/api/dashboard/metrics/history?hours=1&points=60");
        expect(json.source).toBe("store");
        return (json.data as Json[]).find(({ waiting, completed }) => waiting === 1 && completed === 1);
      },
      { what: "the figures to be kept", timeoutMs: 15_000 },
    );
    expect(newest).toMatchObject({ active: expect.any(Number) });
  }, 20_000);

  test("an interval that makes no sense is refused at once", async () => {
    await expect(startHub({ jobsIntervalMs: 10 })).rejects.toMatchObject({ code: "BAD_OPTION" });
  });
});

describe("trying the estimate", () => {
  const attempt = async (hub: Hub, body: unknown) =>
    post(hub, "/api/dashboard/estimation/test", body, await bearer("admin"));

  test("says how long such a job would wait and run, and why", async () => {
    const hub = await startHub();
    fill(hub);
    const { status, json } = await attempt(hub, {
      queue: "documents",
      name: "ocr",
      fileSize: 5e6,
      userPlan: "premium",
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      queue: "documents",
      sizeCategory: "medium",
      estimatedSeconds: expect.any(Number),
      estimate: { run: { p50: expect.any(Number) }, confidence: expect.any(Number) },
      explanation: { factors: expect.any(Array) },
      assumed: { queuePosition: expect.any(Number), workers: expect.any(Number) },
    });
    expect((await attempt(hub, { queue: "none" })).status).toBe(404);
    const { paths } = (await get(hub, "/api/openapi.json")).json as { paths: Record<string, Record<string, Json>> };
    for (const [path, method] of [
      ["/api/dashboard/estimation/test", "post"],
      ["/api/dashboard/analytics/queues", "get"],
    ] as const)
      expect(Object.keys(paths[path]?.[method]?.responses as Json), path).toContain("404");
  });

  test("takes the load of the workers' machines as it is now: CPUs, or memory that is short", async () => {
    const hub = await startHub();
    const probe = fill(hub);
    const loadOf = async (): Promise<unknown> => ((await attempt(hub, {})).json.assumed as Json).load;
    const loadIs = (load: number, memory: number): Promise<unknown> => {
      probe.set("system.cpu.utilization", 0.4).set("system.memory.utilization", memory).snapshot();
      return until(async () => Math.abs(Number(await loadOf()) - load) < 0.01, { what: `a load of ${load}` });
    };
    expect(await loadOf()).toBeNull();
    await loadIs(0.4, 0.84);
    await loadIs(0.8, 0.97);
  });

  test("names every field that can't be right", async () => {
    const hub = await startHub();
    const { status, json } = await attempt(hub, { fileSize: "big", load: 2, userPlan: "gold", size: 1 });
    expect(status).toBe(400);
    expect((json.error as { details: unknown }).details).toEqual({
      fields: {
        fileSize: 'expected a finite number, got "big"',
        load: "expected a number from 0 to 1, got 2",
        userPlan: 'expected one of unlimited, premium, normal, large, got "gold"',
        size: expect.stringContaining("expected one of queue, name"),
      },
    });
    expect((await attempt(hub, [])).status).toBe(400);
  });
});
