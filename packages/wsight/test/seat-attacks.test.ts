import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@wsight/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Monitor, type MonitorOptions, monitor } from "wsight";
import { startHostileHub } from "./hostile-hub.ts";
import { ask } from "./mount-client.ts";
import { freePort, startSeat } from "./seat-processes.ts";

const TOKEN = "eyJhbGciOiJub25lIn0.e30.made_elsewhere";

async function start(options: MonitorOptions, targets: object = {}): Promise<Monitor> {
  const monitored = await monitor(targets, { data: null, quiet: true, ...options });
  onTestFinished(() => monitored.close());
  return monitored;
}

async function makeDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "wsight-attack-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Passes every byte on, as somebody who wants a hub to speak for him would. Answers its port. */
async function relay(to: { readonly host: string; readonly port: number }, port = 0): Promise<number> {
  const server = createServer((client) => {
    const hub = connect(to);
    for (const socket of [client, hub]) socket.on("error", () => undefined).on("close", () => hub.destroy());
    hub.on("close", () => client.destroy());
    client.pipe(hub).pipe(client);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe("a process of somebody else that has the hub's port", () => {
  it("is told nothing but that somebody knocked", async () => {
    const hostile = await startHostileHub();
    await expect(start({ port: hostile.port })).rejects.toMatchObject({
      code: "LISTEN_FAILED",
      message: expect.stringContaining("can't prove that it is a hub of this user"),
    });
    expect(hostile.requests).toHaveLength(1);
    expect(hostile.told).toEqual([]);
  });

  it("can't have a hub elsewhere speak for it", async () => {
    const hub = await start({ port: 0 });
    const port = await relay({ host: "127.0.0.1", port: Number(new URL(hub.url ?? "").port) });
    await expect(start({ port })).rejects.toMatchObject({ code: "LISTEN_FAILED" });
    const other = await start({ port: 0, host: "127.0.0.2" });
    const same = Number(new URL(other.url ?? "").port);
    await relay({ host: "127.0.0.2", port: same }, same);
    await expect(start({ port: same })).rejects.toMatchObject({
      message: expect.stringContaining("can't prove that it is a hub of this user"),
    });
  });

  it("gets neither figures nor requests of a mount when it takes the place of a hub that died", async () => {
    const port = await freePort();
    const [hub, heir] = [await startSeat({ PORT: String(port) }), await startSeat({ PORT: String(port) })];
    onTestFinished(() => heir.kill());
    const app = createHttpServer((_request, response) => response.end("mine"));
    app.listen(0, "127.0.0.1");
    await once(app, "listening");
    onTestFinished(() => void app.close().closeAllConnections());
    const url = `http://127.0.0.1:${(app.address() as AddressInfo).port}`;
    await start({ port, onError: () => undefined }, { server: app });
    expect((await ask(`${url}/dashboard`)).status).toBe(200);
    // The heir would be quicker.
    heir.child.kill("SIGSTOP");
    await hub.kill();
    const { requests, told } = await until(() => startHostileHub(undefined, { port }), { what: "the port" });
    await until(() => requests.length > 0, { what: "a knock" });
    expect((await ask(`${url}/dashboard`, { headers: { cookie: "app=secret" } })).status).toBe(503);
    expect(told).toEqual([]);
    expect(requests.filter((request) => request.url !== "/ws/probe")).toEqual([]);
  });

  it("names no directory to go on in, also to a process that was given a token for it", async () => {
    const [own, evil] = [await makeDir(), await makeDir()];
    await writeFile(join(evil, "secret"), "a-secret-that-somebody-else-knows-well");
    const hostile = await startHostileHub(undefined, { welcome: { heir: true, dataDir: evil } });
    await start({ port: hostile.port, token: TOKEN, data: own, onError: () => undefined });
    hostile.close();
    await until(async () => (await readdir(own)).includes("secret"), { what: "the member to take its place" });
    expect(await readdir(evil)).toEqual(["secret"]);
  });
});
