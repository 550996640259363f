import { once } from "node:events";
import { until } from "@wsight/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { type Monitor, type MonitorOptions, monitor } from "wsight";
import { APPS, type App } from "./mount-apps.ts";
import { ask, dial, exchange, signInAt, view } from "./mount-client.ts";

const OPTIONS = { port: 0, data: null, quiet: true } as const;
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function mounted(start: () => Promise<App>, mount: string, options: MonitorOptions = {}) {
  const app = await start();
  cleanups.push(() => app.close());
  const monitored: Monitor = await monitor({ server: app.target }, { ...OPTIONS, mount, ...options });
  cleanups.push(() => monitored.close());
  return { app, monitored, place: `${app.url}${mount === "/" ? "" : mount}` };
}

const get = (path: string, headers = ""): string =>
  `GET ${path} HTTP/1.1\r\nhost: localhost\r\n${headers}connection: close\r\n\r\n`;

describe.each(APPS)("mounted on $name", ({ start }) => {
  describe.each(["/", "/ops"])("at %s", (mount) => {
    it("shows the page with its files, signs in and out, and answers the API", async () => {
      const { place, monitored } = await mounted(start, mount);
      expect(monitored.mountedUrl).toBe(`${place.replace("127.0.0.1", "localhost")}/dashboard`);
      for (const page of [`${place}/dashboard`, `${place}/dashboard/`, `${place}/dashboard?from=mail`]) {
        const { status, text } = await ask(page);
        expect(status, page).toBe(200);
        const base = new URL(/<base href="([^"]*)"/.exec(text)?.[1] ?? "", page);
        expect(base.href).toBe(`${place}/dashboard/`);
        const script = new URL(/<script [^>]*src="([^"]+)"/.exec(text)?.[1] ?? "", base);
        expect(await ask(script.href)).toMatchObject({
          status: 200,
          headers: { "content-type": "text/javascript; charset=utf-8" },
        });
        expect(new URL("../ws/live", base).pathname).toBe(new URL(`${place}/ws/live`).pathname);
      }
      expect((await ask(`${place}/api/nodes`)).status).toBe(401);
      const cookie = await signInAt(place, monitored.link ?? "");
      expect(JSON.parse((await ask(`${place}/api/nodes`, { headers: { cookie } })).text)).toMatchObject({
        nodes: [{ state: "live" }],
      });
      // What the page asks for stands below it, so that an application keeps its own `/api/jobs`.
      for (const path of ["jobs", "alerts/active", "health"]) {
        expect((await ask(`${place}/dashboard/api/${path}`)).status, path).toBe(401);
        expect((await ask(`${place}/dashboard/api/${path}`, { headers: { cookie } })).status, path).toBe(200);
        const theirs = await ask(`${place}/api/${path}`, { headers: { cookie } });
        expect(theirs.headers["cross-origin-opener-policy"], path).toBeUndefined();
      }
      const headers = { cookie, origin: new URL(place).origin };
      expect((await ask(`${place}/api/session`, { method: "DELETE", headers })).status).toBe(204);
      expect((await ask(`${place}/api/session`, { headers: { cookie } })).status).toBe(401);
    });

    it("streams live figures over a WebSocket, also when the application has none", async () => {
      const { app, place, monitored } = await mounted(start, mount);
      expect(app.server.listenerCount("upgrade")).toBe(0);
      const live = await view(place, await signInAt(place, monitored.link ?? ""));
      await until(() => live.ticks() >= 3, { what: "three ticks" });
      live.socket.close();
      expect((await once(live.socket, "close"))[0]).toBe(1005);
    });

    it("streams live figures as server-sent events as they come", async () => {
      const { place, monitored } = await mounted(start, mount);
      const cookie = await signInAt(place, monitored.link ?? "");
      const socket = await dial(place);
      let text = "";
      socket.on("data", (part) => {
        text += part;
      });
      const { pathname } = new URL(`${place}/api/live`);
      socket.write(`GET ${pathname} HTTP/1.1\r\nhost: localhost\r\ncookie: ${cookie}\r\n\r\n`);
      await until(() => /content-type: text\/event-stream[\s\S]*\r\n\r\n[\s\S]*data:/i.test(text), {
        what: "first words",
      });
      socket.destroy();
    });

    it("holds a page of another site and a made-up host off, as the hub itself does", async () => {
      const { place, monitored } = await mounted(start, mount);
      const cookie = await signInAt(place, monitored.link ?? "");
      const evil = { origin: "https://evil.example", cookie };
      expect((await ask(`${place}/api/session`, { method: "DELETE", headers: evil })).text).toContain("BAD_ORIGIN");
      await expect(view(place, cookie).then(({ socket }) => socket.close())).resolves.toBeUndefined();
      expect((await ask(`${place}/api/nodes`, { headers: { host: "evil.example" } })).text).toContain("BAD_HOST");
      // An address names the application itself; only a name can be pointed somewhere else.
      expect((await ask(`${place}/api/nodes`, { headers: { host: "192.0.2.7:8080" } })).text).not.toContain("BAD_HOST");
      const path = `${mount === "/" ? "" : mount}/ws/live`;
      const upgrade = `upgrade: websocket\r\nconnection: upgrade\r\norigin: https://evil.example\r\ncookie: ${cookie}\r\n`;
      const refused = await exchange(place, `GET ${path} HTTP/1.1\r\nhost: localhost\r\n${upgrade}\r\n`);
      expect(refused).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n[\s\S]*BAD_ORIGIN/);
    });

    it("leaves every other request to the application", async () => {
      const { app } = await mounted(start, mount);
      const body = new Uint8Array(300_000).fill(7);
      const expecting = { expect: "100-continue", "content-length": String(body.length) };
      expect(await ask(`${app.url}/api/users`)).toMatchObject({
        status: 200,
        headers: { "x-app": "yes" },
        text: '{"users":["ada","grace"]}',
      });
      expect((await ask(`${app.url}/dashboards`)).text).toBe('{"mine":true}');
      const type = { "content-type": "application/octet-stream" };
      for (const headers of [type, { ...type, ...expecting }])
        expect((await ask(`${app.url}/upload`, { method: "POST", headers, body })).text).toBe('{"bytes":300000}');
    });
  });

  it("changes no byte of what the application answers, and nothing of its server once closed", async () => {
    const app = await start();
    cleanups.push(() => app.close());
    const requests = [
      get("/api/users"),
      get("/nothing"),
      get("/api/users/dashboard"),
      get("/DASHBOARD"),
      get("/dashboard-of-mine"),
      "GET /ws/chat HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade, close\r\n\r\n",
      "POST /api/users HTTP/1.1\r\nhost: localhost\r\nupgrade: h2c\r\nconnection: upgrade, close\r\ncontent-length: 2\r\n\r\nhi",
      `${get("/api/users").replace("connection: close", "x: y")}${get("/nothing")}`,
      "nonsense\r\n\r\n",
    ];
    const answers = async (): Promise<string[]> => {
      const all: string[] = [];
      for (const request of requests) all.push(await exchange(app.url, request));
      return all;
    };
    const shape = (): unknown => [
      Object.getOwnPropertyDescriptors(app.server).emit,
      Object.getOwnPropertyDescriptors(app.server).listenerCount,
      Object.getOwnPropertySymbols(app.server).length,
      app.server.eventNames().map((name) => [name, app.server.listeners(name)]),
    ];
    const [before, shapeBefore] = [await answers(), shape()];
    const monitored = await monitor({ server: app.target }, { ...OPTIONS, mount: "/" });
    expect(await answers()).toEqual(before);
    expect(await ask(`${app.url}/dashboard`)).toMatchObject({ status: 200 });
    await monitored.close();
    expect(await answers()).toEqual(before);
    expect(shape()).toEqual(shapeBefore);
    expect((await ask(`${app.url}/dashboard`)).status).toBe(404);
  });

  it("keeps the order of requests that come in one go", async () => {
    const { app } = await mounted(start, "/");
    const line = (path: string, last = false): string =>
      `GET ${path} HTTP/1.1\r\nhost: localhost\r\n${last ? "connection: close\r\n" : ""}\r\n`;
    const socket = await dial(app.url);
    let text = "";
    socket.on("data", (part) => {
      text += part;
    });
    socket.write(line("/api/users") + line("/api/nodes") + line("/dashboards") + line("/api/session", true));
    await once(socket, "close");
    expect(text.match(/\{"(users|error|mine)"/g)).toEqual(['{"users"', '{"error"', '{"mine"', '{"error"']);
  });
});
