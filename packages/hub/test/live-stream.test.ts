import { type Hub, signToken } from "@wsight/hub";
import { until } from "@wsight/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { ask, bearer, post, SECRET, signIn, startHub, upgrade } from "./harness.ts";
import { StreamClient } from "./live-clients.ts";
import { createSmallProbe } from "./small-probe.ts";

const PATH = "/api/live";
const GAUGE = { metric: "websocket.server.active_connections", agg: "last" } as const;

async function stream(hub: Hub, headers: Record<string, string>): Promise<StreamClient> {
  const client = new StreamClient(`http://${hub.host}:${hub.port}${PATH}`, headers);
  onTestFinished(() => client.terminate());
  await client.text("welcome");
  return client;
}

/** What somebody is told who says something to a live session. */
function say(hub: Hub, session: string, headers: Record<string, string>): ReturnType<typeof post> {
  return post(hub, `${PATH}/${session}`, { type: "ping", sentAt: 1 }, headers);
}

describe("a live session over server-sent events", () => {
  test("brings the second that a WebSocket brings, byte for byte", async () => {
    const hub = await startHub();
    const probe = createSmallProbe();
    const link = hub.openLink(() => {});
    for (const message of probe.greeting) link.receive(message);
    const timer = setInterval(() => link.receive(probe.snapshot(Date.now() % 1000, 3)), 100);
    onTestFinished(() => clearInterval(timer));
    const { socket } = await upgrade(hub, "/ws/live", await bearer());
    const bySocket: string[] = [];
    socket?.on("message", (data: Buffer, isBinary) => {
      if (isBinary) bySocket.push(data.toString("base64"));
    });
    const client = await stream(hub, await bearer());
    const byStream: string[] = [];
    client.onBytes = (data) => byStream.push(data.toString("base64"));
    const series = [GAUGE, { metric: "websocket.server.connections", agg: "total" } as const];
    socket?.send(JSON.stringify({ type: "subscribe", id: 1, series, tables: [] }));
    client.subscribe(series);
    await until(() => client.ticks.length >= 3 && bySocket.length >= 4, { what: "three ticks" });
    const [first, ...rest] = byStream.filter((bytes) => bySocket.includes(bytes));
    expect(first).toBeDefined();
    expect(rest.length).toBeGreaterThanOrEqual(2);
    expect(client.ticks.at(-1)?.values[0]).toBe(300);
  });

  test("is a stream that nothing on the way may hold back or change", async () => {
    const hub = await startHub();
    const abort = new AbortController();
    onTestFinished(() => abort.abort());
    const headers = await bearer();
    const response = await fetch(`${hub.url}${PATH}`, { headers, signal: abort.signal });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
    });
    const reader = response.body?.getReader();
    const { value } = (await reader?.read()) ?? {};
    expect(new TextDecoder().decode(value)).toMatch(/^event: session\ndata: [\w-]{24}\n\n/);
    expect(await ask(hub, PATH, { method: "HEAD", headers })).toMatchObject({ status: 200, text: "" });
  });

  test("is for viewers, and not for pages of other sites", async () => {
    const hub = await startHub();
    expect(await ask(hub, PATH)).toMatchObject({ status: 401, code: "UNAUTHENTICATED" });
    expect(await ask(hub, PATH, { headers: await bearer("user") })).toMatchObject({ status: 403, code: "FORBIDDEN" });
    const headers = { ...(await bearer()), origin: "https://evil.example" };
    expect(await ask(hub, PATH, { headers })).toMatchObject({ status: 403, code: "BAD_ORIGIN" });
    // As an image or a script of another page, without CORS and so without an Origin.
    const image = { ...(await bearer()), "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" };
    expect(await ask(hub, PATH, { headers: image })).toMatchObject({ status: 403, code: "BAD_ORIGIN" });
  });

  test("hears only whoever opened it", async () => {
    const hub = await startHub();
    const ann = await bearer("viewer", "ann");
    const client = await stream(hub, ann);
    expect(await say(hub, client.session, ann)).toMatchObject({ status: 204 });
    expect(await client.text("pong")).toMatchObject({ sentAt: 1 });
    const refused = { status: 404, code: "NOT_FOUND" };
    expect(await say(hub, client.session, await bearer("admin", "bob"))).toMatchObject(refused);
    expect(await say(hub, "AAAAAAAAAAAAAAAAAAAAAAAA", ann)).toMatchObject(refused);
    // The same person, signed in a second time elsewhere.
    const token = await signToken({ sub: "ann", role: "viewer", ttlMs: 60_000 }, SECRET);
    const cookie = { ...(await signIn(hub, { token })), "sec-fetch-site": "same-origin" };
    expect(await say(hub, client.session, cookie)).toMatchObject(refused);
    client.terminate();
    await until(async () => (await say(hub, client.session, ann)).status === 404, { what: "the session to be gone" });
  });

  test("takes nothing from a browser that another page told to send it, and nothing too large", async () => {
    const hub = await startHub();
    const token = await signToken({ sub: "ann", role: "viewer", ttlMs: 60_000 }, SECRET);
    const cookie = await signIn(hub, { token });
    const client = await stream(hub, cookie);
    expect(await say(hub, client.session, cookie)).toMatchObject({ status: 403, code: "BAD_ORIGIN" });
    const own = { ...cookie, "sec-fetch-site": "same-origin" };
    expect(await say(hub, client.session, own)).toMatchObject({ status: 204 });
    const body = JSON.stringify({ type: "ping", sentAt: 1, padding: " ".repeat(300_000) });
    const headers = { ...own, "content-type": "application/json" };
    const path = `${PATH}/${client.session}`;
    expect(await ask(hub, path, { method: "POST", headers, body })).toMatchObject({ status: 413 });
    const text = { ...own, "content-type": "text/plain" };
    expect(await ask(hub, path, { method: "POST", headers: text, body: "{}" })).toMatchObject({ status: 400 });
  });

  test("counts as a viewer, beside those over WebSockets", async () => {
    const hub = await startHub({ viewersPerAddress: 2 });
    const first = await stream(hub, await bearer("viewer", "a"));
    expect((await upgrade(hub, "/ws/live", await bearer("viewer", "b"))).socket).not.toBeNull();
    const full = { status: 429, code: "TOO_MANY_CONNECTIONS" };
    const headers = await bearer("viewer", "c");
    expect(await ask(hub, PATH, { headers })).toMatchObject(full);
    expect(await upgrade(hub, "/ws/live", headers)).toMatchObject(full);
    first.terminate();
    await until(async () => (await upgrade(hub, "/ws/live", headers)).socket !== null, { what: "room for another" });
  });

  test("ends with 4401 when its session is signed out, and when its token expires", async () => {
    const hub = await startHub();
    const token = await signToken({ sub: "ann", role: "viewer", ttlMs: 60_000 }, SECRET);
    const cookie = await signIn(hub, { token });
    const signedIn = await stream(hub, cookie);
    const short = await signToken({ sub: "bob", role: "viewer", ttlMs: 2000 }, SECRET);
    const expiring = await stream(hub, { authorization: `Bearer ${short}` });
    await ask(hub, "/api/session", { method: "DELETE", headers: { ...cookie, "sec-fetch-site": "same-origin" } });
    expect(await signedIn.closed()).toBe(4401);
    expect(await expiring.closed()).toBe(4401);
  });

  test("is told goodbye when the hub closes", async () => {
    const hub = await startHub();
    const client = await stream(hub, await bearer());
    await hub.close();
    expect(await client.closed()).toBe(1001);
  });
});
