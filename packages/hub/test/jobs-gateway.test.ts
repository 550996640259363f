import { METRIC_EVENTS } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { describe, expect, test } from "vitest";
import { ask, startHub } from "./harness.ts";
import { adminEventsOf, JobProbe, jobsOf, listenAs } from "./jobs-gateway-rig.ts";
import { listen, next, startMonitorHub, TRANSPORTS, token } from "./live-monitor-rig.ts";

describe.each(TRANSPORTS)("over %s", (transport) => {
  const transports = [transport];

  test("a user hears the life of its own jobs, and nothing of those of another", async () => {
    const hub = await startMonitorHub();
    const connect = async (sub: string) => listen(hub.url, { transports, auth: { token: await token("user", sub) } });
    const [ann, ben] = [await connect("ann"), await connect("ben")];
    await Promise.all([ann.times("queue-status", 1), ben.times("queue-status", 1)]);
    const probe = new JobProbe(hub);
    probe.tell(
      { kind: "queued", job: "a1", userId: "ann", name: "ocr", label: "thesis.pdf", plan: "premium", sizeBytes: 2e6 },
      { kind: "queued", job: "b1", userId: "ben", label: "secret.pdf" },
      { kind: "queued", job: "b2", userId: "ben", maxAttempts: 5 },
    );
    const [queued] = await ann.times("job-queued", 1);
    expect(queued).toMatchObject({
      jobId: "a1",
      documentId: "a1",
      queue: "documents",
      name: "ocr",
      fileName: "thesis.pdf",
      userPlan: "premium",
      priority: 2,
      restored: false,
    });
    expect(Date.parse(String(queued?.timestamp))).toBeGreaterThan(Date.now() - 20_000);
    probe.tell({ kind: "started", job: "a1", worker: "pdf-2" });
    expect((await ann.times("job-started", 1))[0]).toMatchObject({ jobId: "a1", worker: "pdf-2", attempt: 1 });
    probe.tell({ kind: "progress", job: "a1", percent: 40, stage: "analyzing" });
    expect((await ann.times("job-progress", 1))[0]).toMatchObject({ jobId: "a1", progress: 40, stage: "analyzing" });
    probe.tell({ kind: "completed", job: "a1", result: '{"pages":12}' });
    expect((await ann.times("job-completed", 1))[0]).toMatchObject({
      jobId: "a1",
      result: { pages: 12 },
      processingTime: expect.any(Number),
    });
    probe.tell(
      { kind: "started", job: "b1" },
      { kind: "failed", job: "b1", error: "out of paper", final: false, retryInMs: 3000 },
    );
    expect((await ben.times("job-failed", 1))[0]).toMatchObject({
      jobId: "b1",
      error: "out of paper",
      final: false,
      // Nobody told how many tries it has.
      retry: { willRetry: true, attemptsLeft: 1, retryIn: 3 },
    });
    probe.tell({ kind: "removed", job: "b1" });
    expect((await ben.times("job-failed", 2))[1]).toMatchObject({
      final: true,
      retry: { willRetry: false, attemptsLeft: 0, retryIn: null },
    });
    probe.tell({ kind: "failed", job: "b2", attempt: 2, error: "out of ink", final: false });
    expect((await ben.times("job-failed", 3))[2]).toMatchObject({ retry: { willRetry: true, attemptsLeft: 3 } });
    expect(new Set(jobsOf(ann).map(({ payload }) => payload.jobId))).toEqual(new Set(["a1"]));
    expect(new Set(jobsOf(ben).map(({ payload }) => payload.jobId))).toEqual(new Set(["b1", "b2"]));
  });
});

test("a wish to be an administrator is answered and not granted, in the handshake and by authenticate", async () => {
  const hub = await startMonitorHub();
  const admin = await listenAs(hub, "root", "admin", { isAdmin: true });
  const forged = await listenAs(hub, "ann", "user", { isAdmin: true });
  const viewer = await listenAs(hub, "vic", "viewer", { isAdmin: true });
  const probe = new JobProbe(hub).beat("pdf-1");
  probe.tell({ kind: "queued", job: "x", userId: "root" });
  for (const [client, role] of [
    [forged, "user"],
    [viewer, "viewer"],
  ] as const) {
    const note = expect.stringContaining(`role ${role}`);
    expect((await client.times("authenticated", 1))[0]).toMatchObject({ ok: true, role, isAdmin: false, note });
    const said = await client.socket.emitWithAck("authenticate", {
      token: await token(role, client === forged ? "ann" : "vic"),
      isAdmin: true,
      role: "admin",
      userId: "root",
    });
    expect(said).toEqual({ ok: true, userId: client === forged ? "ann" : "vic", role, isAdmin: false, note });
    client.socket.emit("join", "admins");
    client.socket.emit("subscribe", ["admins"]);
    client.socket.emit("subscribe", "user:root");
  }
  expect((await admin.times("authenticated", 1))[0]).toEqual({
    ok: true,
    userId: "root",
    role: "admin",
    isAdmin: true,
  });
  // At once, and then at each beat.
  await admin.times("admin-metrics", 2);
  await admin.times("worker-metrics-update", 2);
  const [, queues] = await admin.times("admin-queue-status", 2);
  expect(queues).toMatchObject({ rows: [{ queue: "documents", waiting: 1 }], timestamp: expect.any(String) });
  await admin.times("job-queued", 1);
  for (const client of [forged, viewer]) {
    await client.times("queue-status", 2);
    expect(adminEventsOf(client)).toEqual([]);
    expect(jobsOf(client)).toEqual([]);
  }
}, 20_000);

test("a client without a credential hears that one is required and nothing else, until it shows one", async () => {
  const hub = await startMonitorHub();
  const probe = new JobProbe(hub).tell({ kind: "queued", job: "a1", userId: "ann" });
  const client = listen(hub.url, { transports: ["websocket"] });
  await client.times("authentication-required", 1);
  const refused = await client.socket.emitWithAck("subscribe", "basic-metrics");
  expect(refused).toMatchObject({ ok: false, error: { code: "UNAUTHENTICATED" }, subscribed: [] });
  const other = await listenAs(hub, "vic", "viewer");
  await other.times("basic-metrics", 5);
  probe.tell({ kind: "started", job: "a1" });
  expect(client.events.map(({ event }) => event)).toEqual(["authentication-required"]);
  const answer = await client.socket.emitWithAck("authenticate", { token: await token("user", "ann") });
  expect(answer).toEqual({ ok: true, userId: "ann", role: "user", isAdmin: false });
  expect((await client.times("authenticated", 1))[0]).toEqual(answer);
  expect((await client.times("job-started", 1))[0]).toMatchObject({ jobId: "a1", restored: true });
  expect((await client.times("queue-status", 1))[0]).toMatchObject({
    queues: [{ queue: "documents", active: 1 }],
    jobs: [{ jobId: "a1", queue: "documents", state: "active" }],
  });
  expect(client.events.map(({ event }) => event)).toEqual([
    "authentication-required",
    "authenticated",
    "subscription-error",
    "job-started",
    "queue-status",
  ]);
});

test.each([
  ["no token", { isAdmin: true }],
  ["nothing", undefined],
  ["nonsense", { token: "nonsense" }],
  ["a token that ended", "ended"],
  ["a token of a probe", "probe"],
  ["a list", { token: ["x"] }],
])("a wrong try with %s is answered, and the third one is the last", async (_what, said) => {
  const hub = await startMonitorHub();
  const { socket, times, events } = listen(hub.url, { transports: ["websocket"] });
  await times("authentication-required", 1);
  const ended = { token: await token("user", "ann", 1000) };
  if (said === "ended") await new Promise((resolve) => setTimeout(resolve, 1100));
  const probe = { token: await token("probe", "docs") };
  const payload = said === "ended" ? ended : said === "probe" ? probe : said;
  const over = next(socket, "disconnect");
  const code = said === "probe" ? "FORBIDDEN" : "UNAUTHENTICATED";
  for (let i = 0; i < 2; i++) {
    const answer = await socket.emitWithAck("authenticate", payload);
    expect(answer).toEqual({ ok: false, error: { code, message: expect.any(String) } });
  }
  socket.emit("authenticate", payload);
  await times("authentication-failed", 3);
  expect((await over)[0]).toBe("io server disconnect");
  expect(events.map(({ event }) => event)).toEqual([
    "authentication-required",
    "authentication-failed",
    "authentication-failed",
    "authentication-failed",
  ]);
});

test("a client that shows nothing for ten seconds is told so and sent away, and gives its place back", async () => {
  const hub = await startMonitorHub();
  const { socket, times } = listen(hub.url, { transports: ["websocket"] });
  await times("authentication-required", 1);
  const startedAt = performance.now();
  expect((await next(socket, "disconnect"))[0]).toBe("io server disconnect");
  expect(performance.now() - startedAt).toBeGreaterThan(8_000);
  expect((await times("authentication-failed", 1))[0]).toMatchObject({ ok: false, error: { code: "UNAUTHENTICATED" } });
}, 15_000);

test("a wrong token in the handshake is a refusal of the connection, as before", async () => {
  const hub = await startMonitorHub();
  const { socket } = listen(hub.url, { transports: ["websocket"], auth: { token: "nonsense" } });
  const error = await new Promise<{ data?: unknown }>((resolve) => socket.once("connect_error", resolve));
  expect(error.data).toMatchObject({ code: "UNAUTHENTICATED" });
});

test("another token makes somebody else of a client: what it heard as before, it hears no more", async () => {
  const hub = await startMonitorHub();
  const client = await listenAs(hub, "root", "admin");
  await client.times("admin-metrics", 1);
  const probe = new JobProbe(hub);
  probe.tell({ kind: "queued", job: "r1", userId: "root" });
  await client.times("job-queued", 1);
  const answer = await client.socket.emitWithAck("authenticate", { token: await token("user", "ann"), isAdmin: true });
  expect(answer).toMatchObject({ ok: true, userId: "ann", isAdmin: false });
  const before = client.events.length;
  const root = await listenAs(hub, "root", "admin");
  await root.times("job-queued", 1);
  probe.tell(
    { kind: "started", job: "r1" },
    { kind: "completed", job: "r1", result: '"for root"' },
    { kind: "queued", job: "a1", userId: "ann" },
  );
  await root.times("job-completed", 1);
  await root.times("admin-metrics", 2);
  await client.times("job-queued", 2);
  const after = client.events.slice(before);
  expect(jobsOf({ events: after }).map(({ payload }) => payload.jobId)).toEqual(["a1"]);
  expect(adminEventsOf({ events: after })).toEqual([]);
  expect(after.filter(({ event }) => event.endsWith("-metrics"))).toEqual([]);
  // A refusal changes nothing.
  expect(await client.socket.emitWithAck("authenticate", { token: "nonsense" })).toMatchObject({ ok: false });
  probe.tell({ kind: "started", job: "a1" });
  await client.times("job-started", 1);
  expect(client.socket.connected).toBe(true);
}, 20_000);

test("a place that a client has as one user is given back when it becomes another, also where it is the last one", async () => {
  const hub = await startMonitorHub({ viewersPerAddress: 1 });
  const { socket } = await listenAs(hub, "ann");
  await next(socket, "connect");
  for (const sub of ["ben", "ann", "ann"])
    expect(await socket.emitWithAck("authenticate", { token: await token("user", sub) })).toMatchObject({
      ok: true,
      userId: sub,
    });
  const late = await listenAs(hub, "cem");
  const error = await new Promise<{ data?: unknown }>((resolve) => late.socket.once("connect_error", resolve));
  expect(error.data).toMatchObject({ code: "TOO_MANY_CONNECTIONS" });
  socket.disconnect();
  await until(
    async () => {
      const again = await listenAs(hub, "dan");
      return new Promise<boolean>((resolve) => {
        again.socket.once("connect", () => resolve(true));
        again.socket.once("connect_error", () => resolve(false));
      });
    },
    { what: "a place" },
  );
});

test("a client that comes back hears how its jobs stand, the ended ones of the last minutes too, then how queues are", async () => {
  let ahead = 0;
  const clock = { now: () => Date.now() + ahead };
  const hub = await startMonitorHub({ clock });
  const probe = new JobProbe(hub);
  const at = Date.now();
  probe.tell(
    { kind: "queued", job: "waits", userId: "ann", at: at - 9 },
    { kind: "queued", job: "runs", userId: "ann", at: at - 8 },
    { kind: "queued", job: "did", userId: "ann", at: at - 7 },
    { kind: "queued", job: "broke", userId: "ann", at: at - 6 },
    { kind: "queued", job: "other", userId: "ben", at: at - 5 },
    { kind: "started", job: "runs", worker: "pdf-1" },
    { kind: "progress", job: "runs", percent: 70, stage: "saving" },
    { kind: "started", job: "did" },
    { kind: "completed", job: "did", result: '{"ok":1}' },
    { kind: "started", job: "broke" },
    { kind: "failed", job: "broke", error: "no ink", final: true },
  );
  const first = await listenAs(hub, "ann");
  await first.times("queue-status", 1);
  const told = Object.fromEntries(jobsOf(first).map(({ event, payload }) => [payload.jobId, [event, payload]]));
  expect(told).toMatchObject({
    waits: ["job-queued", { restored: true }],
    runs: ["job-progress", { restored: true, progress: 70, stage: "saving" }],
    did: ["job-completed", { restored: true, result: { ok: 1 } }],
    broke: ["job-failed", { restored: true, error: "no ink", final: true, retry: { willRetry: false } }],
  });
  expect(Object.keys(told)).toHaveLength(4);
  expect(first.events.at(-1)?.event).toBe("queue-status");
  first.socket.disconnect();
  ahead = 6 * 60_000;
  const second = await listenAs(hub, "ann");
  await second.times("queue-status", 1);
  expect(
    jobsOf(second)
      .map(({ payload }) => payload.jobId)
      .sort(),
  ).toEqual(["runs", "waits"]);
});

test("a client hears nothing more once its token has ended", async () => {
  const hub = await startMonitorHub();
  const client = listen(hub.url, { transports: ["websocket"], auth: { token: await token("user", "ann", 2000) } });
  await client.times("queue-status", 1);
  const gone = next(client.socket, "disconnect");
  await client.times("session-ended", 1);
  await gone;
  const before = client.events.length;
  new JobProbe(hub).tell({ kind: "queued", job: "a1", userId: "ann" });
  const other = await listenAs(hub, "ann");
  await other.times("job-queued", 1);
  expect(client.events).toHaveLength(before);
});

test("a renewed token keeps a client in, and what it subscribed to", async () => {
  const hub = await startMonitorHub();
  const client = listen(hub.url, { transports: ["websocket"], auth: { token: await token("viewer", "vic", 2000) } });
  await client.times("basic-metrics", 1);
  await client.socket.emitWithAck("unsubscribe", "basic-metrics");
  const renewed = await client.socket.emitWithAck("authenticate", { token: await token("viewer", "vic", 60_000) });
  expect(renewed).toMatchObject({ ok: true });
  await client.times("queue-status", 3);
  expect(client.socket.connected).toBe(true);
  const { subscribed } = await client.socket.emitWithAck("subscribe", "cache-metrics");
  expect(subscribed).not.toContain("basic-metrics");
}, 20_000);

test("a client whose connection was lost has what it was subscribed to again, and nobody else has", async () => {
  const hub = await startMonitorHub();
  const auth = { token: await token("viewer", "vic") };
  const again = { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 50 };
  const client = listen(hub.url, { transports: ["websocket"], auth, ...again });
  await client.times("initialData", 1);
  await client.socket.emitWithAck("unsubscribe", ["basic-metrics", "system-metrics"]);
  const left = ["database-metrics", "cache-metrics", "network-metrics"];
  for (const times of [2, 3]) {
    const lost = next(client.socket, "disconnect");
    client.socket.io.engine.close();
    await lost;
    const heard = client.events.length;
    expect((await client.times("initialData", times)).at(-1)?.subscribed).toEqual(left);
    await client.times("network-metrics", client.of("network-metrics").length + 3);
    const since = client.events.slice(heard).map(({ event }) => event);
    expect(since).toContain("queue-status");
    expect(since).not.toContain("basic-metrics");
  }
  const { _pid: secret } = client.socket as unknown as { readonly _pid: string };
  client.socket.io.engine.close();
  const other = listen(hub.url, {
    transports: ["websocket"],
    auth: { token: await token("viewer", "eve"), pid: secret },
  });
  expect((await other.times("initialData", 1))[0]?.subscribed).toEqual(METRIC_EVENTS);
  await client.times("initialData", 4);
  client.socket.disconnect().connect();
  expect((await client.times("initialData", 5)).at(-1)?.subscribed).toEqual(METRIC_EVENTS);
}, 20_000);

test("the host's own check decides about tokens it made, also by authenticate", async () => {
  const hub = await startHub({
    authenticate: async ({ headers }) =>
      headers.authorization === "Bearer of-the-shop" ? { sub: "ann", role: "user" } : null,
  });
  const { socket, times } = listen(hub.url, { transports: ["websocket"] });
  await times("authentication-required", 1);
  expect(await socket.emitWithAck("authenticate", { token: "of-the-shop" })).toMatchObject({ ok: true, userId: "ann" });
  expect(await socket.emitWithAck("authenticate", { token: "of-another" })).toMatchObject({ ok: false });
});

test("a job of nobody is told to nobody", async () => {
  const hub = await startMonitorHub();
  const ann = await listenAs(hub, "ann");
  const nobody = await listenAs(hub, "null");
  await Promise.all([ann.times("queue-status", 1), nobody.times("queue-status", 1)]);
  const probe = new JobProbe(hub);
  probe.tell(
    { kind: "queued", job: "n1" },
    { kind: "started", job: "n1" },
    { kind: "queued", job: "a1", userId: "ann" },
  );
  await ann.times("job-queued", 1);
  expect(jobsOf(ann)).toHaveLength(1);
  expect(jobsOf(nobody)).toEqual([]);
});

test("a client that does not read gets the newest states when it has, and little waits for it until then", async () => {
  const hub = await startMonitorHub();
  const path = "/socket.io/?EIO=4&transport=polling";
  const { sid } = JSON.parse((await ask(hub, path)).text.slice(1)) as { sid: string };
  const poll = async () => (await ask(hub, `${path}&sid=${sid}`)).text.split("\u001e");
  await ask(hub, `${path}&sid=${sid}`, {
    method: "POST",
    body: `40${JSON.stringify({ token: await token("user", "ann") })}`,
  });
  const watcher = await listenAs(hub, "ann");
  await watcher.times("queue-status", 1);
  await poll();
  const probe = new JobProbe(hub);
  const ids = Array.from({ length: 90 }, (_, i) => `j${i}`);
  probe.tell(...ids.map((job) => ({ kind: "queued", job, userId: "ann" }) as const));
  await watcher.times("job-queued", 90);
  probe.tell(...ids.map((job) => ({ kind: "started", job }) as const));
  await watcher.times("job-started", 90);
  const first = await poll();
  expect(first.length).toBeLessThan(45);
  const heard = [...first];
  const states = (): Map<string, string> => {
    const events = heard.filter((text) => text.startsWith('42["job-')).map((text) => JSON.parse(text.slice(2)));
    return new Map(events.map(([event, { jobId }]) => [jobId, event]));
  };
  await until(
    async () => {
      heard.push(...(await poll()));
      return [...states().values()].filter((event) => event === "job-started").length === 90;
    },
    { what: "the newest state of all jobs" },
  );
});
