import type { AlertEpisode, HistoryEvent, OutboxRow } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { expect, test } from "vitest";
import { addRule, episodeOf, RULE, setConnections, startAlertHub, startProbe } from "./alerts-rig.ts";
import { makeDir } from "./harness.ts";

const BASE = "/api/alerts/episodes";

test("an alert is pending, fires, escalates, recovers and is history", async () => {
  const { hub, call, reaches, calms } = await startAlertHub({ dataDir: await makeDir() });
  await addRule(call, { forSec: 2, labels: { team: "chat" } });
  const probe = startProbe(hub, 50);
  const pending = await reaches("pending");
  expect(pending).toMatchObject({
    labels: { node: "chat/a" },
    severity: "warning",
    value: 50,
    limit: 10,
    firedAt: null,
  });
  const firing = await reaches("firing");
  expect(firing).toMatchObject({ severity: "warning", activeAt: pending.activeAt, ack: null, suppressedBy: [] });
  expect(Number(firing.firedAt) - firing.activeAt).toBeGreaterThanOrEqual(2000);
  expect(firing.summary).toContain("Many connections");
  const active = (await call("GET", "/api/alerts/active", undefined, { role: "viewer" })).json;
  expect(active).toMatchObject({ critical: 0, warning: 1, pending: 0, state: "ok", problem: null });
  setConnections(probe, 200);
  await until(async () => (await call("GET", "/api/dashboard/alerts")).json.critical === 1, { what: "escalation" });
  expect((await call("GET", "/api/dashboard/alerts")).json).toMatchObject({
    total: 1,
    warning: 0,
    alerts: [
      { id: firing.episodeId, type: RULE.id, severity: "critical", value: 200, threshold: 100, acknowledged: false },
    ],
  });
  setConnections(probe, 3);
  await calms();
  const history = async (): Promise<readonly AlertEpisode[]> =>
    (
      (await call("GET", `/api/alerts/history?from=1h&rule=${RULE.id}`)).json as {
        episodes: AlertEpisode[];
      }
    ).episodes;
  await until(async () => (await history())[0]?.endedAt !== null, { what: "its end to be kept" });
  expect(await history()).toMatchObject([
    { id: firing.episodeId, ruleId: RULE.id, severity: "critical", peak: 200, endReason: "recovered", ruleVersion: 1 },
  ]);
  expect((await call("GET", "/api/alerts/history?from=1h&rule=other")).json).toEqual({ episodes: [], next: null });
  await until(
    async () => {
      const { events } = (await call("GET", "/api/history/events?from=1h&kinds=alert.resolved")).json as {
        events?: HistoryEvent[];
      };
      return events?.length === 1;
    },
    { what: "the event in history", timeoutMs: 10_000 },
  );
  const { events } = (await call("GET", "/api/history/events?from=1h&kinds=alert.fired")).json as {
    events: HistoryEvent[];
  };
  expect(events).toMatchObject([
    {
      kind: "alert.fired",
      node: "chat/a",
      subject: firing.episodeId,
      attributes: { rule: RULE.id, severity: "warning" },
    },
  ]);
});

test("an alert that fires is acknowledged, noted, snoozed and ended by hand, each with a name to it", async () => {
  const { hub, call, reaches, row, calms } = await startAlertHub({ dataDir: await makeDir() });
  await addRule(call);
  const probe = startProbe(hub, 50);
  const { episodeId } = await reaches("firing");
  const path = `${BASE}/${episodeId}`;
  const acked = await call("POST", `${path}/ack`, { note: "looking" }, { sub: "ann" });
  expect(acked).toMatchObject({ status: 200, json: { id: episodeId, ack: { by: "ann", note: "looking" } } });
  expect(await row()).toMatchObject({ ack: { by: "ann" }, suppressedBy: [{ by: "acknowledged" }] });
  expect(await call("POST", `${path}/unack`)).toMatchObject({ status: 200, json: { ack: null } });
  const noted = await call("POST", `${path}/note`, { text: "the deploy" }, { sub: "bob" });
  expect(noted.json.notes).toMatchObject([{ by: "bob", text: "the deploy" }]);
  const snoozed = await call("POST", `${path}/snooze`, { forSec: 600 });
  expect(snoozed.status).toBe(200);
  expect(Number((await row())?.snoozeUntil) - Date.now()).toBeGreaterThan(590_000);
  for (const [word, body] of [
    ["snooze", { forSec: 1 }],
    ["note", { text: "" }],
    ["ack", { note: 7 }],
  ] as const)
    expect(await call("POST", `${path}/${word}`, body), word).toMatchObject({ status: 400, code: "BAD_REQUEST" });
  expect(await call("POST", `${path}/resolve`, {}, { sub: "ann" })).toMatchObject({ status: 200 });
  await until(async () => (await row()) === undefined, { what: "an alert that was ended" });
  const over = await episodeOf(call, { episodeId } as never);
  expect(over).toMatchObject({ endReason: "resolved_by_hand" });
  // It is still beyond its limit, and stays quiet until it was in range.
  expect(await call("POST", `${path}/ack`)).toMatchObject({ status: 409, code: "CONFLICT" });
  setConnections(probe, 3);
  await until(async () => (await call("GET", "/api/nodes")).text.includes('"connections":3,'), {
    what: "a second in range",
  });
  setConnections(probe, 60);
  expect((await reaches("firing")).episodeId).not.toBe(episodeId);
  setConnections(probe, 3);
  await calms();
  const { entries } = (await call("GET", "/api/audit")).json as { entries: { action: string; outcome: string }[] };
  expect(
    entries
      .filter(({ outcome }) => outcome === "done")
      .map(({ action }) => action)
      .reverse(),
  ).toEqual(["rule.save", "alert.acknowledge", "alert.acknowledge", "alert.note", "alert.snooze", "alert.resolve"]);
});

test("notices go out through channels; viewers see that they did, not what they said", async () => {
  const dataDir = await makeDir();
  const { hub, call, reaches } = await startAlertHub({ dataDir, publicUrl: "https://ops.example.org/monitor" });
  const channel = await call("POST", "/api/alerts/channels", { name: "Log", type: "file" });
  expect(channel).toMatchObject({ status: 201, json: { id: "log" } });
  const route = { groupWaitSec: 0, groupIntervalSec: 10 };
  expect((await call("PUT", "/api/alerts/routes", route)).status).toBe(200);
  const tested = await call("POST", "/api/alerts/channels/log/test");
  expect(tested).toMatchObject({ status: 200, json: { ok: true } });
  await addRule(call);
  startProbe(hub, 50);
  const { episodeId } = await reaches("firing");
  const sent = async (role: "admin" | "viewer"): Promise<OutboxRow[]> => {
    const { json } = await call("GET", `/api/alerts/outbox?state=sent&episode=${episodeId}`, undefined, { role });
    return (json as { notices: OutboxRow[] }).notices;
  };
  await until(async () => (await sent("admin")).length === 1, { what: "a notice that was sent", timeoutMs: 10_000 });
  expect(await sent("admin")).toMatchObject([
    { channelId: "log", notice: { kind: "firing", seq: 1, episodeId, value: 50 } },
  ]);
  const [row] = await sent("admin");
  expect(row?.notice.url).toMatch(/^https:\/\/ops\.example\.org\/monitor\/dashboard#\/connections\?from=\d+&to=\d+/);
  const [seen] = await sent("viewer");
  expect(Object.keys(seen?.notice ?? {}).sort()).toEqual([
    "at",
    "episodeId",
    "kind",
    "name",
    "ruleId",
    "seq",
    "severity",
  ]);
  const { channels } = (await call("GET", "/api/alerts/channels")).json as { channels: { health: { sent: number } }[] };
  await until(async () => Number(channels[0]?.health.sent) >= 1, { what: "a channel that says so" });
});

test("a notice that was given up counts until an administrator dismisses it, and is kept", async () => {
  const { hub, call } = await startAlertHub({ dataDir: await makeDir() });
  const nowhere = { id: "nowhere", name: "Nowhere", type: "webhook", config: { url: "http://127.0.0.1:9/" } };
  expect((await call("POST", "/api/alerts/channels", nowhere)).status).toBe(201);
  expect((await call("PUT", "/api/alerts/routes", { groupWaitSec: 0, groupIntervalSec: 10 })).status).toBe(200);
  await addRule(call);
  startProbe(hub, 50);
  const notices = async (state: string): Promise<OutboxRow[]> =>
    (await call("GET", `/api/alerts/outbox?state=${state}`)).json.notices as OutboxRow[];
  const health = async () => {
    const { checks } = (await call("GET", "/api/health")).json as { checks: { id: string; state: string }[] };
    return checks.find(({ id }) => id === "notices")?.state;
  };
  await until(async () => (await health()) === "degraded", { what: "the badge to say so", timeoutMs: 20_000 });
  const [dead] = await notices("dead");
  const path = `/api/alerts/outbox/${dead?.id}`;
  expect(await call("DELETE", path, undefined, { role: "viewer" })).toMatchObject({ status: 403 });
  expect((await call("DELETE", path, undefined, { sub: "ann" })).status).toBe(204);
  const undelivered = async () => {
    const { channels } = (await call("GET", "/api/alerts/channels")).json as {
      channels: { health: { dead: number } }[];
    };
    return channels[0]?.health.dead;
  };
  // The badge follows after its half minute of calm.
  await until(async () => (await undelivered()) === 0, { what: "a channel that lost nothing", timeoutMs: 10_000 });
  expect(await notices("dead")).toEqual([]);
  expect(await notices("dismissed")).toMatchObject([{ id: dead?.id, lastError: dead?.lastError }]);
  expect(await call("DELETE", path)).toMatchObject({ status: 409, code: "CONFLICT" });
  expect(await call("DELETE", "/api/alerts/outbox/4711")).toMatchObject({ status: 404, code: "NOT_FOUND" });
  const { entries } = (await call("GET", "/api/audit")).json as { entries: { action: string }[] };
  expect(entries).toContainEqual(
    expect.objectContaining({ action: "outbox.dismiss", sub: "ann", target: String(dead?.id), outcome: "done" }),
  );
});

test("a silence keeps notices back, not the alert; a rule that is switched off ends it", async () => {
  const { hub, call, reaches, row, calms } = await startAlertHub();
  const matchers = [{ label: "rule", op: "=", value: RULE.id }];
  const silence = await call("POST", "/api/alerts/silences", { matchers, durationSec: 600 });
  await addRule(call);
  startProbe(hub, 50);
  await reaches("firing");
  expect(await row()).toMatchObject({ suppressedBy: [{ by: "silence", id: silence.json.id }] });
  expect((await call("DELETE", `/api/alerts/silences/${silence.json.id}`)).status).toBe(204);
  await until(async () => (await row())?.suppressedBy.length === 0, { what: "an alert nobody silences" });
  const { episodeId } = await reaches("firing");
  await call("PATCH", `/api/alerts/rules/${RULE.id}`, { enabled: false }, { ifMatch: "*" });
  await calms();
  expect((await call("GET", `${BASE}/${episodeId}`)).json).toMatchObject({ endReason: "rule_disabled" });
});
