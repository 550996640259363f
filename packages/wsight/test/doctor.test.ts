import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server } from "socket.io";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Monitor, monitor } from "wsight";
import { makeCertificate } from "./certificate.ts";
import { type ProxyManners, startProxy } from "./doctor-proxies.ts";
import { wsight } from "./program.ts";

const SECRET = "a-secret-for-tests-of-at-least-32-characters";

interface Check {
  readonly id: string;
  readonly state: string;
  readonly title: string;
  readonly detail: string;
  readonly fix: { readonly text: string; readonly code: string | null } | null;
}

let monitored: Monitor;
let app = "";
let hub = "";
const finals: (() => unknown)[] = [];
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  const server = createServer((_request, response) => response.writeHead(404).end("no such page"));
  const io = new Server(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  app = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  monitored = await monitor({ io, server }, { port: 0, data: null, quiet: true, secret: SECRET, mount: "/ops" });
  hub = monitored.url ?? "";
  finals.push(
    () => io.close(),
    () => monitored.close(),
  );
});

afterAll(async () => {
  for (const final of finals.splice(0).reverse()) await final();
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function doctor(url: string, env: Record<string, string> = { WSIGHT_SECRET: SECRET }) {
  const program = wsight(["doctor", "--url", url, "--json"], env, tmpdir());
  const { code } = await program.ended;
  const { checks } = JSON.parse(program.stdout()) as { checks: readonly Check[] };
  const of = (id: string): Check | undefined => checks.find((check) => check.id === id);
  return { code, checks, of, failed: checks.filter(({ state }) => state === "fail").map(({ id }) => id) };
}

async function proxied(manners: ProxyManners, to: string = hub): Promise<string> {
  const proxy = await startProxy(to, manners);
  cleanups.push(proxy.close);
  return proxy.url;
}

describe("wsight doctor", () => {
  it("finds nothing wrong with a hub, a mounted application, or the way through a good proxy", async () => {
    const mountedApp = `${app}/ops`;
    for (const url of [
      hub,
      mountedApp,
      `${mountedApp}/dashboard`,
      await proxied({}),
      `${await proxied({}, app)}/ops`,
    ]) {
      const { code, failed, of } = await doctor(url);
      expect(failed, url).toEqual([]);
      expect(code, url).toBe(0);
      expect(of("way.websocket")).toMatchObject({ state: "ok", title: "WebSockets get through" });
      expect(of("way.origin")).toMatchObject({ state: "ok" });
      expect(of("way.stream")).toMatchObject({ state: "ok" });
      expect(of("way.clock")).toMatchObject({ state: "ok" });
      expect(of("found.library")).toMatchObject({ state: "ok" });
    }
  });

  it("explains a proxy that strips Upgrade, with the lines to paste", async () => {
    const { code, of, failed } = await doctor(await proxied({ stripsUpgrade: true }));
    expect(code).toBe(1);
    expect(failed).toEqual(["way.websocket"]);
    expect(of("way.websocket")).toMatchObject({
      title: "A proxy strips Upgrade: WebSockets do not get through",
      detail: expect.stringContaining("404 instead of 101, from the hub"),
      fix: { code: expect.stringContaining("proxy_set_header Upgrade $http_upgrade;") },
    });
    expect(of("way.stream")).toMatchObject({ state: "ok" });
  });

  it("notices it without a token too", async () => {
    const { of } = await doctor(await proxied({ stripsUpgrade: true }), {});
    expect(of("way.websocket")).toMatchObject({ state: "fail" });
    expect(of("way.token")).toMatchObject({ state: "warn" });
    expect((await doctor(hub, {})).of("way.websocket")).toMatchObject({ state: "ok", title: "Upgrades get through" });
  });

  it("notices a proxy that opens WebSockets and passes nothing on, or gathers answers", async () => {
    const [mute, gathering] = await Promise.all([
      doctor(await proxied({ mute: true })),
      doctor(await proxied({ gathers: true })),
    ]);
    expect(mute.failed).toEqual(["way.websocket"]);
    expect(mute.of("way.websocket")?.title).toBe("A WebSocket opens, and nothing comes through it");
    expect(gathering.failed).toEqual(["way.stream"]);
  });

  it("notices a proxy that changes Host or Origin, and one that sets the clock wrong", async () => {
    const host = await doctor(
      await proxied({
        changes: (headers) => {
          headers.host = "localhost:1";
        },
      }),
    );
    expect(host.of("way.websocket")?.fix?.code).toBe("proxy_set_header Host $host;");
    const origin = await doctor(
      await proxied({
        changes: (headers) => {
          delete headers.origin;
        },
      }),
    );
    expect(origin.of("way.origin")).toMatchObject({ state: "fail", title: "A page of another site could connect" });
    const clock = await doctor(
      await proxied({
        changesReply: (headers) => {
          headers.date = new Date(Date.now() + 60_000).toUTCString();
        },
      }),
    );
    expect(clock.of("way.clock")?.title).toMatch(/^The clock there is (59|60|61) s ahead of this one$/);
    expect(clock.code).toBe(0);
  });

  it("looks at certificates", async () => {
    const good = await doctor(await proxied({ certificate: makeCertificate() }));
    expect(good.of("way.certificate")).toMatchObject({
      state: "warn",
      title: "Browsers will not trust the certificate",
      detail: expect.stringMatching(/SELF_SIGNED.* 36[45] more days/),
    });
    expect(good.failed).toEqual([]);
    expect(good.of("production.tls")).toMatchObject({ state: "ok" });
    const noTls = await doctor(hub.replace("http:", "https:"));
    expect(noTls.failed).toEqual(["way.tls"]);
  });

  it("tells a hub from something else, from nothing, and from a proxy with nothing behind it", async () => {
    const other = await doctor(app);
    expect(other.of("way.http")).toMatchObject({ state: "fail", title: "Something else answers" });
    const free = createTcpServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const { port } = free.address() as AddressInfo;
    free.close();
    await once(free, "close");
    const nobody = `http://127.0.0.1:${port}`;
    expect((await doctor(nobody)).failed).toEqual(["way.tcp"]);
    expect((await doctor(await proxied({}, nobody))).of("way.http")?.title).toMatch(/^A proxy answers 502/);
    const noise = createTcpServer((socket) => {
      socket.on("error", () => undefined).end("220 mail.example.org ESMTP\r\n");
    }).listen(0, "127.0.0.1");
    await once(noise, "listening");
    cleanups.push(() => noise.close());
    const mail = `http://127.0.0.1:${(noise.address() as AddressInfo).port}`;
    expect((await doctor(mail)).of("way.http")?.title).toBe("What answers does not speak HTTP");
    expect((await doctor("http://nowhere.invalid")).failed).toEqual(["way.name"]);
  });

  it("says that the path is wrong where a hub has nothing, instead of accusing a proxy", async () => {
    const { failed, of } = await doctor(`${hub}/elsewhere`);
    expect(failed).toEqual(["way.http"]);
    expect(of("way.http")).toMatchObject({
      title: "wsight answers, and has nothing at /elsewhere",
      fix: { code: `npx wsight doctor --url ${hub}` },
    });
    expect(of("way.websocket")).toBeUndefined();
  });

  it("says which name or token the hub does not take", async () => {
    const named = await doctor(hub, { WSIGHT_SECRET: "another-secret-of-at-least-32-characters" });
    expect(named.of("way.http")).toMatchObject({ fix: { code: expect.stringContaining("wsight token") } });
    const url = await proxied({
      changes: (headers) => {
        headers.host = "ops.example.org";
      },
    });
    expect((await doctor(url)).of("way.http")).toMatchObject({ fix: { code: /WSIGHT_ALLOWED_HOSTS/ } });
  });

  it("prints for people what it found, worst first in each section, and nothing a terminal would obey", async () => {
    const data = await mkdtemp(join(tmpdir(), "wsight-doctor-"));
    cleanups.push(() => rm(data, { recursive: true }));
    const own = await monitor({}, { port: 0, data, quiet: true, service: "shop" });
    cleanups.push(() => own.close());
    const program = wsight(["doctor", "--url", own.url ?? "", "--data", data]);
    const { code } = await program.ended;
    expect(program.stdout()).toMatch(
      /The way there\n {2}✓[\s\S]*What was found\n[\s\S]*What is missing\n {2}! shop\/\S+ has nothing to watch\n[\s\S]*await monitor\(\{ io, wss \}[\s\S]*Before others come\n/,
    );
    expect(program.stdout()).toMatch(/\n0 failed, \d+ to look at, \d+ good\n$/);
    expect(code).toBe(0);
  });

  it("ends with status 2 when it is asked wrongly", async () => {
    for (const args of [
      ["--url", "nowhere"],
      ["--json=yes"],
      ["--nothing", "1"],
      ["--data", "/nonexistent/of/nobody"],
    ]) {
      const url = args[0] === "--data" ? ["--url", hub] : [];
      const program = wsight(["doctor", ...args, ...url]);
      expect((await program.ended).code, args.join(" ")).toBe(2);
    }
  });
});
