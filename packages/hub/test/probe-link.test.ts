import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { type Hub, type HubSetup, type Role, signMachineToken, signToken } from "@wsight/hub";
import { MAX_LINK_MESSAGE, MAX_VIEWER_MESSAGE } from "@wsight/protocol";
import { createHandClock, type HandClock, until } from "@wsight/testkit";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { ask, bearer, SECRET, signIn, startHub, upgrade } from "./harness.ts";
import { watchHub } from "./hub-watch.ts";
import { createSmallProbe, type SmallProbe } from "./small-probe.ts";

const machineKey = new Uint8Array(32).fill(5);

/** A probe on a WebSocket, and what it heard. */
interface Linked {
  readonly socket: WebSocket;
  readonly heard: string[];
  readonly probe: SmallProbe;
  greet(): void;
  /** Code and reason of its end. */
  closed(): Promise<{ readonly code: number; readonly reason: string }>;
}

async function link(hub: Hub, headers: Record<string, string>, instance = "a"): Promise<Linked> {
  const { socket } = await upgrade(hub, "/ws/probe", headers);
  if (socket === null) throw new Error("refused");
  const heard: string[] = [];
  socket.on("message", (data) => heard.push(String(data)));
  socket.on("error", () => {});
  const end = once(socket, "close").then(([code, reason]) => ({ code: Number(code), reason: String(reason) }));
  const probe = createSmallProbe(instance);
  return {
    socket,
    heard,
    probe,
    greet: () => {
      for (const message of probe.greeting) socket.send(message);
    },
    closed: () => end,
  };
}

/** A hub whose seconds pass when told to. */
async function handHub(
  setup: Partial<HubSetup> = {},
): Promise<{ hub: Hub; seconds: (count: number) => Promise<void> }> {
  const clock: HandClock = createHandClock(Math.floor(Date.now() / 1000) * 1000 + 999);
  const hub = await startHub({ clock, machineKey, ...setup });
  const seconds = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      clock.advance(1000);
      // Its beat looks at the clock every millisecond or so; it tells nobody of having done so.
      await wait(6);
    }
  };
  return { hub, seconds };
}

async function nodes(hub: Hub): Promise<readonly unknown[]> {
  return (await ask(hub, "/api/nodes", { headers: await bearer() })).json.nodes as readonly unknown[];
}

describe("the way in for probes", () => {
  test("takes the figures of one who shows a probe's token", async () => {
    const hub = await startHub();
    const { socket, heard, probe, greet } = await link(hub, await bearer("probe", "chat"));
    greet();
    socket.send(probe.snapshot(5, 2));
    await until(() => heard.some((text) => text.includes('"ack"')), { what: "an acknowledgement" });
    expect(await nodes(hub)).toMatchObject([{ node: "chat/a", state: "live" }]);
  });

  test.each<[string, Role | null, number]>([
    ["an administrator", "admin", 403],
    ["a viewer", "viewer", 403],
    ["a user", "user", 403],
    ["nobody", null, 401],
  ])("is shut to %s", async (_who, role, status) => {
    const hub = await startHub();
    const headers = role === null ? {} : await bearer(role, "chat");
    expect(await upgrade(hub, "/ws/probe", headers)).toMatchObject({ socket: null, status });
  });

  test("is shut to pages, whoever is signed in there", async () => {
    const hub = await startHub({ oneTimeCode: "one-time-code" });
    const { cookie } = await signIn(hub, { code: "one-time-code" });
    expect(await upgrade(hub, "/ws/probe", { cookie, origin: hub.url })).toMatchObject({ status: 403 });
    const headers = { ...(await bearer("probe", "chat")), origin: "https://elsewhere.example" };
    expect(await upgrade(hub, "/ws/probe", headers)).toMatchObject({ status: 403, code: "BAD_ORIGIN" });
  });

  test("is the only one that a probe's token opens", async () => {
    const hub = await startHub({ authenticate: async () => ({ sub: "chat", role: "probe" }) });
    for (const headers of [await bearer("probe", "chat"), {} as Record<string, string>]) {
      expect(await upgrade(hub, "/ws/live", headers)).toMatchObject({ status: 403, code: "FORBIDDEN" });
      expect(await ask(hub, "/api/nodes", { headers })).toMatchObject({ status: 403 });
      expect(await ask(hub, "/api/openapi.json", { headers })).toMatchObject({ status: 403 });
    }
  });

  test("has places of its own, bounded for each service and address", async () => {
    const hub = await startHub({ requestsPerMinute: 10_000, maxViewers: 2 });
    const headers = await bearer("probe", "chat");
    const links = await Promise.all(Array.from({ length: 256 }, () => link(hub, headers)));
    expect(await upgrade(hub, "/ws/probe", headers)).toMatchObject({ status: 429, code: "TOO_MANY_CONNECTIONS" });
    expect((await upgrade(hub, "/ws/live", await bearer())).socket).not.toBeNull();
    links[0]?.socket.terminate();
    await until(async () => (await upgrade(hub, "/ws/probe", headers)).socket, { what: "a free place" });
  });

  test("lets processes of this machine in by their machine token, for longer than it lives", async () => {
    const { hub, seconds } = await handHub();
    const { socket, heard, greet } = await link(hub, {
      authorization: `Bearer ${await signMachineToken(machineKey, "chat", hub.port)}`,
    });
    greet();
    socket.on("ping", () => {});
    await seconds(90);
    expect(socket.readyState).toBe(WebSocket.OPEN);
    expect(heard.join()).not.toContain("error");
  });

  test("closes once the token has ended", async () => {
    const { hub, seconds } = await handHub();
    const token = await signToken({ sub: "chat", role: "probe", ttlMs: 30_000 }, SECRET);
    const { greet, closed } = await link(hub, { authorization: `Bearer ${token}` });
    greet();
    await seconds(32);
    expect(await closed()).toEqual({ code: 4401, reason: "Signed out" });
  });
});

describe("a stolen token", () => {
  test("writes only as its own service, and whoever tries more is counted and named", async () => {
    const hub = await startHub();
    const watch = await watchHub(hub);
    const honest = await link(hub, await bearer("probe", "chat"));
    honest.greet();
    honest.socket.send(honest.probe.snapshot(5, 2));
    await until(() => honest.heard.some((text) => text.includes('"ack"')), { what: "an acknowledgement" });

    const thief = await link(hub, await bearer("probe", "shop"));
    thief.greet();
    thief.socket.send(thief.probe.snapshot(500, 200));
    const reason = "hello: expected service shop, as its token says, got chat";
    const named = `a link without hello was closed: ${reason}`;
    await until(() => watch.row?.lastBadFrame === named, { what: "the reason" });
    expect(await thief.closed()).toEqual({ code: 1008, reason });
    expect(thief.heard).toEqual([]);
    expect(await nodes(hub)).toMatchObject([{ node: "chat/a", state: "live" }]);

    honest.socket.send(honest.probe.snapshot(6, 3));
    await until(() => honest.heard.filter((text) => text.includes('"ack"')).length === 2, { what: "the next" });
    const figures = async (): Promise<unknown> =>
      (await ask(hub, "/api/websocket/metrics/", { headers: await bearer() })).json.connections;
    await until(async () => JSON.stringify(await figures()).includes('"total":3'), { what: "the second to end" });
    expect(await figures()).toMatchObject({ total: 3, created: 6 });
  });

  test("can't become another service once it has said hello", async () => {
    const hub = await startHub();
    const watch = await watchHub(hub);
    const { socket, greet } = await link(hub, await bearer("probe", "chat"));
    greet();
    const text = createSmallProbe("b").greeting[0];
    socket.send(String(text).replace('"chat"', '"shop"'));
    await until(() => watch.row?.lastBadFrame?.includes("as its token says, got shop"), { what: "the reason" });
    expect(await nodes(hub)).toMatchObject([{ node: "chat/a" }]);
  });
});

describe("a link", () => {
  test("that says nothing is closed after ten seconds", async () => {
    const { hub, seconds } = await handHub();
    const watch = await watchHub(hub);
    const { socket, closed } = await link(hub, await bearer("probe", "chat"));
    await seconds(9);
    expect(socket.readyState).toBe(WebSocket.OPEN);
    await seconds(2);
    expect(await closed()).toEqual({ code: 1008, reason: "expected hello within 10 s" });
    await seconds(1);
    await until(() => watch.row?.lastBadFrame?.includes("expected hello"), { what: "the reason" });
  });

  test("whose probe answers no ping is cut off, one that does stays", async () => {
    const { hub, seconds } = await handHub();
    const watch = await watchHub(hub);
    const dead = await link(hub, await bearer("probe", "chat"));
    const alive = await link(hub, await bearer("probe", "chat"), "b");
    dead.greet();
    alive.greet();
    await until(async () => (await nodes(hub)).length === 2, { what: "two nodes" });
    dead.socket.pause();
    await seconds(20);
    dead.socket.resume();
    expect((await dead.closed()).code).toBe(1006);
    expect(alive.socket.readyState).toBe(WebSocket.OPEN);
    await seconds(1);
    await until(() => watch.row?.lastBadFrame === "chat/a was cut off: no word for 15 s", { what: "the reason" });
  });

  test("that talks nonsense is closed with the reason, and that is named", async () => {
    const hub = await startHub();
    const watch = await watchHub(hub);
    const { socket, greet, closed } = await link(hub, await bearer("probe", "chat"));
    greet();
    for (let i = 0; i < 50; i++) socket.send('{"type":"names","epoch":7,"names":"none","retired":[]}');
    expect(await closed()).toEqual({ code: 1008, reason: 'names: expected an array, got "none"' });
    const named = 'chat/a was closed: names: expected an array, got "none"';
    await until(() => watch.row?.lastBadFrame === named, { what: "the reason" });
    expect(watch.row?.badFrames).toBe(21);
  });

  test("that says too much within a second is closed", async () => {
    const { hub } = await handHub();
    const { greet, closed } = await link(hub, await bearer("probe", "chat"));
    greet();
    for (let i = 0; i < 300; i++) greet();
    expect(await closed()).toMatchObject({ code: 1008, reason: expect.stringContaining("at most 500 messages") });
  });

  test.each([
    ["as large as may be", MAX_LINK_MESSAGE, null],
    ["one byte larger", MAX_LINK_MESSAGE + 1, 1009],
  ])("may send a message that is %s", async (_what, size, code) => {
    const hub = await startHub();
    const watch = await watchHub(hub);
    const { socket, heard, greet, closed } = await link(hub, await bearer("probe", "chat"));
    greet();
    socket.send(Buffer.alloc(size, 1));
    if (code === null)
      await until(() => heard.some((text) => text.includes("could not be read")), { what: "an answer" });
    else {
      expect(await closed()).toMatchObject({ code });
      await until(() => watch.row?.lastBadFrame === "chat/a: Max payload size exceeded", { what: "the reason" });
    }
  });

  test("may not send a message in a thousand pieces, nor a viewer one as large as a probe's", async () => {
    const hub = await startHub();
    const { socket, closed } = await link(hub, await bearer("probe", "chat"));
    for (let i = 0; i < 300; i++) socket.send("x", { fin: false });
    expect((await closed()).code).toBe(1008);
    const viewer = await upgrade(hub, "/ws/live", await bearer());
    const ended = viewer.socket === null ? Promise.reject(viewer) : once(viewer.socket, "close");
    viewer.socket?.send(Buffer.alloc(MAX_VIEWER_MESSAGE + 1));
    expect((await ended)[0]).toBe(1009);
  });

  test("whose probe does not read holds up a bounded number of bytes, and is cut off", async () => {
    const { hub, seconds } = await handHub();
    const { socket, probe, greet } = await link(hub, {
      authorization: `Bearer ${await signToken({ sub: "chat", role: "probe", ttlMs: 24 * 3_600_000 }, SECRET)}`,
    });
    const watch = await watchHub(hub);
    greet();
    socket.pause();
    const before = process.memoryUsage().arrayBuffers;
    const reason = "chat/a was cut off: does not read what it is told";
    // Each hello of a new life is welcomed, until the kernel takes no more on either side.
    const hello = String(probe.greeting[0]);
    let epoch = 8;
    for (let i = 0; i < 3000 && watch.row?.lastBadFrame !== reason; i++) {
      for (let j = 0; j < 160; j++) socket.send(hello.replace('"epoch":7', `"epoch":${epoch++}`));
      await seconds(1);
    }
    expect(watch.row?.lastBadFrame).toBe(reason);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024);
  }, 40_000);

  test("hears that the hub ends", async () => {
    const hub = await startHub();
    const { greet, closed } = await link(hub, await bearer("probe", "chat"));
    greet();
    await hub.close();
    expect(await closed()).toEqual({ code: 1001, reason: "The hub ends" });
  });
});
