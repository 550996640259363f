import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LoadResult, TestRecord } from "@wsight/protocol";
import { expect, test } from "vitest";
import { ask, bearer, makeDir, post, startHub, upgrade } from "./harness.ts";
import { helloOf, startEcho, startTester } from "./tests-rig.ts";

const SHORT = { profile: "custom", connections: 5, interval: 0.05, duration: 0.5, ramp: 0.1 };
const LONG = { profile: "custom", connections: 5, interval: 0.05, duration: 60, ramp: 0.1 };

test("each kind of test runs against an own server and is kept, newest first", async () => {
  const { url } = await startEcho();
  const { start, ended, list } = await startTester(url);
  const requests = [
    ["server", {}],
    ["pool", { connections: 8 }],
    ["echo", { count: 5, size: 32 }],
    ["load", SHORT],
  ] as const;
  const records: TestRecord[] = [];
  for (const [kind, body] of requests) {
    const { status, json } = await start(kind, body);
    expect(status, JSON.stringify(json)).toBe(202);
    records.push(await ended(String(json.id)));
  }
  for (const record of records)
    expect(record, JSON.stringify(record)).toMatchObject({ by: "admin", target: url, library: "ws", error: null });
  expect(records.slice(0, 3).map(({ state }) => state)).toEqual(["passed", "passed", "passed"]);
  // On a busy machine the gates of a load test may not be met.
  expect(records[3]?.state).toBe((records[3]?.result as LoadResult | null)?.passed ? "passed" : "failed");
  expect(records[0]).toMatchObject({ kind: "server", result: { passed: true } });
  expect(records[1]).toMatchObject({ kind: "pool", result: { opened: 8 } });
  expect(records[2]).toMatchObject({
    kind: "echo",
    progress: { sent: 5, answered: 5, lost: 0 },
    result: { answered: 5 },
  });
  expect(records[3]).toMatchObject({ kind: "load", profile: "custom", result: { connections: { opened: 5 } } });
  const { tests, running, targets, allowed } = await list();
  expect(tests.map(({ kind }) => kind)).toEqual(["load", "echo", "pool", "server"]);
  expect(running).toBeNull();
  expect(targets).toEqual([{ url, library: "ws", nodes: ["chat/a"] }]);
  expect(allowed).toEqual({ tests: true, anyTarget: false, hosts: [], heavy: true });
});

test("one test runs at a time, tells how it goes, and ends when it is told to", async () => {
  const { url, wss } = await startEcho();
  const { hub, start, busy, list, cancel, read } = await startTester(url);
  const id = String((await start("load", LONG)).json.id);
  const under = await busy(id);
  expect(under).toMatchObject({ state: "running", endedAt: null, result: null });
  expect((await list()).running).toBe(id);
  const second = await start("echo");
  expect(second).toMatchObject({ status: 409, code: "CONFLICT", json: { error: { details: { running: id } } } });
  expect(await start("load", { ...SHORT, url: "ws://[" })).toMatchObject({ status: 400, code: "BAD_REQUEST" });
  const since = performance.now();
  expect(await cancel(id)).toMatchObject({ status: 200, json: { id, state: "cancelled" } });
  expect(performance.now() - since).toBeLessThan(3000);
  const record = await read(id);
  expect(record.state).toBe("cancelled");
  expect(record.endedAt).toBeGreaterThan(record.startedAt);
  expect(await cancel(id)).toMatchObject({ status: 409, code: "CONFLICT" });
  expect(await cancel("none")).toMatchObject({ status: 404, code: "NOT_FOUND" });
  await expect.poll(() => wss.clients.size, { timeout: 5000 }).toBe(0);
  const { entries } = (await ask(hub, "/api/audit", { headers: await bearer("admin") })).json as {
    entries: { action: string; outcome: string; target: string }[];
  };
  expect(entries.map(({ action, outcome }) => `${action} ${outcome}`).reverse()).toEqual([
    "test.start done",
    "test.start failed",
    "test.start failed",
    "test.cancel done",
    "test.cancel failed",
    "test.cancel failed",
  ]);
  expect(entries.at(-1)?.target).toBe(`load ${url}`);
});

test("viewers may look, and neither start nor cancel; their tries are written down", async () => {
  const { url } = await startEcho();
  const { hub, start, ended } = await startTester(url);
  const viewer = await bearer("viewer");
  for (const kind of ["server", "pool", "echo", "load"])
    expect(await post(hub, `/api/tests/${kind}`, {}, viewer)).toMatchObject({ status: 403, code: "FORBIDDEN" });
  const id = String((await start("echo", { count: 2 })).json.id);
  expect(await ask(hub, `/api/tests/${id}`, { method: "DELETE", headers: viewer })).toMatchObject({ status: 403 });
  expect((await ended(id)).state).toBe("passed");
  const { entries } = (await ask(hub, "/api/audit", { headers: await bearer("admin") })).json as {
    entries: { outcome: string }[];
  };
  expect(entries.filter(({ outcome }) => outcome === "refused")).toHaveLength(5);
});

test("only servers of this machine's own processes are tested unless a setting names the host", async () => {
  const own = await startEcho();
  const other = await startEcho();
  const { start, list, hub } = await startTester(own.url);
  hub
    .openLink(() => undefined)
    .receive(helloOf(["ws://10.0.0.1:80/", "ws://192.168.0.1:4000/", "file:///etc/passwd"], "chat", "b"));
  // A process that a token lets in may be anywhere: its loopback is not ours.
  const { socket: far } = await upgrade(hub, "/ws/probe", await bearer("probe", "far"));
  far?.send(helloOf([other.url], "far"));
  await expect
    .poll(async () => (await ask(hub, "/api/nodes", { headers: await bearer("viewer") })).text)
    .toContain("far/a");
  expect((await list()).targets.map(({ url }) => url)).toEqual([own.url]);
  const { port } = new URL(own.url);
  for (const url of [
    other.url,
    "ws://10.0.0.1/",
    "http://example.org:80/",
    `ws://10.0.0.1:${port}/`,
    `wss://127.0.0.1:${port}/`,
  ])
    expect(await start("echo", { url }), url).toMatchObject({ status: 403, code: "FORBIDDEN" });
});

test("addresses and fields that make no sense are refused with what was expected", async () => {
  const { url } = await startEcho();
  const { port } = new URL(url);
  const { hub } = await startTester(url);
  const bodies: readonly (readonly [string, object, string])[] = [
    ["echo", { url: "file:///etc/passwd" }, "url: expected a ws:, wss:, http: or https: address"],
    ["echo", { url: `ws://user:secret@127.0.0.1:${port}/` }, "url: expected no user and password"],
    ["echo", { url: 7 }, "url: expected"],
    ["echo", { count: 0 }, "count: expected a number from 1 to 1000"],
    ["echo", { counts: 1 }, "body: expected fields among"],
    ["pool", { connections: 401 }, "connections: expected"],
    ["load", { profile: "gentle" }, "profile: expected one of light,"],
    ["load", { expect: ["p99"] }, "gate: expected"],
    ["load", { headers: { "x-a": "1\r\nx-b: 2" } }, "header x-a: expected one line"],
  ];
  for (const [i, [kind, body, message]] of bodies.entries()) {
    const answer = await post(hub, `/api/tests/${kind}`, body, await bearer("admin", `admin-${i}`));
    expect(answer, JSON.stringify(body)).toMatchObject({ status: 400 });
    expect(answer.text).toContain(message);
  }
});

test("a host that a setting names is tested, and takes heavy load in production too", async () => {
  const { url } = await startEcho();
  const production = { NODE_ENV: "production" };
  const heavy = { profile: "heavy", duration: 0.2 };
  const plain = await startTester(url, { env: production });
  expect((await plain.list()).allowed).toMatchObject({ heavy: false, anyTarget: false });
  for (const body of [heavy, { ...SHORT, connections: 500 }, { ...SHORT, interval: 0.001 }])
    expect(await plain.start("load", body)).toMatchObject({ status: 403, code: "FORBIDDEN" });
  const named = await startTester(null, { env: production, testTargets: ["127.0.0.1"] });
  expect((await named.list()).allowed).toMatchObject({ anyTarget: true, hosts: ["127.0.0.1"] });
  expect(await named.start("echo")).toMatchObject({ status: 400, code: "BAD_REQUEST" });
  const { status, json } = await named.start("load", { ...heavy, url, connections: 500, interval: 1, ramp: 1 });
  expect(status).toBe(202);
  expect((await named.ended(String(json.id))).result).toMatchObject({ plan: { connections: 500 } });
  await expect(startHub({ testTargets: ["http://a"] })).rejects.toMatchObject({ code: "BAD_OPTION" });
});

test("nobody starts more than ten tests a minute", async () => {
  const { start } = await startTester(null);
  for (let i = 0; i < 10; i++) expect((await start("echo")).status).toBe(400);
  expect(await start("echo")).toMatchObject({ status: 429, code: "RATE_LIMITED" });
});

test("a server that does not answer is an error with its reason", async () => {
  const { url, wss } = await startEcho();
  const { start, ended } = await startTester(url);
  wss.close();
  const { json } = await start("echo");
  const record = await ended(String(json.id));
  expect(record).toMatchObject({ state: "error", result: null, error: { code: "TARGET_FAILED" } });
  expect(record.error?.message).toContain("nothing listens there");
});

test("what let a test in is in no record, and the server can tell its connections", async () => {
  const agents: (string | undefined)[] = [];
  const { url, wss } = await startEcho();
  wss.on("connection", (_socket, request) => agents.push(request.headers["user-agent"]));
  const dataDir = await makeDir();
  const { start, ended, get } = await startTester(url, { dataDir });
  const secrets = { url: `${url}?token=hidden-1`, headers: { authorization: "Bearer hidden-2" }, auth: "hidden-3" };
  const id = String((await start("load", { ...SHORT, ...secrets })).json.id);
  const { result } = await ended(id);
  expect(result, "a result").not.toBeNull();
  expect((await get(`/api/tests/${id}`)).text).not.toContain("hidden");
  expect((await get("/api/tests")).text).not.toContain("hidden");
  expect(new Set(agents)).toEqual(new Set([`wsight-test/${id}`]));
});

test("reports of a load test are made in every format, shown without scripts; of others only JSON", async () => {
  const { url } = await startEcho();
  const { start, ended, get } = await startTester(url);
  const echo = String((await start("echo", { count: 2 })).json.id);
  await ended(echo);
  const id = String((await start("load", SHORT)).json.id);
  await ended(id);
  const report = (format: string, of = id) => get(`/api/tests/${of}/report?format=${format}`);
  const html = await report("html");
  expect(html.status).toBe(200);
  expect(html.text).toContain("<!doctype html>");
  expect(html.headers["content-security-policy"]).toMatch(/^default-src 'none'; style-src 'sha256-.*; sandbox/);
  const junit = await report("junit");
  expect(junit.text).toContain("<testsuites");
  expect(junit.headers["content-disposition"]).toBe(`attachment; filename="wsight-${id}.xml"`);
  expect((await report("hgrm")).text).toContain("Percentile");
  expect((await report("json")).json).toMatchObject({ connections: { opened: 5 } });
  expect((await report("json", echo)).json).toMatchObject({ answered: 2 });
  expect(await report("html", echo)).toMatchObject({ status: 400, code: "BAD_REQUEST" });
  expect(await report("pdf")).toMatchObject({ status: 400, code: "BAD_REQUEST" });
});

test("tests survive a restart, and one that the hub's end cut off says so", async () => {
  const { url } = await startEcho();
  const dataDir = await makeDir();
  const before = await startTester(url, { dataDir });
  const done = String((await before.start("echo", { count: 2 })).json.id);
  const record = await before.ended(done);
  const cut = String((await before.start("load", LONG)).json.id);
  await before.busy(cut);
  const since = performance.now();
  await before.hub.close();
  expect(performance.now() - since).toBeLessThan(3000);
  const dir = join(dataDir, "tests");
  expect((await stat(join(dir, `${done}.json`))).mode & 0o777).toBe(0o600);
  // As a hub leaves it that is killed.
  const killed = { ...record, id: "zzzzzzzzz-00000000", state: "running", endedAt: null, result: null };
  await writeFile(join(dir, `${killed.id}.json`), JSON.stringify(killed));
  await writeFile(join(dir, "zzzzzzzzz-11111111.json"), "{broken");
  const after = await startTester(url, { dataDir });
  expect((await after.list()).tests.map(({ id, state }) => [id, state])).toEqual([
    [killed.id, "error"],
    [cut, "cancelled"],
    [done, "passed"],
  ]);
  expect(await after.read(done)).toEqual(record);
});

test("the newest fifty are kept, in memory and on disk", async () => {
  const dataDir = await makeDir();
  const dir = join(dataDir, "tests");
  await mkdir(dir);
  const idOf = (i: number): string => `00000${String(i).padStart(4, "0")}-00000000`;
  const base = { kind: "echo", by: "a", target: "ws://127.0.0.1/", library: "ws", profile: null, state: "passed" };
  const rest = { startedAt: 1, endedAt: 2, progress: null, result: {}, error: null };
  for (let i = 0; i < 60; i++) await writeFile(join(dir, `${idOf(i)}.json`), JSON.stringify({ ...base, ...rest }));
  const { url } = await startEcho();
  const { start, ended, list, hub } = await startTester(url, { dataDir });
  expect((await list()).tests).toHaveLength(50);
  const id = String((await start("echo", { count: 1 })).json.id);
  await ended(id);
  const { tests } = await list();
  expect(tests).toHaveLength(50);
  expect([tests[0]?.id, tests.at(-1)?.id]).toEqual([id, idOf(11)]);
  await hub.close();
  expect((await readdir(dir)).sort()).toEqual(tests.map((one) => `${one.id}.json`).sort());
});

test("a hub that was started without tests says so", async () => {
  const { url } = await startEcho();
  const { start, list } = await startTester(url, { testEntry: null });
  expect((await list()).allowed.tests).toBe(false);
  expect(await start("echo")).toMatchObject({ status: 404, code: "NOT_FOUND" });
});
