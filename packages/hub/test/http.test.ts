import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { until } from "@wsight/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { ask, bearer, makeDashboard, startHub, upgrade } from "./harness.ts";

interface Operation {
  readonly path: string;
  readonly method: string;
  readonly access: string;
  readonly isUpgrade: boolean;
}

/** The tables as the hub itself describes them. */
async function readTables(hub: Awaited<ReturnType<typeof startHub>>): Promise<readonly Operation[]> {
  const { json } = await ask(hub, "/api/openapi.json", { headers: await bearer() });
  const paths = json.paths as Record<string, Record<string, Record<string, unknown>>>;
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      path,
      method: method.toUpperCase(),
      access: String(operation["x-access"]),
      isUpgrade: Object.hasOwn(operation.responses as object, "101"),
    })),
  );
}

describe("the route table", () => {
  test("holds these routes and no others, open ones being exactly those that carry no data", async () => {
    const tables = await readTables(await startHub());
    const lines = tables.map(({ method, path, access, isUpgrade }) =>
      [isUpgrade ? "UPGRADE" : method, path, access].join(" "),
    );
    expect(lines.sort()).toEqual(
      [
        "GET /healthz open",
        "GET /readyz open",
        "GET / open",
        "GET /dashboard open",
        "GET /dashboard/{path} open",
        "POST /api/session open",
        "GET /api/session user",
        "DELETE /api/session user",
        "GET /api/websocket/metrics/ viewer",
        "GET /api/websocket/metrics/history/ viewer",
        "GET /api/nodes viewer",
        "GET /api/connections viewer",
        "GET /api/connections/{service}/{instance}/{connection} viewer",
        "DELETE /api/connections/{service}/{instance}/{connection} admin",
        "GET /api/processes viewer",
        "GET /api/audit admin",
        "GET /api/doctor viewer",
        "GET /api/tests viewer",
        "POST /api/tests/server admin",
        "POST /api/tests/pool admin",
        "POST /api/tests/echo admin",
        "POST /api/tests/load admin",
        "GET /api/tests/{id} viewer",
        "DELETE /api/tests/{id} admin",
        "GET /api/tests/{id}/report viewer",
        "GET /api/dashboard/alerts admin",
        "PUT /api/dashboard/thresholds admin",
        "POST /api/alerts/rules/preview viewer",
        "POST /api/alerts/rules/{id}/test viewer",
        "GET /api/alerts/rules viewer",
        "POST /api/alerts/rules admin",
        "GET /api/alerts/rules/{id} viewer",
        "PUT /api/alerts/rules/{id} admin",
        "PATCH /api/alerts/rules/{id} admin",
        "DELETE /api/alerts/rules/{id} admin",
        "GET /api/alerts/rules/{id}/versions viewer",
        "POST /api/alerts/rules/import admin",
        "GET /api/alerts/active viewer",
        "GET /api/alerts/history viewer",
        "GET /api/alerts/episodes/{id} viewer",
        "POST /api/alerts/episodes/{id}/ack admin",
        "POST /api/alerts/episodes/{id}/unack admin",
        "POST /api/alerts/episodes/{id}/snooze admin",
        "POST /api/alerts/episodes/{id}/note admin",
        "POST /api/alerts/episodes/{id}/resolve admin",
        "GET /api/alerts/silences viewer",
        "POST /api/alerts/silences admin",
        "PUT /api/alerts/silences/{id} admin",
        "DELETE /api/alerts/silences/{id} admin",
        "GET /api/alerts/channel-types viewer",
        "GET /api/alerts/channels viewer",
        "POST /api/alerts/channels admin",
        "PUT /api/alerts/channels/{id} admin",
        "DELETE /api/alerts/channels/{id} admin",
        "POST /api/alerts/channels/{id}/test admin",
        "GET /api/alerts/routes viewer",
        "PUT /api/alerts/routes admin",
        "GET /api/alerts/inhibitions viewer",
        "PUT /api/alerts/inhibitions admin",
        "GET /api/alerts/outbox viewer",
        "POST /api/alerts/outbox/{id}/retry admin",
        "DELETE /api/alerts/outbox/{id} admin",
        "GET /api/health viewer",
        "GET /api/health/strip viewer",
        "GET /api/jobs user",
        "GET /api/jobs/estimates viewer",
        "GET /api/jobs/{queue}/{id} user",
        "GET /api/jobs/{queue}/{id}/look admin",
        "POST /api/jobs/{queue}/{id}/actions/{action} admin",
        "POST /api/jobs/events writer",
        "GET /api/queues viewer",
        "GET /api/workers viewer",
        "GET /api/dashboard/metrics admin",
        "GET /api/dashboard/metrics/history admin",
        "GET /api/dashboard/performance admin",
        "GET /api/dashboard/analytics/queues admin",
        "POST /api/dashboard/estimation/test admin",
        "GET /api/live viewer",
        "POST /api/live/{session} viewer",
        "GET /api/history/query viewer",
        "POST /api/history/queries viewer",
        "GET /api/history/series viewer",
        "GET /api/history/compare viewer",
        "POST /api/history/compare viewer",
        "GET /api/history/heatmap viewer",
        "POST /api/history/heatmap viewer",
        "GET /api/history/trend viewer",
        "POST /api/history/trend viewer",
        "GET /api/history/events viewer",
        "GET /metrics viewer",
        "GET /api/grafana/dashboard.json viewer",
        "GET /api/history/export viewer",
        "GET /api/history/storage viewer",
        "GET /prometheus/api/v1/query viewer",
        "POST /prometheus/api/v1/query viewer",
        "GET /prometheus/api/v1/query_range viewer",
        "POST /prometheus/api/v1/query_range viewer",
        "GET /prometheus/api/v1/series viewer",
        "POST /prometheus/api/v1/series viewer",
        "GET /prometheus/api/v1/labels viewer",
        "POST /prometheus/api/v1/labels viewer",
        "GET /prometheus/api/v1/label/{name}/values viewer",
        "GET /prometheus/api/v1/metadata viewer",
        "GET /prometheus/api/v1/status/buildinfo viewer",
        "GET /api/openapi.json viewer",
        "UPGRADE /ws/live viewer",
        "UPGRADE /ws/metrics viewer",
        "UPGRADE /ws/jobs user",
        "UPGRADE /ws/jobs/events writer",
        "UPGRADE /ws/probe probe",
      ].sort(),
    );
  });

  test("says in OpenAPI which statuses to expect", async () => {
    const { json } = await ask(await startHub(), "/api/openapi.json", { headers: await bearer() });
    const paths = json.paths as Record<string, Record<string, { responses: object }>>;
    const statuses = (path: string, method: string) => Object.keys(paths[path]?.[method]?.responses ?? {});
    expect(statuses("/healthz", "get")).toEqual(["200"]);
    expect(statuses("/api/session", "post")).toEqual(["200", "400", "401", "403", "429"]);
    expect(statuses("/api/session", "delete")).toContain("204");
    expect(statuses("/api/live/{session}", "post")).toEqual(["204", "400", "401", "403", "404", "429"]);
    expect(statuses("/api/connections", "get")).toEqual(["200", "400", "401", "403", "404", "429"]);
  });

  test("lets nobody past a closed route without a principal, nor with role user but to what is a user's own", async () => {
    const hub = await startHub();
    const user = await bearer("user");
    const closed = (await readTables(hub)).filter(({ access }) => access !== "open");
    expect(closed.length).toBeGreaterThan(6);
    for (const { path, method, access, isUpgrade } of closed) {
      const without = isUpgrade ? await upgrade(hub, path) : await ask(hub, path, { method });
      expect(without, `${method} ${path}`).toMatchObject({ status: 401, code: "UNAUTHENTICATED" });
      if (access === "user") continue;
      const asUser = isUpgrade ? await upgrade(hub, path, user) : await ask(hub, path, { method, headers: user });
      expect(asUser, `${method} ${path}`).toMatchObject({ status: 403, code: "FORBIDDEN" });
    }
  });

  test("never takes a token from the query string", async () => {
    const hub = await startHub();
    const token = (await bearer()).authorization.slice("Bearer ".length);
    expect((await ask(hub, `/api/nodes?token=${token}`)).status).toBe(401);
    expect(await upgrade(hub, `/ws/live?token=${token}`)).toMatchObject({ status: 401 });
  });
});

describe("answers", () => {
  test("carry the security headers, whatever they say", async () => {
    const hub = await startHub({ dashboardDir: await makeDashboard() });
    for (const path of ["/healthz", "/dashboard", "/api/nodes", "/nothing", "/dashboard/icon.svg"]) {
      const { headers } = await ask(hub, path);
      expect(headers["content-security-policy"], path).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; " +
          "connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(headers, path).toMatchObject({
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
      });
    }
  });

  test("of the API are never cached", async () => {
    const hub = await startHub();
    const { headers } = await ask(hub, "/api/nodes", { headers: await bearer() });
    expect(headers["cache-control"]).toBe("no-store");
  });

  test("say what there is not, and what a path does allow", async () => {
    const hub = await startHub();
    expect(await ask(hub, "/api/nothing")).toMatchObject({ status: 404, code: "NOT_FOUND" });
    const wrong = await ask(hub, "/api/session", { method: "PUT" });
    expect(wrong).toMatchObject({ status: 405, code: "METHOD_NOT_ALLOWED" });
    expect(wrong.headers.allow).toBe("DELETE, GET, HEAD, POST");
    expect(await upgrade(hub, "/ws/nothing", await bearer())).toMatchObject({ status: 404, code: "NOT_FOUND" });
  });

  test("to HEAD are those to GET without the body", async () => {
    const hub = await startHub();
    const get = await ask(hub, "/healthz");
    const head = await ask(hub, "/healthz", { method: "HEAD" });
    expect(head).toMatchObject({ status: 200, text: "" });
    expect(head.headers["content-length"]).toBe(get.headers["content-length"]);
  });

  test("to bodies that are too large come before all of it was sent", async () => {
    const hub = await startHub();
    const headers = { "content-type": "application/json" };
    const body = new Uint8Array(65 * 1024).fill(0x20);
    const declared = await ask(hub, "/api/session", { method: "POST", headers, body });
    expect(declared).toMatchObject({ status: 413, code: "TOO_LARGE" });
    const chunked = { ...headers, "transfer-encoding": "chunked" };
    const streamed = await ask(hub, "/api/session", { method: "POST", headers: chunked, body });
    expect(streamed).toMatchObject({ status: 413, code: "TOO_LARGE" });
  });

  test("to bodies that are no JSON say so", async () => {
    const hub = await startHub();
    const broken = { method: "POST", headers: { "content-type": "application/json" }, body: "{" };
    expect(await ask(hub, "/api/session", broken)).toMatchObject({ status: 400, code: "BAD_REQUEST" });
    // What a page of another site can send without asking first.
    const code = "the-code-of-this-test";
    const open = await startHub({ oneTimeCode: code });
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"]) {
      const form = { method: "POST", headers: { "content-type": type }, body: JSON.stringify({ code }) };
      expect(await ask(open, "/api/session", form), type).toMatchObject({ status: 400, code: "BAD_REQUEST" });
    }
  });

  test("name no other host, whatever the request target says", async () => {
    const hub = await startHub();
    for (const target of ["//evil.example/healthz", "http://evil.example/healthz", "/%zz", "*"]) {
      expect((await ask(hub, target)).status, target).toBe(404);
    }
  });
});

describe("the dashboard", () => {
  test("is served from its place, the page knowing where that is", async () => {
    const hub = await startHub({ dashboardDir: await makeDashboard() });
    expect((await ask(hub, "/")).headers.location).toBe("dashboard");
    // Relative to either address, so that it holds under a path of the application or of a proxy too.
    for (const [path, base] of [
      ["/dashboard", "dashboard/"],
      ["/dashboard/?from=mail", "./"],
    ] as const) {
      const page = await ask(hub, path);
      expect(page).toMatchObject({ status: 200 });
      expect(page.text).toContain(`<base href="${base}">`);
      expect(page.headers["cache-control"]).toBe("no-cache");
    }
  });

  test("keeps hashed files forever and others not at all", async () => {
    const hub = await startHub({ dashboardDir: await makeDashboard() });
    const script = await ask(hub, "/dashboard/assets/index-B1x_9zQk.js");
    expect(script.text).toBe("console.log(1)");
    expect(script.headers).toMatchObject({
      "cache-control": "public, max-age=31536000, immutable",
      "content-type": "text/javascript; charset=utf-8",
    });
    expect((await ask(hub, "/dashboard/icon.svg")).headers["cache-control"]).toBe("no-cache");
  });

  test("sends the compressed copy that the browser likes best", async () => {
    const hub = await startHub({ dashboardDir: await makeDashboard() });
    const get = (accepted: string) =>
      ask(hub, "/dashboard/assets/index-B1x_9zQk.js", { headers: { "accept-encoding": accepted } });
    expect(await get("gzip, deflate, br")).toMatchObject({ text: "as brotli" });
    expect(await get("gzip, br;q=0")).toMatchObject({ text: "as gzip" });
    expect((await get("gzip")).headers).toMatchObject({ "content-encoding": "gzip", vary: "Accept-Encoding" });
    expect((await get("identity")).headers["content-encoding"]).toBeUndefined();
  });

  test("never serves a file outside its directory, nor a hidden one", async () => {
    const hub = await startHub({ dashboardDir: await makeDashboard() });
    const attempts = [
      "../outside.txt",
      "..%2foutside.txt",
      "%2e%2e/outside.txt",
      "%2e%2e%2foutside.txt",
      "assets/../../outside.txt",
      "assets/..%2f..%2foutside.txt",
      "..%5coutside.txt",
      "..%255coutside.txt",
      "/etc/passwd",
      "%2fetc%2fpasswd.txt",
      ".hidden.txt",
      "assets/%00.js",
      "assets",
    ];
    for (const path of attempts) expect((await ask(hub, `/dashboard/${path}`)).status, path).toBe(404);
  });

  test("says when it was not built", async () => {
    const { status, text } = await ask(await startHub(), "/dashboard");
    expect(status).toBe(404);
    expect(text).toContain("build the dashboard first");
  });
});

describe("WebSocket metrics", () => {
  test("are the contract's summary, with and without the last slash", async () => {
    const hub = await startHub();
    const headers = await bearer();
    for (const path of ["/api/websocket/metrics/", "/api/websocket/metrics"]) {
      const { status, json } = await ask(hub, path, { headers });
      expect(status).toBe(200);
      expect(Object.keys(json)).toEqual([
        "timestamp",
        "uptime_seconds",
        "connections",
        "messages",
        "errors",
        "connection_duration",
      ]);
    }
  });

  test("of a node that is not known are not found", async () => {
    const hub = await startHub();
    const answer = await ask(hub, "/api/websocket/metrics/?node=chat/9", { headers: await bearer() });
    expect(answer).toMatchObject({ status: 404, code: "NOT_FOUND" });
    expect(answer.text).toContain("chat/9");
  });

  test.each(["0", "169", "1.5", "-1", "abc", "", "1e2", " 5"])(
    "of %j hours are refused, saying what was expected",
    async (hours) => {
      const hub = await startHub();
      const path = `/api/websocket/metrics/history/?hours=${encodeURIComponent(hours)}`;
      const answer = await ask(hub, path, { headers: await bearer() });
      expect(answer).toMatchObject({ status: 400, code: "BAD_REQUEST" });
      expect(answer.text).toContain("from 1 to 168");
    },
  );

  test("of the past are not available on a hub that keeps nothing", async () => {
    const hub = await startHub();
    const answer = await ask(hub, "/api/websocket/metrics/history/", { headers: await bearer() });
    expect(answer).toMatchObject({ status: 503, code: "STORE_UNAVAILABLE" });
  });
});

describe("slow and silent clients", () => {
  // Fifty viewers that never ended a message of 16,000 frames held 90 MB.
  test("that cut a message into hundreds of frames lose their live connection", async () => {
    const hub = await startHub();
    const { socket } = await upgrade(hub, "/ws/live", await bearer());
    const closed = new Promise((resolve) => socket?.once("close", resolve));
    for (let i = 0; i < 300; i++) socket?.send(" ", { fin: false });
    expect(await closed).toBe(1008);
  });

  test("that send half a header are cut off", async () => {
    const { SERVER_TIMEOUTS } = await import("../dist/http/server.js");
    expect(SERVER_TIMEOUTS.headersTimeout).toBeLessThanOrEqual(10_000);
    expect(SERVER_TIMEOUTS.requestTimeout).toBeLessThanOrEqual(30_000);
    expect(SERVER_TIMEOUTS.connectionsCheckingInterval).toBeLessThanOrEqual(2000);
  });

  test("are limited in number before they have said a word", async () => {
    const hub = await startHub({ maxViewers: 1 });
    let closed = 0;
    const sockets: Socket[] = [];
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    while (sockets.length < 1558) {
      const batch = Array.from({ length: 82 }, () => connect(hub.port, hub.host));
      sockets.push(...batch);
      for (const socket of batch) socket.on("error", () => {}).once("close", () => closed++);
      await Promise.all(batch.map((socket) => once(socket, "connect")));
    }
    await until(() => closed === 1558 - 1537, { what: "all but 1537 connections to be cut" });
  });
});
