import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createProbe } from "@wsight/probe";
import { until } from "@wsight/testkit";
import { Server, type Socket } from "socket.io";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { IN, OUT, read, type Served, serve } from "./socket-io-support.ts";

const OPEN = "websocket.server.active_connections";
const MESSAGES = "websocket.server.messages";

let served: Served | undefined;
afterEach(async () => {
  await served?.close();
  served = undefined;
});

/** A client of the bare protocol: cheap, and as rude as it likes. */
async function raw(port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
  await once(socket, "open");
  const answered = new Promise<void>((resolve) =>
    socket.on("message", (data) => {
      if (String(data).startsWith("40")) resolve();
    }),
  );
  socket.send("40");
  await answered;
  return socket;
}

/** Every way to leave. */
const LEAVE: ((socket: WebSocket) => void)[] = [
  (socket) => socket.close(),
  (socket) => socket.terminate(),
  (socket) => socket.send("41"),
  (socket) => socket.send("1"),
  (socket) => socket.send('42["unfinished'),
  (socket) => socket.send("nonsense"),
];

describe("connections", () => {
  it("are as many as the library says after 20,000 came and left in every way", { timeout: 180_000 }, async () => {
    served = await serve({ transports: ["websocket"] });
    const { io, port, probe } = served;
    io.on("connection", (socket) => {
      socket.join(["lobby", `table ${Math.random()}`]);
      if (Math.random() < 0.3) socket.removeAllListeners().on("error", () => undefined);
      if (Math.random() < 0.1) setImmediate(() => socket.disconnect(true));
    });
    const stay: WebSocket[] = [];
    for (let round = 0; round < 400; round++) {
      const sockets = await Promise.all(Array.from({ length: 50 }, () => raw(port)));
      sockets.forEach((socket, i) => {
        socket.on("error", () => undefined);
        if (i === 0) stay.push(socket);
        else LEAVE[i % LEAVE.length]?.(socket);
      });
      for (const socket of sockets) if (!stay.includes(socket)) setTimeout(() => socket.terminate(), 20);
    }
    await until(() => io.engine.clientsCount <= 400, { what: "the leavers to be gone", timeoutMs: 60_000 });
    await until(() => io.engine.clientsCount === io.of("/").sockets.size, { what: "the library to settle" });

    const now = read(probe);
    expect(now.sum(OPEN)).toBe(io.engine.clientsCount);
    expect(now.sum("socketio.namespace.sockets", { namespace: "/" })).toBe(io.of("/").sockets.size);
    expect(now.sum("socketio.rooms")).toBe(io.of("/").adapter.rooms.size - io.of("/").adapter.sids.size);
    expect(now.sum("websocket.server.connections")).toBe(20_000);
    expect(now.sum("websocket.server.closes")).toBe(20_000 - io.engine.clientsCount);
    expect(now.histogram("websocket.server.connection.duration")?.count).toBe(20_000 - io.engine.clientsCount);
    expect(now.by("websocket.server.closes", "reason")).toMatchObject({
      "transport close": expect.any(Number),
      "forced close": expect.any(Number),
    });
    expect(probe.getSummary().connections).toMatchObject({
      total: io.engine.clientsCount,
      by_channel: { "/": io.engine.clientsCount },
    });
    expect(served.faults).toEqual([]);
    for (const socket of stay) socket.terminate();
    await until(() => io.engine.clientsCount === 0, { what: "the last to leave" });
    expect(read(probe).sum(OPEN)).toBe(0);
    expect(probe.getSummary().connections.by_channel).toEqual({});
  });

  it("show which transport they are on, also those that never got beyond polling", async () => {
    served = await serve();
    const polling = served.client({ transports: ["polling"] });
    const websocket = served.client({ transports: ["websocket"] });
    const upgrading = served.client();
    await Promise.all([polling.connected, websocket.connected, upgrading.connected]);
    await until(() => read((served as Served).probe).sum(OPEN, { transport: "websocket" }) === 2, {
      what: "the upgrade",
    });
    const now = read(served.probe);
    expect(now.by(OPEN, "transport")).toEqual({ polling: 1, websocket: 2 });
    expect(now.by("websocket.server.connections", "transport")).toEqual({ polling: 2, websocket: 1 });
    upgrading.manager._close();
    await until(() => served?.io.engine.clientsCount === 2, { what: "the close" });
    expect(read(served.probe).by(OPEN, "transport")).toEqual({ polling: 1, websocket: 1 });
  });

  it("belong to whom and where the application says", async () => {
    const options = {
      getUser: (socket: unknown) => (socket as Socket).handshake.auth.user as string,
      getChannel: (socket: unknown) => (socket as Socket).handshake.auth.channel as string | undefined,
    };
    served = await serve({}, { probe: options });
    served.io.of("/chat");
    const clients = [
      served.client({ auth: { user: "ann", channel: "tea" }, transports: ["websocket"] }),
      served.client({ auth: { user: "ann" }, transports: ["websocket"] }),
      served.client({ auth: { user: "bob" }, namespace: "/chat", transports: ["websocket"] }),
      served.client({ transports: ["websocket"] }),
    ];
    await Promise.all(clients.map(({ connected }) => connected));
    const { by_user, by_channel } = served.probe.getSummary().connections;
    expect(by_user).toEqual({ ann: 2, bob: 1 });
    expect(by_channel).toEqual({ tea: 1, "/": 2, "/chat": 1 });
  });

  it("that are closed leave nothing behind", { timeout: 60_000 }, async () => {
    served = await serve({ transports: ["websocket"] });
    const { io, port } = served;
    const gone: WeakRef<object>[] = [];
    io.on("connection", (socket) => {
      socket.on("x", (done) => done());
      if (gone.length < 200) gone.push(new WeakRef(socket), new WeakRef(socket.conn));
    });
    const cycle = async (): Promise<number> => {
      for (let round = 0; round < 12; round++) {
        const sockets = await Promise.all(Array.from({ length: 50 }, () => raw(port)));
        for (const socket of sockets) {
          socket.send('420["x"]');
          socket.close();
        }
        await until(() => io.engine.clientsCount === 0, { what: "everybody to leave" });
      }
      return settledHeap();
    };
    const own = () => read((served as Served).probe).sum("wsight.probe.memory");
    await cycle();
    const [before, ownBefore] = [await cycle(), own()];
    await cycle();
    const [after, ownAfter] = [await cycle(), own()];
    expect(gone.filter((ref) => ref.deref() !== undefined)).toHaveLength(0);
    // One connection kept would be 9,000 bytes; code that is being compiled meanwhile makes the noise.
    expect((after - before) / 1200).toBeLessThan(400);
    // A record is 64.
    expect((ownAfter - ownBefore) / 1200).toBeLessThan(16);
  });
});

async function settledHeap(): Promise<number> {
  const collect = (globalThis as { gc?: () => void }).gc ?? (await collector());
  for (let i = 0; i < 4; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return process.memoryUsage().heapUsed;
}

async function collector(): Promise<() => void> {
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

describe("attaching", () => {
  it("before the server listens, and to a server that gets its port later, loses nothing", async () => {
    const io = new Server();
    const probe = createProbe({ intervalMs: 100 });
    const { finding } = probe.attach(io);
    expect(finding.notes).toContain("not attached to an HTTP server yet");
    expect(read(probe).sum(OPEN)).toBe(0);
    const http = createServer().listen(0);
    io.attach(http);
    const socket = await raw((http.address() as AddressInfo).port);
    expect(read(probe).sum(OPEN)).toBe(1);
    expect(read(probe).by(MESSAGES, "kind", IN)).toEqual({ connect: 1 });
    // A second HTTP server means a second engine below the same Socket.IO server.
    const second = createServer().listen(0);
    io.attach(second);
    const other = await raw((second.address() as AddressInfo).port);
    expect(read(probe).sum(OPEN)).toBe(2);
    socket.terminate();
    other.terminate();
    probe.close();
    await io.close();
    http.close();
  });

  it("late finds the connections there are", async () => {
    served = await serve({}, { watched: false });
    const client = served.client({ transports: ["websocket"] });
    served.io.on("connection", (socket) => socket.on("x", (done) => done()));
    await client.connected;
    served.probe.attach(served.io);
    await client.socket.timeout(5000).emitWithAck("x");
    const now = read(served.probe);
    expect(now.sum(OPEN)).toBe(1);
    expect(now.by(MESSAGES, "kind")).toEqual({ event: 1, ack: 1 });
    expect(served.probe.getSummary().connections.by_channel).toEqual({ "/": 1 });
    client.manager._close();
    await until(() => served?.io.engine.clientsCount === 0, { what: "the close" });
    // How long it had been open nobody knows.
    expect(read(served.probe).histogram("websocket.server.connection.duration")?.count).toBe(0);
    expect(read(served.probe).sum("websocket.server.closes")).toBe(1);
  });

  it("twice counts once, and two probes don't count double", async () => {
    served = await serve();
    expect(served.probe.attach(served.io)).toBe(served.attachment);
    const second = createProbe({ intervalMs: 100 });
    expect(second.attach(served.io).finding.state).toBe("partial");
    const client = served.client({ transports: ["websocket"] });
    await client.connected;
    expect(read(served.probe).by(MESSAGES, "kind", OUT)).toEqual({ connect: 1 });
    expect(read(second).sum(MESSAGES)).toBe(0);
    second.close();
  });

  it("and detaching leaves the server as it was, and attaching again works", async () => {
    served = await serve({}, { watched: false });
    const { io, probe } = served;
    io.on("connection", (socket) => socket.on("x", (done) => done()));
    io.of("/other");
    const client = served.client({ transports: ["websocket"] });
    await client.connected;
    const [socket] = [...io.of("/").sockets.values()];
    if (socket === undefined) throw new Error("no socket");
    const objects = [io, io.engine, io.of("/"), io.of("/other"), io.of("/").adapter, socket, socket.conn];
    for (let proto = Object.getPrototypeOf(socket); proto !== null; proto = Object.getPrototypeOf(proto))
      objects.push(proto);
    const look = () =>
      objects.map((object) => [
        Reflect.ownKeys(object).filter(
          (key) => typeof key === "symbol" || /^(emit|bind|broadcast|emitUntyped|emitReserved)/.test(key),
        ),
        (object as { emit?: unknown }).emit,
        (object as { emitUntyped?: unknown }).emitUntyped,
        Object.hasOwn(object, "_events")
          ? (object as Socket).eventNames().map((name) => (object as Socket).listenerCount(name))
          : [],
      ]);
    const before = look();
    for (let time = 1; time <= 3; time++) {
      const attachment = probe.attach(io);
      expect(look()).not.toEqual(before);
      await client.socket.timeout(5000).emitWithAck("x");
      expect(read(probe).sum(MESSAGES, { ...IN, event: "x" })).toBe(time);
      attachment.detach();
      attachment.detach();
      expect(look()).toEqual(before);
      await client.socket.timeout(5000).emitWithAck("x");
      expect(read(probe).sum(MESSAGES, { ...IN, event: "x" })).toBe(time);
      expect(probe.getSummary().connections.total).toBe(0);
    }
  });

  it("to two servers of one copy of the library keeps them apart, also when one is detached", async () => {
    served = await serve();
    const other = await serve();
    try {
      for (const { io } of [served, other]) io.on("connection", (socket) => socket.on("x", (done) => done()));
      const mine = served.client({ transports: ["websocket"] });
      const theirs = other.client({ transports: ["websocket"] });
      await Promise.all([mine.connected, theirs.connected]);
      const handled = (probe: Served["probe"]) =>
        read(probe).histogram("websocket.server.handler.duration", { event: "x" })?.count ?? 0;
      for (let i = 0; i < 3; i++) await theirs.socket.timeout(5000).emitWithAck("x");
      await mine.socket.timeout(5000).emitWithAck("x");
      expect([handled(served.probe), handled(other.probe)]).toEqual([1, 3]);
      other.attachment?.detach();
      for (const { socket } of [mine, theirs]) await socket.timeout(5000).emitWithAck("x");
      expect([handled(served.probe), handled(other.probe)]).toEqual([2, 3]);
    } finally {
      await other.close();
    }
  });

  it("follows an adapter that is replaced later", async () => {
    served = await serve();
    const client = served.client({ transports: ["websocket"] });
    const Adapter = served.io.of("/").adapter.constructor as new (namespace: never) => object;
    class Later extends Adapter {}
    served.io.adapter(Later as never);
    await client.connected;
    await until(() => served?.attachment?.finding.notes.includes("adapter Later"), { what: "a look at the adapter" });
    served.io.emit("x");
    expect(read(served.probe).sum("websocket.server.broadcasts")).toBe(1);
  });

  it("beside a ws server on the same HTTP server counts each thing once", async () => {
    served = await serve();
    const { io, http, port, probe } = served;
    const wss = new WebSocketServer({ noServer: true });
    http.on("upgrade", (request, socket, head) => {
      if (request.url === "/plain")
        wss.handleUpgrade(request, socket, head, (ws) => wss.emit("connection", ws, request));
    });
    probe.attach(wss);
    wss.on("connection", (ws) => ws.on("message", (data) => ws.send(String(data))));
    io.on("connection", (socket) => socket.on("x", (done) => done()));
    const client = served.client();
    await client.connected;
    await until(() => read(probe).sum(OPEN, { transport: "websocket" }) === 1, { what: "the upgrade" });
    const plain = new WebSocket(`ws://127.0.0.1:${port}/plain`);
    await once(plain, "open");
    plain.send("hello");
    await once(plain, "message");
    await client.socket.timeout(5000).emitWithAck("x");

    const now = read(probe);
    expect(now.sum(OPEN)).toBe(2);
    expect(now.by("websocket.server.connections", "ws.library")).toEqual({ "socket.io": 1, ws: 1 });
    expect(now.by(MESSAGES, "kind")).toEqual({ connect: 2, event: 1, ack: 1, text: 2 });
    expect(now.sum("websocket.server.handshake.rejections")).toBe(0);
    plain.terminate();
    wss.close();
  });
});

it("rooms are listed by their size, those of the sockets themselves left out", async () => {
  served = await serve();
  served.io.on("connection", (socket) => socket.join(["all", ...(socket.handshake.auth.vip ? ["vip"] : [])]));
  served.io.of("/chat").on("connection", (socket) => socket.join("all"));
  const clients = [
    served.client({ transports: ["websocket"] }),
    served.client({ auth: { vip: true }, transports: ["websocket"] }),
    served.client({ namespace: "/chat", transports: ["websocket"] }),
  ];
  await Promise.all(clients.map(({ connected }) => connected));
  const tables: unknown[] = [];
  served.probe.connect({
    send(message) {
      if (typeof message === "string" && message.includes('"rooms"')) tables.push(JSON.parse(message));
      return true;
    },
    onFrame() {},
    close() {},
  });
  await until(() => tables.length > 0, { what: "the list of rooms" });
  expect(JSON.stringify(tables[0])).toContain('"total":3');
  expect(JSON.stringify(tables[0])).toMatch(/"all".*2.*"vip".*1|"all".*2.*"\/chat all".*1/);
  expect(read(served.probe).by("socketio.rooms", "namespace")).toEqual({ "/": 2, "/chat": 1 });
});

describe("times", () => {
  it("of heartbeats are the round trip of the transport", async () => {
    served = await serve({ pingInterval: 30, pingTimeout: 2000 });
    await Promise.all([
      served.client({ transports: ["websocket"] }).connected,
      served.client({ transports: ["polling"] }).connected,
    ]);
    const rtt = () => read((served as Served).probe).histogram("websocket.server.rtt", { source: "engine_heartbeat" });
    await until(() => (rtt()?.count ?? 0) >= 6, { what: "six heartbeats" });
    expect(rtt()?.quantile(0.5)).toBeGreaterThan(0);
    expect(rtt()?.quantile(0.5)).toBeLessThan(0.25);
  });

  it("of acknowledgements and handlers are those of the application", async () => {
    served = await serve();
    served.io.on("connection", (socket) => {
      socket.use((_event, next) => setTimeout(next, 5));
      socket.on("slow 10", (done) => void setTimeout(done, 10));
      socket.on("slow 40", (done) => void setTimeout(done, 40));
      socket.on("busy", () => {
        for (const until = performance.now() + 15; performance.now() < until; );
      });
    });
    const { socket, connected } = served.client({ transports: ["websocket"] });
    await connected;
    for (let i = 0; i < 7; i++) {
      await socket.timeout(5000).emitWithAck("slow 10");
      await socket.timeout(5000).emitWithAck("slow 40");
      socket.emit("busy");
    }
    await socket.timeout(5000).emitWithAck("slow 10");
    const now = read(served.probe);
    const median = (metric: string, where: Record<string, string>) =>
      (now.histogram(metric, where)?.quantile(0.5) ?? Number.NaN) * 1000;
    const within = (ms: number, expected: number) => {
      // A timer of Node may fire a millisecond early.
      expect(ms).toBeGreaterThanOrEqual(expected - 1.5);
      expect(ms).toBeLessThan(expected * 1.5 + 30);
    };
    within(median("websocket.server.ack.duration", { side: "server", event: "slow 10" }), 10);
    within(median("websocket.server.ack.duration", { side: "server", event: "slow 40" }), 40);
    within(median("websocket.server.handler.duration", { event: "busy" }), 15);
    expect(median("websocket.server.handler.duration", { event: "slow 40" })).toBeLessThan(10);
    expect(now.histogram("websocket.server.message.latency", { source: "ack" })?.count).toBe(15);
    expect(now.histogram("websocket.server.message.latency", { source: "handler" })?.count).toBe(7);
  });

  it("of a client's acknowledgements are its round trips, and those that never came are counted", async () => {
    served = await serve();
    const { socket, connected } = served.client({ transports: ["websocket"] });
    socket.on("question", (answer) => void setTimeout(answer, 20));
    socket.on("silence", () => undefined);
    await connected;
    const [there] = [...served.io.of("/").sockets.values()];
    for (let i = 0; i < 5; i++) await there?.timeout(5000).emitWithAck("question");
    await there
      ?.timeout(20)
      .emitWithAck("silence")
      .catch(() => undefined);
    await served.io.timeout(5000).emitWithAck("question");
    const now = read(served.probe);
    const asked = now.histogram("websocket.server.ack.duration", { side: "client", event: "question" });
    expect(asked?.count).toBe(6);
    expect(asked?.quantile(0.5)).toBeGreaterThanOrEqual(0.0185);
    expect(asked?.quantile(0.5)).toBeLessThan(0.06);
    expect(now.by("websocket.server.ack.timeouts", "event")).toEqual({ silence: 1 });
    expect(now.sum("websocket.server.broadcasts")).toBe(1);
  });
});
