import { AsyncLocalStorage } from "node:async_hooks";
import type { EventEmitter } from "node:events";
import { connect } from "node:net";
import { until } from "@wsight/testkit";
import type { Server, ServerOptions, Socket } from "socket.io";
import * as msgpack from "socket.io-msgpack-parser";
import { expect, it } from "vitest";
import { IN, OUT, read, type Served, serve } from "./socket-io-support.ts";

/** An engine socket as these tests use it. */
interface RawSocket {
  readonly readyState: string;
  emit(...args: unknown[]): boolean;
}

/** The engine's own sockets, which its types keep to itself. */
function rawSockets(io: Server): RawSocket[] {
  return Object.values((io.engine as unknown as { clients: Record<string, RawSocket> }).clients);
}

/** Runs the same on a server with and without the probe, and expects the same record of what happened. */
async function same(
  options: Partial<ServerOptions>,
  scenario: (served: Served, note: (...what: unknown[]) => void) => Promise<void>,
): Promise<unknown[]> {
  const records = [];
  for (const watched of [false, true]) {
    const record: unknown[][] = [];
    const served = await serve({ ...options }, { watched });
    try {
      await scenario(served, (...what) => record.push(what));
      expect(served.faults).toEqual([]);
    } finally {
      await served.close();
    }
    records.push(byKind(record));
  }
  const [without, withProbe] = records;
  expect(withProbe).toEqual(without);
  expect(without?.length).toBeGreaterThan(0);
  return withProbe ?? [];
}

/** Of each kind in the order they came; how kinds fall between each other is up to the network. */
function byKind(record: unknown[][]): unknown[][] {
  return record.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : Number(String(a) > String(b))));
}

const CLIENTS = [
  { name: "polling", server: {}, client: { transports: ["polling"] } },
  { name: "websocket", server: {}, client: { transports: ["websocket"] } },
  { name: "an upgrade", server: {}, client: {} },
  { name: "msgpack", server: { parser: msgpack }, client: { transports: ["websocket"], parser: msgpack } },
  { name: "state recovery", server: { connectionStateRecovery: {} }, client: { transports: ["websocket"] } },
];

it.each(CLIENTS)("handlers, acks and catch-all listeners get the same over $name", async ({ server, client }) => {
  await same(server, async (served, note) => {
    served.io.on("connection", (socket) => {
      socket.onAny((event, ...args) => note("any", event, args.length));
      socket.onAnyOutgoing((event, ...args) => note("outgoing", event, args.length > 1));
      socket.use(([event, ...args], next) => {
        note("use", event, args.length);
        setImmediate(() => next(event === "refused" ? new Error("refused") : undefined));
      });
      socket.on("error", (error) => note("error", error.message));
      socket.on("plain", function (this: Socket, ...args) {
        note("plain", this === socket, args);
      });
      socket.on("acked", function (this: Socket, ...args) {
        const ack = args.pop();
        note("acked", this === socket, args, typeof ack, ack.length, ack.name);
        note("ack returns", ack("first", 1), ack("second"));
      });
      socket.on("blob", (blob, done) => done(Buffer.from(blob).toString("hex"), blob));
      socket.once("ask me", async (...args) => {
        const done = args.pop();
        const timed = socket.timeout(5000);
        note("same socket", timed === socket);
        note(
          "emit returns",
          socket.emit("question", 1, (...answer: unknown[]) => note("answer", answer)),
        );
        note("answer of emitWithAck", await socket.emitWithAck("question", 2));
        note("answer in time", await socket.timeout(5000).emitWithAck("question", 3));
        await socket
          .timeout(30)
          .emitWithAck("silence")
          .catch((error) => note("late", error.message));
        socket.timeout(30).emit("silence", function (this: unknown, ...answer: unknown[]) {
          note("late callback", this === socket, answer.length, String(answer[0]));
          done();
        });
      });
    });
    const { socket, connected } = served.client(client as never);
    await connected;
    socket.on("question", (n, answer) => answer(n, "yes"));
    socket.on("silence", () => undefined);
    socket.emit("plain");
    socket.emit("plain", 1, { a: [null] }, "é");
    socket.emit("refused", 1);
    note(await socket.timeout(5000).emitWithAck("acked", 1, 2));
    note(await socket.timeout(5000).emitWithAck("blob", Buffer.from("abc")));
    await socket.timeout(5000).emitWithAck("ask me");
  });
});

it("listeners of sockets, namespaces and the server are as many and the same", async () => {
  await same({}, async (served, note) => {
    const { io } = served;
    const chat = io.of("/chat");
    const connected = () => undefined;
    chat.on("connection", connected);
    const client = served.client({ namespace: "/chat", transports: ["websocket"] });
    await client.connected;
    const [socket] = [...chat.sockets.values()];
    if (socket === undefined) throw new Error("no socket");
    const handler = () => undefined;
    socket.on("x", handler);
    socket.once("x", handler);
    socket.off("x", handler);
    note(socket.listeners("x")[0] === handler, socket.rawListeners("x").length, socket.eventNames());
    note(socket.listenersAny(), socket.listenersAnyOutgoing(), Object.keys(socket));
    for (const emitter of [
      socket,
      chat,
      io,
      io.of("/"),
      socket.conn,
    ] as readonly unknown[] as readonly EventEmitter[]) {
      for (const event of ["connect", "connection", "new_namespace", "close", "data", "packet", "heartbeat", "error"]) {
        note(event, emitter.listenerCount(event), emitter.listeners(event).includes(connected));
      }
    }
    note(Object.keys(socket.conn), Object.keys(chat.adapter), Object.keys(chat), Object.keys(io));
    note(socket.emit.length, socket.emit.name, io.bind.length, chat.adapter.broadcast.length, socket.conn.emit.length);
  });
});

const BAD_REQUESTS = {
  "an unknown transport": "GET /socket.io/?EIO=4&transport=carrier-pigeon HTTP/1.1",
  "an unknown session": "GET /socket.io/?EIO=4&transport=polling&sid=gone HTTP/1.1",
  "a bad method": "POST /socket.io/?EIO=4&transport=polling HTTP/1.1",
  "an old protocol": "GET /socket.io/?EIO=3&transport=polling HTTP/1.1",
  "one that is forbidden": "GET /socket.io/?EIO=4&transport=polling&forbidden=1 HTTP/1.1",
  "an origin that is not allowed":
    "OPTIONS /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nOrigin: https://evil.example",
  "the application's own path": "GET /hello HTTP/1.1",
  "an upgrade without key":
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade",
  "an upgrade of an unknown session":
    "GET /socket.io/?EIO=4&transport=websocket&sid=gone HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
};

it("bad handshakes get the same replies, byte for byte, and are counted by reason", async () => {
  const options = {
    cors: { origin: "https://good.example" },
    allowRequest: (request: { url?: string }, decide: (message: string | null, allowed: boolean) => void) =>
      decide("not you", !request.url?.includes("forbidden")),
  };
  let rejections: Record<string, number> = {};
  await same(options as never, async (served, note) => {
    for (const [name, request] of Object.entries(BAD_REQUESTS)) {
      note(name, await replyTo(served.port, `${request}\r\nHost: x\r\nConnection: close\r\n\r\n`));
    }
    rejections = read(served.probe).by("websocket.server.handshake.rejections", "reason");
  });
  expect(rejections).toEqual({
    UNKNOWN_TRANSPORT: 1,
    UNKNOWN_SID: 2,
    BAD_HANDSHAKE_METHOD: 1,
    UNSUPPORTED_PROTOCOL_VERSION: 1,
    FORBIDDEN: 1,
  });
});

function replyTo(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("close", () =>
      resolve(
        Buffer.concat(chunks)
          .toString("latin1")
          .replace(/^Date: .*$/m, "Date:"),
      ),
    );
  });
}

it("middlewares refuse the same way, and that is counted as a rejection", async () => {
  let refused = 0;
  await same({}, async (served, note) => {
    served.io.use((socket, next) => {
      next(socket.handshake.auth.ok ? undefined : Object.assign(new Error("no entry"), { data: { code: 7 } }));
    });
    for (const auth of [{ ok: false }, { ok: true }, { ok: false }]) {
      const { connected } = served.client({ auth, transports: ["websocket"] });
      await connected.then(
        () => note("in"),
        (error) => note(error.message, error.data),
      );
    }
    await served
      .client({ namespace: "/nowhere", transports: ["websocket"] })
      .connected.catch((error) => note(error.message));
    refused = read(served.probe).sum("websocket.server.handshake.rejections", { reason: "connect_error" });
  });
  expect(refused).toBe(3);
});

it("a session is recovered with the same offsets, rooms and missed messages, and unicasts are no broadcasts", async () => {
  let after = { broadcasts: -1, recoveries: -1, out: {} as Record<string, number> };
  await same({ connectionStateRecovery: {} }, async (served, note) => {
    served.io.on("connection", (socket) => {
      note("connection", socket.recovered, socket.rooms.size, socket.data);
      socket.join("room");
      socket.data.name = "ann";
    });
    const { socket, manager, connected } = served.client({ transports: ["websocket"] });
    const got: unknown[] = [];
    socket.on("n", (...args) => got.push(args.length, args[0]));
    await connected;
    const [there] = [...served.io.of("/").sockets.values()];
    const id = there?.id ?? "";
    there?.emit("n", 1);
    served.io.to("room").emit("n", 2);
    await until(() => got.length === 4, { what: "two messages" });
    manager.engine.close();
    await until(() => served.io.of("/").sockets.size === 0, { what: "the disconnect" });
    served.io.to("room").emit("n", 3);
    manager.connect();
    socket.connect();
    await until(() => got.length === 6, { what: "the missed message" });
    note(got, socket.recovered, socket.id === id);
    const now = read(served.probe);
    after = {
      broadcasts: now.sum("websocket.server.broadcasts"),
      recoveries: now.sum("socketio.recoveries"),
      out: now.by("websocket.server.messages", "event", OUT),
    };
  });
  expect(after).toEqual({ broadcasts: 2, recoveries: 1, out: { n: 3 } });
});

it("dynamic namespaces come and go the same", async () => {
  let seen = { namespaces: 0, sockets: {} as Record<string, number> };
  await same({ cleanupEmptyChildNamespaces: true }, async (served, note) => {
    served.io.on("new_namespace", ({ name }) => note("new", name));
    served.io.of(/^\/room-\d+$/).on("connection", (socket) => {
      note(socket.nsp.name);
      socket.on("x", (done) => done(socket.nsp.name));
      socket.nsp.emit("hello", 1);
    });
    const first = served.client({ namespace: "/room-1", transports: ["websocket"] });
    const heard = new Promise((resolve) => first.socket.once("hello", resolve));
    await first.connected;
    note(await first.socket.timeout(5000).emitWithAck("x"), await heard);
    await served.client({ namespace: "/room-22", transports: ["websocket"] }).connected;
    const now = read(served.probe);
    seen = {
      namespaces: now.sum("socketio.namespaces"),
      sockets: now.by("socketio.namespace.sockets", "namespace"),
    };
    first.socket.disconnect();
    await until(() => !served.io._nsps.has("/room-1"), { what: "the namespace to go" });
    note([...served.io._nsps.keys()]);
  });
  expect(seen).toEqual({ namespaces: 3, sockets: { "/room-1": 1, "/room-22": 1 } });
});

it("a client that joins no namespace is sent away after the same time", async () => {
  await same({ connectTimeout: 50 }, async (served, note) => {
    const request = "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    await replyTo(served.port, request);
    note(served.io.engine.clientsCount);
    await until(
      () =>
        served.io.engine.clientsCount === 0 || rawSockets(served.io).every(({ readyState }) => readyState !== "open"),
      {
        what: "the timeout",
      },
    );
    note("gone");
  });
});

it("an uncaught error of a handler stays uncaught and the same, and is counted", async () => {
  const before = process.rawListeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  try {
    await same({}, async (served, note) => {
      const thrown = new Promise<Error>((resolve) => process.once("uncaughtException", resolve));
      const mine = new TypeError("of the application");
      served.io.on("connection", (socket) => {
        socket.on("boom", () => {
          throw mine;
        });
        socket.on("fine", (done) => done());
      });
      const { socket, connected } = served.client({ transports: ["websocket"] });
      await connected;
      socket.emit("boom");
      note((await thrown) === mine);
      await socket.timeout(5000).emitWithAck("fine");
      if (served.attachment !== null) {
        expect(read(served.probe).by("websocket.server.errors", "error.type")).toEqual({ HandlerThrew: 1 });
      }
    });
  } finally {
    for (const listener of before) process.on("uncaughtException", listener as never);
  }
});

it("handlers and acks run in the context they ran in", async () => {
  const storage = new AsyncLocalStorage<string>();
  await same({}, async (served, note) => {
    served.io.on("connection", (socket) => {
      storage.run(`of ${socket.nsp.name}`, () => {
        socket.emit("question", () => note("ack", storage.getStore()));
        setImmediate(() => socket.emit("go"));
      });
      socket.on("x", (done) => {
        note("handler", storage.getStore());
        storage.run("inside", () => done());
      });
    });
    const { socket, connected } = served.client({ transports: ["websocket"] });
    socket.on("question", (answer) => answer());
    const gone = new Promise<void>((resolve) => socket.once("go", () => resolve()));
    await connected;
    await gone;
    await socket.timeout(5000).emitWithAck("x");
  });
});

it("a fault of the probe reaches nobody, and ten of them switch it off with one last word", async () => {
  const served = await serve({ transports: ["websocket"] });
  try {
    served.io.on("connection", (socket) => socket.on("x", (n, done) => done(n)));
    const client = served.client({ transports: ["websocket"] });
    await client.connected;
    const [raw] = rawSockets(served.io);
    const poisoned = {
      get type() {
        throw new Error("poison");
      },
    };
    for (let i = 0; i < 12; i++) expect(() => raw?.emit("flush", [poisoned])).not.toThrow();
    for (let i = 0; i < 5; i++) expect(await client.socket.timeout(5000).emitWithAck("x", i)).toBe(i);
    expect(served.faults.map(String)).toEqual(["Error: poison", expect.stringContaining("switched off")]);
    expect(served.attachment?.finding.state).toBe("partial");
    expect(read(served.probe).sum("websocket.server.messages", { ...IN, event: "x" })).toBe(0);
    client.socket.disconnect();
    await until(() => served.io.engine.clientsCount === 0, { what: "the close" });
    expect(served.probe.getSummary().connections.total).toBe(0);
  } finally {
    await served.close();
  }
});
