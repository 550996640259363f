import type { AlertRule, BackTestAnswer } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { expect, test } from "vitest";
import { addRule, METRIC, RULE, setConnections, startAlertHub, startProbe } from "./alerts-rig.ts";
import { makeDir } from "./harness.ts";

const YAML = `
groups:
  - name: chat
    rules:
      - alert: TooManyConnections
        expr: sum by (node) (websocket_server_active_connections) > 500
        for: 2m
        labels: { severity: critical, team: chat }
        annotations: { summary: "full house" }
      - alert: NotOurs
        expr: node_filesystem_avail_bytes < 1
`;

test("a rule is tried on what was, before it is saved and after, by who may look", async () => {
  const { hub, call, reaches, calms } = await startAlertHub({ dataDir: await makeDir() });
  await addRule(call);
  const probe = startProbe(hub, 50);
  const firing = await reaches("firing");
  setConnections(probe, 3);
  await calms();
  const viewer = { role: "viewer" } as const;
  const test = async (): Promise<BackTestAnswer> => {
    const { status, json, text } = await call("POST", `/api/alerts/rules/${RULE.id}/test`, { hours: 1 }, viewer);
    if (status !== 200) throw new Error(text);
    return json as unknown as BackTestAnswer;
  };
  // The newest second is kept a moment later than it is seen.
  const found = await until(
    async () => {
      const answer = await test();
      return answer.episodes.some(({ endedAt }) => endedAt !== null) && answer;
    },
    { what: "the firing in history", timeoutMs: 15_000 },
  );
  expect(found).toMatchObject({ firings: 1, instances: 1, resolutionMs: 1000, limits: { warn: 10, crit: 100 } });
  expect(found.episodes).toMatchObject([{ labels: { node: "chat/a" }, severity: "warning", endReason: "recovered" }]);
  expect(Math.abs(Number(found.episodes[0]?.startedAt) - Number(firing.firedAt))).toBeLessThanOrEqual(2000);
  expect(found.lines[0]?.values).toContain(50);
  const higher = { rule: { ...RULE, warn: 60 }, hours: 1 };
  expect((await call("POST", "/api/alerts/rules/preview", higher, viewer)).json).toMatchObject({
    firings: 0,
    limits: { warn: 60 },
  });
  const wrong = await call("POST", `/api/alerts/rules/${RULE.id}/test`, { hours: 0 }, viewer);
  expect(wrong).toMatchObject({ status: 400, code: "BAD_REQUEST" });
});

test("a hub that keeps no history says so when a rule is to be tried on it", async () => {
  const { call } = await startAlertHub();
  expect(await call("POST", "/api/alerts/rules/preview", { rule: RULE })).toMatchObject({
    status: 503,
    code: "STORE_UNAVAILABLE",
  });
});

test("rules of Prometheus are read, shown, and saved when asked to; what can't be told here is named", async () => {
  const { call } = await startAlertHub();
  const shown = await call("POST", "/api/alerts/rules/import", { text: YAML });
  expect(shown).toMatchObject({ status: 200, json: { saved: false, refused: [{ name: "NotOurs" }] } });
  const [rule] = shown.json.rules as AlertRule[];
  expect(rule).toMatchObject({ name: "TooManyConnections", metric: METRIC, crit: 500, forSec: 120, groupBy: ["node"] });
  expect((await call("GET", `/api/alerts/rules/${rule?.id}`)).status).toBe(404);
  const saved = await call("POST", "/api/alerts/rules/import", { text: YAML, save: true, enabled: false });
  expect(saved).toMatchObject({ status: 200, json: { saved: true } });
  expect((await call("GET", `/api/alerts/rules/${rule?.id}`)).json).toMatchObject({ enabled: false, version: 1 });
  for (const body of [{}, { text: 7 }, { text: "groups: 7" }, { text: YAML, keep: true }])
    expect(await call("POST", "/api/alerts/rules/import", body)).toMatchObject({ status: 400, code: "BAD_REQUEST" });
});
