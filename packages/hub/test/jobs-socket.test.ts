import { until } from "@wsight/testkit";
import { expect, test } from "vitest";
import { ask, bearer, makeDir, signIn, startHub, upgrade } from "./harness.ts";
import { JobProbe, openJobSocket } from "./jobs-gateway-rig.ts";
import { token } from "./live-monitor-rig.ts";

test("a plain WebSocket hears who it is, how its jobs stand, how queues are, then what happens", async () => {
  const hub = await startHub();
  const probe = new JobProbe(hub);
  probe.tell({ kind: "queued", job: "a1", userId: "ann" }, { kind: "queued", job: "b1", userId: "ben" });
  const { authorization } = await bearer("user", "ann");
  const ann = await openJobSocket(hub, authorization);
  await ann.times("queue-status", 1);
  expect(ann.messages.map(({ event }) => event)).toEqual(["authenticated", "job-queued", "queue-status"]);
  expect(ann.messages[0]?.data).toEqual({ ok: true, userId: "ann", role: "user", isAdmin: false });
  expect(ann.messages[1]?.data).toMatchObject({ jobId: "a1", restored: true });
  probe.tell(
    { kind: "started", job: "a1" },
    { kind: "started", job: "b1" },
    { kind: "completed", job: "b1", result: '"for ben"' },
    { kind: "completed", job: "a1", result: '"for ann"' },
  );
  expect((await ann.times("job-completed", 1))[0]).toMatchObject({ jobId: "a1", result: "for ann", restored: false });
  expect(JSON.stringify(ann.messages)).not.toContain("b1");
  // The next of the beat.
  await ann.times("queue-status", 2);
}, 15_000);

test("who is there before the hub has read what it kept is told once it has", async () => {
  const dataDir = await makeDir();
  const first = await startHub({ dataDir });
  new JobProbe(first).tell({ kind: "queued", job: "a1", userId: "ann" }, { kind: "queued", job: "b1", userId: "ben" });
  const { authorization } = await bearer("user", "ann");
  await (await openJobSocket(first, authorization)).times("job-queued", 1);
  await first.close();
  const ann = await openJobSocket(await startHub({ dataDir }), authorization);
  expect(await ann.times("job-queued", 1)).toMatchObject([{ jobId: "a1", restored: true }]);
  expect(JSON.stringify(ann.messages)).not.toContain("b1");
}, 30_000);

test("nobody without a right credential gets in, and probes do not", async () => {
  const hub = await startHub();
  expect(await upgrade(hub, "/ws/jobs")).toMatchObject({ status: 401, code: "UNAUTHENTICATED" });
  expect(await upgrade(hub, "/ws/jobs", { authorization: "Bearer nonsense" })).toMatchObject({ status: 401 });
  expect(await upgrade(hub, "/ws/jobs", await bearer("probe"))).toMatchObject({ status: 403, code: "FORBIDDEN" });
  const evil = { ...(await bearer("user", "ann")), origin: "https://evil.example" };
  expect(await upgrade(hub, "/ws/jobs", evil)).toMatchObject({ status: 403, code: "BAD_ORIGIN" });
  const offered = { "sec-websocket-protocol": `wsight, bearer.${await token("user", "ann")}` };
  const { socket } = await upgrade(hub, "/ws/jobs", offered).catch(() => ({ socket: null }));
  // The client of the test offered nothing by itself, and so takes no protocol as an answer; the hub let it in.
  expect(socket === null || socket.protocol === "wsight").toBe(true);
});

test("is closed with 4401 when the token ends or the session does", async () => {
  const hub = await startHub();
  const short = await openJobSocket(hub, `Bearer ${await token("user", "ann", 1500)}`);
  expect(await short.closed).toBe(4401);
  const { cookie } = await signIn(hub, { token: await token("admin", "root") });
  const messages: string[] = [];
  const { socket } = await upgrade(hub, "/ws/jobs", { cookie, origin: hub.url }, (text) => messages.push(text));
  if (socket === null) throw new Error("refused");
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  await until(() => messages.length > 0, { what: "the first word" });
  await ask(hub, "/api/session", { method: "DELETE", headers: { cookie, origin: hub.url } });
  expect(await closed).toBe(4401);
});

test("a client that talks on is sent away", async () => {
  const hub = await startHub();
  const { closed, send } = await openJobSocket(hub, (await bearer("user", "ann")).authorization);
  for (let i = 0; i < 21; i++) send("hello");
  expect(await closed).toBe(1008);
});

test("one that does not read hears the newest states when it has, while others hear everything", async () => {
  const hub = await startHub();
  const { authorization } = await bearer("user", "ann");
  const [deaf, other] = [await openJobSocket(hub, authorization), await openJobSocket(hub, authorization)];
  await Promise.all([deaf.times("queue-status", 1), other.times("queue-status", 1)]);
  deaf.pause();
  const probe = new JobProbe(hub);
  const result = JSON.stringify("x".repeat(4000));
  let jobs = 0;
  // More than buffers of the system hold.
  for (let round = 0; round < 30; round++) {
    const ids = Array.from({ length: 50 }, () => `j${jobs++}`);
    probe.tell(...ids.map((job) => ({ kind: "queued", job, userId: "ann" }) as const));
    probe.tell(...ids.map((job) => ({ kind: "completed", job, result }) as const));
    await other.times("job-completed", jobs);
  }
  probe.tell({ kind: "queued", job: "last", userId: "ann" }, { kind: "started", job: "last" });
  await other.times("job-started", 1);
  deaf.resume();
  expect((await deaf.times("job-started", 1)).at(-1)).toMatchObject({ jobId: "last", restored: true });
  expect(deaf.of("job-completed").length).toBeLessThan(other.of("job-completed").length);
}, 30_000);

test("says goodbye when the hub closes", async () => {
  const hub = await startHub();
  const { closed } = await openJobSocket(hub, (await bearer("user", "ann")).authorization);
  await hub.close();
  expect(await closed).toBe(1001);
});
