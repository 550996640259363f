import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hub } from "@wsight/hub";
import { createHub } from "@wsight/hub";
import { HISTORY_TIERS } from "@wsight/protocol";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ask, bearer, post, SECRET } from "./harness.ts";
import { createSmallProbe } from "./small-probe.ts";

const METRIC = "websocket.server.active_connections";
let dataDir = "";
let hub: Hub;
let headers: Record<string, string> = {};

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "wsight-history-http-"));
  hub = await createHub({ port: 0, dataDir, secret: SECRET, env: {}, dashboardDir: "/nonexistent" });
  headers = { ...(await bearer("viewer")) };
  const probe = createSmallProbe();
  const link = hub.openLink(() => {});
  for (const message of probe.greeting) link.receive(message);
  let opened = 0;
  await vi.waitFor(
    async () => {
      opened += 5;
      link.receive(probe.snapshot(opened, 7));
      const { json } = await ask(hub, `/api/history/query?metric=${METRIC}&agg=last&from=1m`, { headers });
      expect((json as { results: { lines: unknown[] }[] }).results[0]?.lines).toHaveLength(1);
    },
    { timeout: 20_000, interval: 500 },
  );
});
afterAll(async () => {
  await hub.close();
  await rm(dataDir, { recursive: true, force: true });
});

describe("history over HTTP", () => {
  it("answers one selector from the address", async () => {
    const { status, json } = await ask(hub, `/api/history/query?metric=${METRIC}&agg=last&from=1m&step=1s&by=node`, {
      headers,
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({ stepMs: 1_000, resolutionMs: HISTORY_TIERS[0]?.stepMs });
    const { results } = json as { results: { unit: string; lines: { labels: unknown; whole: number }[] }[] };
    expect(results[0]).toMatchObject({ unit: "{connection}", lines: [{ labels: { node: "chat/a" }, whole: 7 }] });
  });

  it("answers several selectors on the same intervals from a body", async () => {
    const now = Date.now();
    const selectors = ["last", "mean", "max"].map((agg) => ({ metric: METRIC, agg }));
    const { status, json } = await post(
      hub,
      "/api/history/queries",
      { fromAt: now - 60_000, toAt: now, selectors },
      headers,
    );
    expect(status).toBe(200);
    expect((json as { results: unknown[] }).results).toHaveLength(3);
  });

  it("tells series, comparisons, heatmaps, trends and events", async () => {
    const get = async (path: string) => (await ask(hub, `/api/history/${path}`, { headers })).json;
    expect(await get("series?limit=1")).toMatchObject({ matched: 2, next: expect.any(String) });
    expect(await get(`compare?metric=${METRIC}&agg=mean&from=1m&against=hour`)).toMatchObject({
      results: [{ lines: [{ a: 7, b: null, usual: { state: "no-data" } }] }],
    });
    expect(await get("heatmap?metric=websocket.server.rtt&from=1m")).toMatchObject({ bounds: [], count: 0 });
    expect(await get(`trend?metric=${METRIC}&agg=mean&from=1m&step=1s`)).toMatchObject({ lines: [{ labels: {} }] });
    expect(await get("events?from=1h&kinds=error,node.started")).toMatchObject({ events: expect.any(Array) });
  });

  it("describes all of it as OpenAPI", async () => {
    const { json } = await ask(hub, "/api/openapi.json", { headers });
    const paths = Object.keys(json.paths as object);
    for (const path of ["query", "queries", "series", "compare", "heatmap", "trend", "events"]) {
      expect(paths).toContain(`/api/history/${path}`);
    }
  });

  it.each([
    ["query?agg=last", "metric: expected a metric of the catalogue, got undefined"],
    [`query?metric=${METRIC}&agg=p99`, `agg of ${METRIC}: expected one of mean, min, max, sum, last, got "p99"`],
    [`query?metric=${METRIC}&agg=last&from=now&to=1h`, "toAt: expected a time after fromAt"],
    [`query?metric=${METRIC}&agg=last&from=soon`, "from: expected a time like"],
    [`query?metric=${METRIC}&agg=last&step=0.5s`, "step: expected a time like 10s, 5m or 1h, or ms"],
    [`query?metric=${METRIC}&agg=last&step=1500`, "stepMs: expected a whole number of seconds, in ms"],
    [`query?metric=${METRIC}&agg=last&from=30d&step=1s`, "stepMs: expected at least 2"],
    [`query?metric=${METRIC}&agg=last&by=user`, `by of ${METRIC}: expected one of`],
    [`query?metric=${METRIC}&agg=last&where=transport`, "where: expected attribute=value"],
    [`query?metric=${METRIC}&agg=last&where=user=1`, `where of ${METRIC}: expected attributes`],
    [`query?metric=${METRIC}&agg=last&top=501`, "top: expected a number from 1 to 500"],
    [`heatmap?metric=${METRIC}`, "metric: expected one of kind histogram"],
    [`trend?metric=${METRIC}&agg=mean&limit=much`, "limit: expected a number"],
    [`compare?metric=${METRIC}&agg=mean&against=never`, "against: expected a time like"],
    ["series?after=x", "after: expected what `next` of a page before said"],
    ["events?kinds=error,party", "kinds: expected some of"],
  ])("refuses %s and says what it takes", async (path, message) => {
    const { status, code, json } = await ask(hub, `/api/history/${path}`, { headers });
    expect([status, code]).toEqual([400, "BAD_REQUEST"]);
    expect((json.error as { message: string }).message).toContain(message);
  });

  it("is for viewers only", async () => {
    expect((await ask(hub, "/api/history/series")).status).toBe(401);
    expect((await ask(hub, "/api/history/series", { headers: await bearer("user") })).status).toBe(403);
  });
});
