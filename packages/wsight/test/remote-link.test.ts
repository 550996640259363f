import { connect, createServer, type Socket } from "node:net";
import { createHub, type Hub, type Role, signToken } from "@wsight/hub";
import { createProbe, createRemoteLink, type Probe, type RemoteLink } from "@wsight/probe";
import { until } from "@wsight/testkit";
import { expect, onTestFinished, test } from "vitest";

const SECRET = "a-secret-for-tests-of-at-least-32-characters";
const FAST = { connectMs: 500, beatMs: 100, firstWaitMs: 10, longestWaitMs: 50, refusedWaitMs: 5000, stoodMs: 10_000 };

async function startHub(port = 0): Promise<Hub> {
  const hub = await createHub({ port, dataDir: null, secret: SECRET, env: {}, dashboardDir: "/nonexistent" });
  onTestFinished(() => hub.close());
  return hub;
}

function sign(role: Role, sub: string): Promise<string> {
  return signToken({ sub, role, ttlMs: 600_000 }, SECRET);
}

function startProbe(url: string, token: Promise<string>, service = "chat"): { probe: Probe; link: RemoteLink } {
  const probe = createProbe({ service, instance: "one", intervalMs: 100 });
  const link = createRemoteLink({ url, token: () => token, timing: FAST });
  probe.connect(link);
  onTestFinished(() => probe.close());
  return { probe, link };
}

async function read(hub: Hub, path: string): Promise<Record<string, unknown>> {
  const reply = await fetch(hub.url + path, { headers: { authorization: `Bearer ${await sign("viewer", "reader")}` } });
  return (await reply.json()) as Record<string, unknown>;
}

async function created(hub: Hub): Promise<number> {
  const { connections } = (await read(hub, "/api/websocket/metrics/")) as { connections: { created: number } };
  return connections.created;
}

async function node(hub: Hub): Promise<Record<string, unknown> | undefined> {
  return ((await read(hub, "/api/nodes")) as { nodes: Record<string, unknown>[] }).nodes[0];
}

/** A way to a hub that can be held up without closing anything. */
async function road(hub: Hub): Promise<{ readonly url: string; open: boolean }> {
  const way = { url: "", open: true };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const behind = connect(hub.port, hub.host);
    for (const [from, to] of [
      [socket, behind],
      [behind, socket],
    ] as const) {
      sockets.add(from);
      from.on("error", () => {});
      from.on("data", (data) => way.open && to.write(data));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  way.url = `ws://127.0.0.1:${(server.address() as { port: number }).port}`;
  return way;
}

const wholeTruth = { timeoutMs: 8000, what: "all that was counted" };

test("after the network was gone for a while, totals are the truth and the gap is told as a gap", async () => {
  const hub = await startHub();
  const way = await road(hub);
  const { probe, link } = startProbe(way.url, sign("probe", "chat"));
  let opened = 0;
  const open = (count: number): void => {
    for (let i = 0; i < count; i++) probe.trackConnectionOpened({ connectionId: `c${opened++}` });
  };
  open(7);
  await until(async () => (await created(hub)) === 7, wholeTruth);
  for (let round = 1; round <= 2; round++) {
    way.open = false;
    open(100);
    await until(() => link.state.lastError !== null && link.state.phase !== "open", { what: "the loss" });
    const { uptime_seconds } = probe.getSummary();
    await until(() => probe.getSummary().uptime_seconds > uptime_seconds + 1, { what: "ten more intervals" });
    open(20);
    way.open = true;
    await until(() => link.reconnects() === round, { what: "the way back" });
    open(3);
    await until(async () => (await created(hub)) === opened, wholeTruth);
  }
  expect(await node(hub)).toMatchObject({ node: "chat/one", state: "live", restarts: 0 });
  expect(Number((await node(hub))?.lost)).toBeGreaterThan(10);
  probe.close();
  await until(async () => (await node(hub))?.state === "gone", { what: "the goodbye to arrive" });
});

test("a hub that was replaced goes on counting where it begins, once", async () => {
  const first = await startHub();
  const { probe, link } = startProbe(`ws://127.0.0.1:${first.port}`, sign("probe", "chat"));
  for (let i = 0; i < 10; i++) probe.trackConnectionOpened({ connectionId: `a${i}` });
  await until(async () => (await created(first)) === 10, wholeTruth);
  const { hubStartedAt } = link.state;
  await first.close();
  await until(() => link.state.phase !== "open", { what: "the loss" });
  const second = await startHub(first.port);
  await until(async () => (await node(second))?.state === "live", { what: "the probe" });
  await until(() => link.state.hubStartedAt !== hubStartedAt, { what: "the welcome of another hub" });
  const seen = await created(second);
  expect(seen).toBeLessThanOrEqual(10);
  for (let i = 0; i < 5; i++) probe.trackConnectionOpened({ connectionId: `b${i}` });
  await until(async () => (await created(second)) === seen + 5, wholeTruth);
  expect(link.reconnects()).toBe(1);
});

test("a probe without the right token hears why, and does not press", async () => {
  const hub = await startHub();
  const url = `ws://127.0.0.1:${hub.port}`;
  const refused = async (token: Promise<string>): Promise<string> => {
    const { link } = startProbe(url, token);
    await until(() => link.state.phase === "waiting", { what: "the refusal" });
    expect(link.state.retryInMs).toBeGreaterThanOrEqual(5000);
    return String(link.state.lastError);
  };
  expect(await refused(sign("viewer", "chat"))).toContain("403: Role probe is needed, this principal has role viewer");
  expect(await refused(sign("admin", "chat"))).toContain("403: Role probe is needed, this principal has role admin");
  expect(await refused(Promise.resolve("made.up.token"))).toContain("401: The token is not valid");
  expect(await refused(sign("probe", "shop"))).toContain(
    "1008 hello: expected service shop, as its token says, got chat",
  );
});

test("a path that leads nowhere is said", async () => {
  const hub = await startHub();
  const { link } = startProbe(`ws://127.0.0.1:${hub.port}/monitoring/`, sign("probe", "chat"));
  await until(() => link.state.phase === "waiting", { what: "the refusal" });
  expect(link.state.lastError).toContain("the hub answers 404");
});
