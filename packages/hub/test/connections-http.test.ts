import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Hub, HubLink } from "@wsight/hub";
import { decodeHubFrame, encodeLinkText, type HubFrame, type ProbeAsk, WsightError } from "@wsight/protocol";
import { expect, test } from "vitest";
import { ask, bearer, makeDir, SECRET, signIn, startHub } from "./harness.ts";
import { answerWith, makeRow } from "./list-probe.ts";
import { createSmallProbe } from "./small-probe.ts";

const ROWS = [makeRow(1, { id: "one" }), makeRow(2, { id: "two" }), makeRow(3, { id: "three" })];
const EPOCH = 7;

interface Process {
  readonly link: HubLink;
  readonly asked: ProbeAsk[];
}

/** A process with three connections, which ends any of them but the first. */
function report(hub: Hub, instance = "a"): Process {
  const asked: ProbeAsk[] = [];
  const link = hub.openLink((text) => {
    const frame: HubFrame = decodeHubFrame(text);
    if (frame.type !== "request") return;
    asked.push(frame.ask);
    const head = { type: "answer", id: frame.id, epoch: EPOCH } as const;
    const refused = frame.ask.kind === "disconnect" && frame.ask.connection === 1;
    const error = new WsightError("NOT_FOUND", "connection 1 is not open");
    // A hub hears answers later, never within its question.
    queueMicrotask(() =>
      link.receive(
        encodeLinkText(refused ? { ...head, ...error.toBody() } : { ...head, answer: answerWith(ROWS, frame) }),
      ),
    );
  });
  for (const message of createSmallProbe(instance).greeting) link.receive(message);
  return { link, asked };
}

test("connections are listed over all nodes, searched, sorted and paged", async () => {
  const hub = await startHub();
  report(hub, "a");
  report(hub, "b");
  const headers = await bearer("viewer");
  const { status, json } = await ask(hub, "/api/connections?q=t&sort=opened&order=asc&limit=3&offset=1", { headers });
  expect(status).toBe(200);
  expect(json).toMatchObject({
    open: 6,
    matched: 4,
    rows: [
      { node: "chat/b", id: "two" },
      { node: "chat/a", id: "three" },
      { node: "chat/b", id: "three" },
    ],
    nodes: [
      { node: "chat/a", open: 3, matched: 2, error: null },
      { node: "chat/b", open: 3, matched: 2, error: null },
    ],
  });
  const one = await ask(hub, "/api/connections?node=chat%2Fb&limit=0", { headers });
  expect(one.json).toMatchObject({ open: 3, rows: [], nodes: [{ node: "chat/b" }] });
});

test("a list that makes no sense is refused with what was expected", async () => {
  const hub = await startHub();
  const headers = await bearer("viewer");
  const refusals: readonly (readonly [string, string])[] = [
    ["sort=age", "sort: expected one of opened, id, user,"],
    ["order=up", 'order: expected one of asc, desc, got "up"'],
    ["limit=201", 'limit: expected a whole number from 0 to 200, got "201"'],
    ["limit=-1", "limit: expected"],
    ["offset=1.5", "offset: expected a whole number from 0 to 1000000"],
    ["offset=", "offset: expected"],
    ["q=rtt:slow", "rtt: expected > and a number"],
    ["q=state:open%20state:odd", "state: expected one of"],
    [`q=${"a".repeat(257)}`, "search: expected at most 256 characters"],
  ];
  for (const [query, message] of refusals) {
    const { status, json } = await ask(hub, `/api/connections?${query}`, { headers });
    expect([query, status]).toEqual([query, 400]);
    expect(json).toMatchObject({ error: { code: "BAD_REQUEST", message: expect.stringContaining(message) } });
  }
  expect((await ask(hub, "/api/connections?node=chat%2Fnone", { headers })).code).toBe("NOT_FOUND");
  expect((await ask(hub, "/api/connections")).status).toBe(401);
  expect((await ask(hub, "/api/connections", { headers: await bearer("user") })).status).toBe(403);
});

test("one connection is looked at closely, and what can't be found is said", async () => {
  const hub = await startHub();
  const { link } = report(hub);
  const headers = await bearer("viewer");
  const { json } = await ask(hub, "/api/connections/chat/a/1", { headers });
  expect(json).toMatchObject({ node: "chat/a", row: { id: "one" }, sockets: [], handshake: null });
  expect((await ask(hub, "/api/connections/chat/b/1", { headers })).code).toBe("NOT_FOUND");
  expect((await ask(hub, "/api/connections/chat/a/x", { headers })).code).toBe("BAD_REQUEST");
  link.close();
  const away = await ask(hub, "/api/connections/chat/a/1", { headers });
  expect([away.status, away.code]).toEqual([503, "NODE_AWAY"]);
});

test("only administrators disconnect, and every attempt is in the audit when it is answered", async () => {
  const dataDir = await makeDir();
  const hub = await startHub({ dataDir, secret: SECRET });
  const { asked } = report(hub);
  const path = "/api/connections/chat/a/2";
  const viewer = await bearer("viewer", "vic");
  const admin = await bearer("admin", "ann");
  expect((await ask(hub, path, { method: "DELETE" })).status).toBe(401);
  expect((await ask(hub, path, { method: "DELETE", headers: viewer })).code).toBe("FORBIDDEN");
  expect(asked).toEqual([]);
  const done = await ask(hub, path, { method: "DELETE", headers: admin });
  expect([done.status, done.json]).toEqual([200, { disconnected: true }]);
  const written = (await readFile(join(dataDir, "audit.log"), "utf8")).trim().split("\n");
  expect(written).toHaveLength(2);
  expect(asked).toEqual([{ kind: "disconnect", connection: 2 }]);
  const failed = await ask(hub, "/api/connections/chat/a/1", { method: "DELETE", headers: admin });
  expect(failed.code).toBe("NOT_FOUND");

  const told = await ask(hub, "/api/audit?limit=10", { headers: admin });
  const entry = { sub: "ann", role: "admin", action: "disconnect", target: "chat/a/2", outcome: "done", detail: null };
  expect(told.json).toMatchObject({
    entries: [
      { ...entry, target: "chat/a/1", outcome: "failed", detail: "chat/a: connection 1 is not open" },
      entry,
      { ...entry, sub: "vic", role: "viewer", outcome: "refused" },
    ],
    unwritten: 0,
    leftOut: 0,
  });
  expect((await ask(hub, "/api/audit", { headers: viewer })).status).toBe(403);
  expect((await ask(hub, "/api/audit?limit=501", { headers: admin })).code).toBe("BAD_REQUEST");
});

test("a page of another site can't disconnect with the cookie of an administrator", async () => {
  const hub = await startHub({ oneTimeCode: "once" });
  const { asked } = report(hub);
  const cookie = await signIn(hub, { code: "once" });
  const path = "/api/connections/chat/a/2";
  expect((await ask(hub, path, { method: "DELETE", headers: cookie })).code).toBe("BAD_ORIGIN");
  const elsewhere = { ...cookie, origin: "https://evil.example" };
  expect((await ask(hub, path, { method: "DELETE", headers: elsewhere })).code).toBe("BAD_ORIGIN");
  expect(asked).toEqual([]);
  const own = { ...cookie, "sec-fetch-site": "same-origin" };
  expect((await ask(hub, path, { method: "DELETE", headers: own })).status).toBe(200);
});

test("nodes tell their pool, and the description of the API names every new address", async () => {
  const hub = await startHub();
  report(hub);
  const headers = await bearer("viewer");
  const { json } = await ask(hub, "/api/nodes", { headers });
  expect(json.nodes).toMatchObject([{ node: "chat/a", capacity: null, utilisation: null }]);
  expect(json.pool).toEqual({ connections: null, capacity: null, utilisation: null, balance: null });
  const api = await ask(hub, "/api/openapi.json", { headers });
  const one = "/api/connections/{service}/{instance}/{connection}";
  expect(api.json.paths).toMatchObject({
    "/api/connections": { get: { "x-access": "viewer" } },
    [one]: { get: { "x-access": "viewer" }, delete: { "x-access": "admin" } },
    "/api/audit": { get: { "x-access": "admin" } },
  });
});
