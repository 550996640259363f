import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { DoctorCheck, DoctorState } from "@wsight/protocol";
import { afterEach, describe, expect, it } from "vitest";
import { checkBrowser } from "../src/pages/setup/browser-checks.ts";
import { fetchReport } from "../src/pages/setup/report-source.ts";
import { arrangeChecks, countState } from "../src/pages/setup/sections.ts";

const HERE = { transport: "websocket", protocol: "http:", hostname: "127.0.0.1", port: "4780", clock: null };

function check(area: DoctorCheck["area"], state: DoctorState, title: string): DoctorCheck {
  return { id: `${area}.${title}`, area, state, title, detail: "", fix: null, node: null };
}

describe("checks", () => {
  it("stand in sections, worst section and worst check first", () => {
    const sections = arrangeChecks(
      [
        check("found", "ok", "a"),
        check("missing", "warn", "b"),
        check("missing", "fail", "c"),
        check("empty", "info", "d"),
      ],
      [check("production", "warn", "e")],
    );
    expect(sections.map(({ id, worst }) => [id, worst])).toEqual([
      ["missing", "fail"],
      ["page", "warn"],
      ["empty", "info"],
      ["found", "ok"],
    ]);
    expect(sections[0]?.checks.map(({ title }) => title)).toEqual(["c", "b"]);
    expect(
      countState(
        sections.flatMap(({ checks }) => checks),
        "warn",
      ),
    ).toBe(2);
  });
});

describe("what only the browser knows", () => {
  const states = (facts: Partial<Parameters<typeof checkBrowser>[0]>) =>
    Object.fromEntries(checkBrowser({ ...HERE, ...facts }).map(({ id, state }) => [id, state]));

  it("is well on this machine over a WebSocket", () => {
    expect(states({})).toEqual({ "page.transport": "ok" });
  });

  it("tells of a proxy that strips Upgrade, with lines for it", () => {
    const [found] = checkBrowser({ ...HERE, transport: "sse" });
    expect(found?.state).toBe("warn");
    expect(found?.fix?.code).toContain("proxy_set_header Upgrade $http_upgrade;");
  });

  it("tells of plain http from elsewhere, and not of loopback or TLS", () => {
    expect(states({ hostname: "10.0.0.7" })).toMatchObject({ "page.tls": "warn" });
    expect(states({ hostname: "10.0.0.7", protocol: "https:" })).not.toHaveProperty("page.tls");
    for (const hostname of ["localhost", "app.localhost", "127.8.9.1", "[::1]"])
      expect(states({ hostname })).not.toHaveProperty("page.tls");
    expect(states({ hostname: "localhost.example.com" })).toMatchObject({ "page.tls": "warn" });
  });

  it("tells of clocks that differ by more than the question itself took", () => {
    expect(states({ clock: { differenceMs: -9000, errorMs: 20 } })).toMatchObject({ "page.clock": "warn" });
    expect(states({ clock: { differenceMs: 9000, errorMs: 8000 } })).toMatchObject({ "page.clock": "ok" });
  });
});

describe("asking the hub", () => {
  let server: Server;
  afterEach(() => server.close());

  async function listen(reply: (url: string) => { status: number; body: unknown }): Promise<URL> {
    server = createServer((request, response) => {
      const { status, body } = reply(request.url ?? "");
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mount/dashboard`);
  }
  const parts = (now: () => number) => ({ fetch, now, signal: new AbortController().signal });

  it("finds the report beside the page, and the difference of the clocks with its error", async () => {
    const base = await listen((url) => ({
      status: url === "/mount/api/doctor" ? 200 : 404,
      body: { at: 5_100, checks: [check("found", "ok", "ws")] },
    }));
    const times = [1000, 1200];
    const dated = await fetchReport(
      base,
      parts(() => times.shift() ?? 0),
    );
    expect(dated).toMatchObject({ cameAt: 1200, clockMs: 4000, clockErrorMs: 100 });
    expect(dated.report.checks[0]?.title).toBe("ws");
  });

  it("says what the hub said when it refuses, and when the answer makes no sense", async () => {
    const refusing = await listen(() => ({ status: 403, body: { error: { code: "FORBIDDEN", message: "No" } } }));
    await expect(fetchReport(refusing, parts(Date.now))).rejects.toMatchObject({ code: "FORBIDDEN" });
    server.close();
    const odd = await listen(() => ({ status: 200, body: { at: "soon" } }));
    await expect(fetchReport(odd, parts(Date.now))).rejects.toMatchObject({ code: "BAD_REQUEST" });
  });
});
