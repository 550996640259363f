import type { Hub } from "@wsight/hub";
import { until } from "@wsight/testkit";
import { beforeEach, describe, expect, test } from "vitest";
import { ask, bearer, makeDir, post, signIn, startHub } from "./harness.ts";
import { Reporter } from "./reporter.ts";

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const API = "/prometheus/api/v1";

interface Reply {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

/** As Grafana sends queries: a form by POST, with a token of a viewer. */
async function send(hub: Hub, path: string, fields: Record<string, string>): Promise<Reply> {
  const headers = { ...FORM, ...(await bearer()) };
  return ask(hub, `${API}/${path}`, { method: "POST", headers, body: new URLSearchParams(fields).toString() });
}

async function get(hub: Hub, path: string): Promise<Reply> {
  return ask(hub, `${API}/${path}`, { headers: await bearer() });
}

function resultOf({ json }: Reply): readonly { metric: Record<string, string>; value: [number, string] }[] {
  return (json.data as { result: [] } | undefined)?.result ?? [];
}

describe("the Prometheus API of a hub", () => {
  let hub: Hub;
  let startedAt: number;

  beforeEach(async () => {
    startedAt = Date.now() / 1000;
    hub = await startHub({ dataDir: await makeDir() });
    new Reporter(hub, "chat", "a").run();
    new Reporter(hub, "mail", "b").run();
    const open = "sum(websocket_server_active_connections)";
    await until(async () => resultOf(await send(hub, "query", { query: open }))[0]?.value[1] === "24", {
      timeoutMs: 15_000,
      what: "two processes in history",
    });
  });

  test("answers what Grafana asks", { timeout: 40_000 }, async () => {
    // Save & test.
    const { status, json } = await send(hub, "query", { query: "1+1", time: "1700000000" });
    expect(status).toBe(200);
    expect(json).toEqual({ status: "success", data: { resultType: "scalar", result: [1_700_000_000, "2"] } });
    const { json: build } = await get(hub, "status/buildinfo");
    expect(build).toMatchObject({ status: "success", data: { version: expect.stringMatching(/^2\./) } });

    // Variables.
    const start = String(startedAt - 60);
    const end = String(Date.now() / 1000 + 60);
    const time = `start=${start}&end=${end}`;
    const match = encodeURIComponent('process_uptime_seconds{service=~"chat"}');
    const services = await get(hub, `label/service/values?${time}&match[]=process_uptime_seconds`);
    expect(services.json).toEqual({ status: "success", data: ["chat", "mail"] });
    expect((await get(hub, `label/node/values?${time}&match[]=${match}`)).json.data).toEqual(["chat/a"]);
    expect((await get(hub, `label/__name__/values?${time}`)).json.data).toContain(
      "websocket_server_rtt_seconds_bucket",
    );

    // The query editor.
    expect((await send(hub, "labels", { start, end })).json.data).toEqual(
      expect.arrayContaining(["__name__", "le", "node", "service", "ws_library", "ws_server"]),
    );
    const series = { "match[]": '{__name__="process_uptime_seconds",node="mail/b"}', start, end };
    const expected = [{ __name__: "process_uptime_seconds", node: "mail/b", service: "mail" }];
    expect((await send(hub, "series", series)).json).toEqual({ status: "success", data: expected });
    const { json: metadata } = await get(hub, "metadata?metric=websocket_server_connections_total");
    expect(metadata.data).toEqual({
      websocket_server_connections_total: [{ type: "counter", help: "Connections opened", unit: "" }],
    });

    // A panel.
    const range = { query: "sum by (service) (websocket_server_active_connections)", start, end, step: "1" };
    const panel = await send(hub, "query_range", range);
    const lines = (panel.json.data as { result: { metric: unknown; values: [number, string][] }[] }).result;
    expect(panel.json).toMatchObject({ status: "success", data: { resultType: "matrix" } });
    expect(lines.map(({ metric }) => metric)).toEqual([{ service: "chat" }, { service: "mail" }]);
    expect(lines.every(({ values }) => values.length > 0 && values.every(([, value]) => value === "12"))).toBe(true);
  });

  test("refuses in Prometheus' form, with its statuses", { timeout: 40_000 }, async () => {
    for (const [path, fields, error] of [
      ["query", { query: "sum(" }, 'invalid parameter "query": 1:5: parse error: unexpected end of input'],
      ["query", { query: "1", time: "soon" }, 'invalid parameter "time": cannot parse "soon" to a valid timestamp'],
      ["query_range", { query: "1", start: "2", end: "1", step: "1" }, "end timestamp must not be before start time"],
      ["query_range", { query: "1", start: "1", end: "2", step: "0" }, "zero or negative query resolution step"],
      ["query_range", { query: "1", start: "1", end: "2" }, 'invalid parameter "step"'],
      ["series", {}, "no match[] parameter provided"],
    ] as const) {
      const { status, json } = await send(hub, path, fields as Record<string, string>);
      expect([status, json.status, json.errorType]).toEqual([400, "error", "bad_data"]);
      expect(json.error).toContain(error);
    }
    expect((await get(hub, "label/no-label/values")).json.error).toBe('invalid label name: "no-label"');
  });

  test("wants a viewer, a form, and a page of its own where a cookie is shown", { timeout: 40_000 }, async () => {
    const body = "query=1";
    expect((await ask(hub, `${API}/query?query=1`)).status).toBe(401);
    const wrong = await ask(hub, `${API}/query?query=1`, { headers: await bearer("user") });
    expect(wrong.status).toBe(403);
    expect((await post(hub, `${API}/query`, { query: "1" }, await bearer())).status).toBe(400);
    const { authorization } = await bearer();
    const cookie = await signIn(hub, { token: authorization.slice("Bearer ".length) });
    expect((await ask(hub, `${API}/query`, { method: "POST", headers: { ...FORM, ...cookie }, body })).status).toBe(
      403,
    );
    const own = { ...FORM, ...cookie, "sec-fetch-site": "same-origin" };
    expect((await ask(hub, `${API}/query`, { method: "POST", headers: own, body })).status).toBe(200);
    const dashboard = await ask(hub, "/api/grafana/dashboard.json", { headers: await bearer() });
    expect(dashboard.json).toMatchObject({ uid: "wsight" });
  });
});

test("without a store there is an answer, too", async () => {
  const hub = await startHub();
  const { status, json } = await send(hub, "query", { query: "up" });
  expect([status, json.status, json.errorType]).toEqual([503, "error", "unavailable"]);
  expect(json.error).toContain("keeps no history");
});
