import type { AlertRule } from "@wsight/protocol";
import { expect, onTestFinished, test, vi } from "vitest";
import { addRule, RULE, startAlertHub } from "./alerts-rig.ts";
import { makeDir } from "./harness.ts";

type Fields = Readonly<Record<string, string>>;

/** What is wrong with a body, by field. */
function fieldsOf(json: Readonly<Record<string, unknown>>): Fields {
  return (json.error as { details: { fields: Fields } }).details.fields;
}

test("a rule is added, read, changed under its version and deleted, and each change is written down", async () => {
  const { call } = await startAlertHub();
  const added = await call("POST", "/api/alerts/rules", RULE, { sub: "ann" });
  expect(added).toMatchObject({ status: 201, json: { ...RULE, version: 1, createdBy: "ann", builtin: false } });
  expect(added.headers).toMatchObject({ etag: '"1"', location: "/api/alerts/rules/many-connections" });
  expect(await call("POST", "/api/alerts/rules", RULE)).toMatchObject({ status: 409, code: "CONFLICT" });
  const path = "/api/alerts/rules/many-connections";
  const patched = await call("PATCH", path, { warn: 20, enabled: false }, { ifMatch: '"1"', sub: "bob" });
  expect(patched).toMatchObject({ status: 200, json: { warn: 20, crit: 100, enabled: false, version: 2 } });
  expect(patched.headers.etag).toBe('"2"');
  expect(patched.json.createdBy).toBe("ann");
  const replaced = await call("PUT", path, { ...RULE, name: "Full house", version: 2 });
  expect(replaced).toMatchObject({ status: 200, json: { name: "Full house", warn: 10, enabled: true, version: 3 } });
  const { versions } = (await call("GET", `${path}/versions`)).json as { versions: AlertRule[] };
  expect(versions.map(({ version, name, warn }) => [version, name, warn])).toEqual([
    [3, "Full house", 10],
    [2, "Many connections", 20],
    [1, "Many connections", 10],
  ]);
  expect(await call("GET", path)).toMatchObject({ status: 200, json: { version: 3 }, headers: { etag: '"3"' } });
  expect(await call("DELETE", path, undefined, { ifMatch: '"3"' })).toMatchObject({ status: 204 });
  expect(await call("GET", path)).toMatchObject({ status: 404, code: "NOT_FOUND" });
  const { entries } = (await call("GET", "/api/audit")).json as { entries: { action: string; outcome: string }[] };
  expect(entries.map(({ action, outcome }) => `${action} ${outcome}`).reverse()).toEqual([
    "rule.save done",
    "rule.save failed",
    "rule.save done",
    "rule.save done",
    "rule.delete done",
  ]);
});

test("a change that was meant for another version is refused with the one there is", async () => {
  const { call } = await startAlertHub();
  await addRule(call);
  const path = "/api/alerts/rules/many-connections";
  expect(await call("PATCH", path, { warn: 5 }, { ifMatch: '"1"' })).toMatchObject({ status: 200 });
  for (const [method, body, ifMatch] of [
    ["PATCH", { warn: 6 }, '"1"'],
    ["PUT", RULE, 'W/"7", "9"'],
    ["PUT", { ...RULE, version: 1 }, undefined],
    ["DELETE", undefined, '"1"'],
  ] as const)
    expect(await call(method, path, body, ifMatch === undefined ? {} : { ifMatch }), method).toMatchObject({
      status: 412,
      code: "PRECONDITION_FAILED",
      json: { error: { details: { version: 2 } } },
    });
  for (const method of ["PATCH", "DELETE"])
    expect(await call(method, path, { warn: 6 })).toMatchObject({ status: 428, code: "PRECONDITION_REQUIRED" });
  expect((await call("GET", path)).json).toMatchObject({ version: 2, warn: 5 });
  expect(await call("PATCH", path, { warn: 7 }, { ifMatch: "*" })).toMatchObject({ status: 200, json: { version: 3 } });
});

test("of two that change the same version at once one wins, the other hears of it", async () => {
  const { call } = await startAlertHub();
  await addRule(call);
  const path = "/api/alerts/rules/many-connections";
  const answers = await Promise.all(
    [11, 12, 13].map((warn) => call("PATCH", path, { warn }, { ifMatch: '"1"', sub: `admin-${warn}` })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
  expect((await call("GET", path)).json).toMatchObject({ version: 2 });
});

test("rules that came with wsight can be changed and switched off, not deleted; what they were is their first version", async () => {
  const { call } = await startAlertHub();
  const { rules, max } = (await call("GET", "/api/alerts/rules", undefined, { role: "viewer" })).json as {
    rules: AlertRule[];
    max: number;
  };
  expect(max).toBe(1000);
  expect(rules.filter(({ builtin }) => builtin).length).toBeGreaterThan(8);
  const path = "/api/alerts/rules/host-memory";
  const before = rules.find(({ id }) => id === "host-memory");
  expect(before).toMatchObject({ builtin: true, version: 1, warn: 0.85 });
  expect((await call("GET", `${path}/versions`)).json).toEqual({ versions: [before] });
  const off = await call("PATCH", path, { enabled: false, warn: 0.7, recovery: 0.6 }, { ifMatch: '"1"' });
  expect(off).toMatchObject({ status: 200, json: { enabled: false, warn: 0.7, builtin: true, version: 2 } });
  const { versions } = (await call("GET", `${path}/versions`)).json as { versions: AlertRule[] };
  expect(versions.map(({ version, warn }) => [version, warn])).toEqual([
    [2, 0.7],
    [1, 0.85],
  ]);
  expect(await call("DELETE", path, undefined, { ifMatch: "*" })).toMatchObject({ status: 409, code: "CONFLICT" });
  expect(((await call("GET", "/api/alerts/rules")).json as { rules: unknown[] }).rules).toHaveLength(rules.length);
});

test("every field of a rule that can't be right is named at once", async () => {
  const { call } = await startAlertHub();
  const wrong = { ...RULE, metric: "no.such.metric", warn: "high", forSec: -1, colour: "red", groupBy: "node" };
  const { status, code, json } = await call("POST", "/api/alerts/rules", wrong);
  expect({ status, code }).toEqual({ status: 400, code: "BAD_REQUEST" });
  expect(Object.keys(fieldsOf(json)).sort()).toEqual(["colour", "forSec", "groupBy", "metric", "warn"]);
  expect(fieldsOf(json).warn).toContain("expected");
  const patch = await call("PATCH", "/api/alerts/rules/host-memory", { warn: null, crit: null }, { ifMatch: "*" });
  expect(patch).toMatchObject({ status: 400, code: "BAD_REQUEST" });
  for (const [method, path, body, field] of [
    ["POST", "/api/alerts/silences", { durationSec: 5, matchers: [] }, "durationSec"],
    ["POST", "/api/alerts/channels", { type: "email", name: "Ops" }, "config.host"],
    ["PUT", "/api/alerts/routes", { channels: ["nobody"] }, "channels[0]"],
    ["PUT", "/api/alerts/inhibitions", { inhibitions: [{ source: [] }] }, "inhibitions[0].source"],
    ["POST", "/api/alerts/rules/preview", { rule: { ...RULE, op: "beyond" } }, "op"],
    ["PUT", "/api/dashboard/thresholds", { memoryPct: 140, queueLength: "many" }, "memoryPct"],
  ] as const) {
    const answer = await call(method, path, body);
    expect(answer, path).toMatchObject({ status: 400, code: "BAD_REQUEST" });
    expect(Object.keys(fieldsOf(answer.json)), path).toContain(field);
  }
  expect((await call("GET", "/api/alerts/rules/many-connections")).status).toBe(404);
});

test("patterns of all silences together are bounded: no number of them holds up the hub", async () => {
  const { call } = await startAlertHub();
  const matchers = Array.from({ length: 20 }, () => ({ label: "node", op: "!~", value: "(a?){300}b" }));
  const save = (): ReturnType<typeof call> => call("POST", "/api/alerts/silences", { matchers, durationSec: 600 });
  expect((await save()).status).toBe(201);
  const refused = await save();
  expect(refused).toMatchObject({ status: 409, code: "CONFLICT" });
  expect(refused.text).toContain("patterns of all of them together are too large");
  const plain = [{ label: "node", op: "=", value: "chat/1" }];
  expect((await call("POST", "/api/alerts/silences", { matchers: plain, durationSec: 600 })).status).toBe(201);
});

test("silences say when they are in force, and can be changed and ended", async () => {
  const { call } = await startAlertHub();
  const matchers = [{ label: "rule", op: "=", value: RULE.id }];
  const now = Date.now();
  const added = await call("POST", "/api/alerts/silences", { matchers, durationSec: 600, comment: "deploy" });
  expect(added).toMatchObject({
    status: 201,
    json: { kind: "silence", createdBy: "admin", active: true, comment: "deploy", matchers },
  });
  expect(Number(added.json.toAt) - now).toBeGreaterThan(598_000);
  const planned = await call("POST", "/api/alerts/silences", {
    kind: "maintenance",
    startsAt: "2030-01-06T02:30",
    timeZone: "Europe/Berlin",
    durationSec: 3600,
    recurrence: { every: "week", days: [0] },
  });
  expect(planned.json).toMatchObject({
    active: false,
    fromAt: Date.parse("2030-01-06T01:30Z"),
    toAt: Date.parse("2030-01-06T02:30Z"),
  });
  const path = `/api/alerts/silences/${added.json.id}`;
  const changed = await call("PUT", path, { matchers, durationSec: 1200, comment: "longer" }, { sub: "bob" });
  expect(changed).toMatchObject({ status: 200, json: { durationSec: 1200, comment: "longer", createdBy: "admin" } });
  const { silences } = (await call("GET", "/api/alerts/silences", undefined, { role: "viewer" })).json as {
    silences: { id: string }[];
  };
  expect(silences.map(({ id }) => id).sort()).toEqual([added.json.id, planned.json.id].map(String).sort());
  expect(await call("DELETE", path)).toMatchObject({ status: 204 });
  expect(await call("DELETE", path)).toMatchObject({ status: 404, code: "NOT_FOUND" });
  expect(await call("PUT", path, { matchers, durationSec: 1200 })).toMatchObject({ status: 404 });
});

test("silences of one zone are listed with one clock: each is slow to open", async () => {
  const matchers = [{ label: "rule", op: "=", value: RULE.id }];
  const { call } = await startAlertHub();
  for (let i = 0; i < 20; i++)
    await call("POST", "/api/alerts/silences", { matchers, durationSec: 60 + i, timeZone: "Europe/Berlin" });
  const { DateTimeFormat } = Intl;
  const opened = vi.spyOn(Intl, "DateTimeFormat").mockImplementation(function open(...given) {
    return new DateTimeFormat(...given);
  });
  onTestFinished(() => opened.mockRestore());
  const { silences } = (await call("GET", "/api/alerts/silences")).json as { silences: { active: boolean }[] };
  expect(silences.map(({ active }) => active)).toEqual(Array(20).fill(true));
  expect(opened.mock.calls.filter(([, options]) => options?.timeZone === "Europe/Berlin")).toHaveLength(1);
});

test("secrets of channels are never told, their settings to administrators alone", async () => {
  const { call } = await startAlertHub({ dataDir: await makeDir() });
  const secret = "https://hooks.slack.com/services/T0/B0/very-secret";
  const added = await call("POST", "/api/alerts/channels", { name: "Ops", type: "slack", secrets: { url: secret } });
  expect(added).toMatchObject({
    status: 201,
    json: { id: "ops", type: "slack", enabled: true, config: {}, secrets: { url: true }, version: 1 },
  });
  expect(added.headers.etag).toBe('"1"');
  const mail = {
    name: "Mail",
    type: "email",
    config: { host: "mail.example", from: "a@example.org", to: ["b@example.org"] },
  };
  expect(await call("POST", "/api/alerts/channels", mail)).toMatchObject({ status: 201 });
  const path = "/api/alerts/channels/ops";
  const renamed = await call("PUT", path, { name: "Operators", type: "slack", enabled: false }, { ifMatch: '"1"' });
  expect(renamed).toMatchObject({ status: 200, json: { name: "Operators", enabled: false, secrets: { url: true } } });
  expect(await call("PUT", path, { name: "Ops", type: "slack" }, { ifMatch: '"1"' })).toMatchObject({ status: 412 });
  const all = await call("GET", "/api/alerts/channels");
  expect(all.text).not.toContain("very-secret");
  expect(all.text).toContain("mail.example");
  const seen = await call("GET", "/api/alerts/channels", undefined, { role: "viewer" });
  expect(seen.text).not.toContain("mail.example");
  expect(seen.json).toMatchObject({ channels: [{ config: {} }, { config: {} }] });
  expect(await call("DELETE", path)).toMatchObject({ status: 204 });
  expect(await call("DELETE", path)).toMatchObject({ status: 404 });
  const { types } = (await call("GET", "/api/alerts/channel-types")).json as {
    types: { type: string; title: string; fields: { name: string }[] }[];
  };
  expect(types.map(({ type }) => type)).toContain("pagerduty");
  expect(types.find(({ type }) => type === "email")?.fields.map(({ name }) => name)).toContain("password");
  const { text } = await call("GET", "/api/audit");
  expect(text).not.toContain("very-secret");
});

test("who is told, and what keeps what quiet, can be read by viewers and changed by administrators", async () => {
  const { call } = await startAlertHub();
  const viewer = { role: "viewer" } as const;
  expect((await call("GET", "/api/alerts/routes", undefined, viewer)).json).toMatchObject({
    groupBy: ["rule", "severity"],
    groupWaitSec: 10,
    groupIntervalSec: 60,
  });
  await call("POST", "/api/alerts/channels", { name: "Log", type: "file" });
  const route = { channels: ["log"], routes: [{ matchers: [{ label: "severity", op: "=", value: "critical" }] }] };
  expect(await call("PUT", "/api/alerts/routes", route)).toMatchObject({ status: 200 });
  expect((await call("GET", "/api/alerts/routes")).json).toMatchObject({ channels: ["log"], routes: [{}] });
  const { inhibitions } = (await call("GET", "/api/alerts/inhibitions", undefined, viewer)).json as {
    inhibitions: unknown[];
  };
  expect(inhibitions.length).toBeGreaterThan(0);
  expect(await call("PUT", "/api/alerts/inhibitions", { inhibitions: [] })).toMatchObject({ status: 200 });
  expect((await call("GET", "/api/alerts/inhibitions")).json).toEqual({ inhibitions: [] });
});

test("viewers change nothing, and their tries are written down", async () => {
  const { call } = await startAlertHub();
  await addRule(call);
  const writes = [
    ["POST", "/api/alerts/rules"],
    ["PUT", "/api/alerts/rules/many-connections"],
    ["PATCH", "/api/alerts/rules/many-connections"],
    ["DELETE", "/api/alerts/rules/many-connections"],
    ["POST", "/api/alerts/rules/import"],
    ["POST", "/api/alerts/episodes/x/ack"],
    ["POST", "/api/alerts/episodes/x/unack"],
    ["POST", "/api/alerts/episodes/x/snooze"],
    ["POST", "/api/alerts/episodes/x/note"],
    ["POST", "/api/alerts/episodes/x/resolve"],
    ["POST", "/api/alerts/silences"],
    ["PUT", "/api/alerts/silences/x"],
    ["DELETE", "/api/alerts/silences/x"],
    ["POST", "/api/alerts/channels"],
    ["PUT", "/api/alerts/channels/x"],
    ["DELETE", "/api/alerts/channels/x"],
    ["POST", "/api/alerts/channels/x/test"],
    ["PUT", "/api/alerts/routes"],
    ["PUT", "/api/alerts/inhibitions"],
    ["POST", "/api/alerts/outbox/1/retry"],
    ["DELETE", "/api/alerts/outbox/1"],
    ["PUT", "/api/dashboard/thresholds"],
  ] as const;
  for (const [i, [method, path]] of writes.entries())
    expect(await call(method, path, {}, { role: "viewer", sub: `viewer-${i}` }), path).toMatchObject({
      status: 403,
      code: "FORBIDDEN",
    });
  const { entries } = (await call("GET", "/api/audit")).json as { entries: { outcome: string }[] };
  expect(entries.filter(({ outcome }) => outcome === "refused")).toHaveLength(writes.length);
  for (const path of ["active", "history", "rules", "silences", "channels", "routes", "inhibitions", "outbox"])
    expect((await call("GET", `/api/alerts/${path}`, undefined, { role: "viewer" })).status, path).toBe(200);
  expect((await call("GET", "/api/dashboard/alerts", undefined, { role: "viewer" })).status).toBe(403);
});

test("what is not there is not found, and PATCH is a method like the others", async () => {
  const { call } = await startAlertHub();
  for (const [method, path] of [
    ["GET", "/api/alerts/rules/none"],
    ["GET", "/api/alerts/rules/none/versions"],
    ["POST", "/api/alerts/rules/none/test"],
    ["GET", "/api/alerts/episodes/none"],
    ["POST", "/api/alerts/episodes/none/ack"],
    ["POST", "/api/alerts/channels/none/test"],
  ] as const)
    expect(await call(method, path), path).toMatchObject({ status: 404, code: "NOT_FOUND" });
  const wrong = await call("PATCH", "/api/alerts/rules");
  expect(wrong).toMatchObject({ status: 405, headers: { allow: "GET, HEAD, POST" } });
  const { paths } = (await call("GET", "/api/openapi.json")).json as { paths: Record<string, Record<string, object>> };
  expect(Object.keys(paths["/api/alerts/rules/{id}"] ?? {}).sort()).toEqual(["delete", "get", "patch", "put"]);
});

test("thresholds of the contract are limits of the rules of that name", async () => {
  const { call } = await startAlertHub();
  const before = (await call("GET", "/api/dashboard/alerts")).json;
  expect(before).toMatchObject({
    alerts: [],
    total: 0,
    thresholds: { queueLength: 50, processingTimeSec: 120, errorRatePct: 10, memoryPct: 85 },
  });
  const set = await call("PUT", "/api/dashboard/thresholds", { queueLength: 75, errorRatePct: 7 });
  expect(set).toMatchObject({
    status: 200,
    json: { thresholds: { queueLength: 75, processingTimeSec: 120, errorRatePct: 7, memoryPct: 85 } },
  });
  expect((await call("GET", "/api/alerts/rules/queue-length")).json).toMatchObject({ warn: 75, crit: 200, version: 2 });
  expect((await call("GET", "/api/alerts/rules/job-errors")).json).toMatchObject({ warn: 0.07 });
  // A critical limit that the new one has passed says nothing any more.
  await call("PUT", "/api/dashboard/thresholds", { memoryPct: 97 });
  expect((await call("GET", "/api/alerts/rules/host-memory")).json).toMatchObject({ warn: 0.97, crit: null });
  const wrong = await call("PUT", "/api/dashboard/thresholds", { queueLength: -1, memoryPct: 101, diskPct: 5 });
  expect(wrong).toMatchObject({ status: 400, code: "BAD_REQUEST" });
  expect(Object.keys(fieldsOf(wrong.json)).sort()).toEqual(["diskPct", "memoryPct", "queueLength"]);
  expect((await call("PUT", "/api/dashboard/thresholds", {})).status).toBe(400);
  expect((await call("GET", "/api/dashboard/alerts")).json).toMatchObject({ thresholds: { queueLength: 75 } });
});

test("whatever is sent, it is refused for what it is, and the hub never fails to answer", async () => {
  const { call } = await startAlertHub();
  await addRule(call);
  await call("POST", "/api/alerts/channels", { name: "Log", type: "file" });
  const deep = JSON.parse(`${'{"all":['.repeat(200)}${"]}".repeat(200)}`) as unknown;
  const bodies: readonly unknown[] = [
    null,
    [],
    7,
    "text",
    { name: {}, metric: [], id: { $ne: 1 }, labels: 7, expression: deep, kind: "composite" },
    { ...RULE, id: "../../etc", filter: { where: { a: 1 }, nodes: "x" }, noData: 1, flap: [], burnRate: "x" },
    { ...RULE, id: "x", groupBy: ["__proto__"], labels: { ["__proto__"]: "x", constructor: 7 } },
    { ...RULE, id: "y", summary: "{{#a}}", description: "{{", runbookUrl: "javascript:alert(1)" },
    { matchers: [{ label: "a", op: "=~", value: "(a+)+$(" }], durationSec: 600, timeZone: "No/Where" },
    { name: "x", type: "email", config: { host: "\r\nRCPT TO", to: "a" }, secrets: { password: 7 } },
    { channels: 7, routes: [{ routes: deep }] },
    { inhibitions: [deep, null] },
    { text: "a: &a [*a, *a]\n".repeat(50), save: true },
    { hours: 1e9, fromAt: -1, toAt: "now", rule: deep },
    { queueLength: Number.MAX_VALUE, memoryPct: null },
  ];
  const paths = [
    ["POST", "rules"],
    ["PUT", "rules/many-connections"],
    ["PATCH", "rules/many-connections"],
    ["POST", "rules/preview"],
    ["POST", "rules/many-connections/test"],
    ["POST", "rules/import"],
    ["POST", "silences"],
    ["POST", "channels"],
    ["PUT", "channels/log"],
    ["PUT", "routes"],
    ["PUT", "inhibitions"],
    ["PUT", "../dashboard/thresholds"],
  ] as const;
  for (const [method, path] of paths)
    for (const [i, body] of bodies.entries()) {
      const { status, text } = await call(method, `/api/alerts/${path}`.replace("alerts/../", ""), body, {
        ifMatch: "*",
      });
      const isFine = status === 400 || status === 413 || (status < 300 && !text.includes("error"));
      // Without history there is nothing to try a rule on, but for who asks properly.
      expect(isFine || (status === 503 && path.startsWith("rules/")), `${method} ${path} ${i}: ${status} ${text}`).toBe(
        true,
      );
    }
  for (const query of ["limit=0", "limit=x", "from=yesterday", "from=now-1h&to=1"])
    expect((await call("GET", `/api/alerts/history?${query}`)).status, query).toBe(400);
  for (const query of ["state=lost", "limit=501"])
    expect((await call("GET", `/api/alerts/outbox?${query}`)).status, query).toBe(400);
  expect((await call("POST", "/api/alerts/outbox/abc/retry")).status).toBe(400);
  expect((await call("DELETE", "/api/alerts/outbox/abc")).status).toBe(400);
  expect((await call("GET", "/api/alerts/rules/many-connections")).status).toBe(200);
});
