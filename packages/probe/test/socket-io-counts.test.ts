import { EventEmitter, once } from "node:events";
import { until } from "@wsight/testkit";
import * as msgpack from "socket.io-msgpack-parser";
import { afterEach, describe, expect, it } from "vitest";
import { type Client, IN, OUT, read, type Served, serve } from "./socket-io-support.ts";

const MESSAGES = "websocket.server.messages";
const BYTES = "websocket.server.io";
const N = 200;

let served: Served;
afterEach(() => served.close());

const MODES = [
  { name: "long polling", server: {}, client: { transports: ["polling"] }, transport: "polling" },
  { name: "websocket", server: {}, client: { transports: ["websocket"] }, transport: "websocket" },
  { name: "polling upgraded to websocket", server: {}, client: {}, transport: "websocket" },
  {
    name: "the msgpack parser",
    server: { parser: msgpack },
    client: { transports: ["websocket"], parser: msgpack },
    transport: "websocket",
  },
  {
    name: "the msgpack parser over polling",
    server: { parser: msgpack },
    client: { transports: ["polling"], parser: msgpack },
    transport: "polling",
  },
  {
    name: "connection state recovery",
    server: { connectionStateRecovery: {} },
    client: { transports: ["websocket"] },
    transport: "websocket",
  },
] as const;

describe.each(MODES)("over $name", ({ server, client: clientOptions, transport }) => {
  async function start(): Promise<Client> {
    served = await serve(server as never);
    return served.client(clientOptions as never);
  }

  it(`counts exactly ${N} messages of each kind and their bytes, in both directions`, async () => {
    const client = await start();
    served.io.on("connection", (socket) => {
      socket.on("chat", (n, text, done) => {
        socket.emit("reply", n, text);
        done?.(n);
      });
      socket.on("blob", (blob) => socket.emit("blob back", blob));
    });
    let replies = 0;
    client.socket.on("reply", () => replies++);
    client.socket.on("blob back", () => replies++);
    await client.connected;
    if (transport === "websocket" && client.manager.engine.transport.name === "polling") {
      await once(client.manager.engine as never, "upgrade");
    }
    let acks = 0;
    for (let n = 0; n < N; n++) {
      client.socket.emit("chat", n, "naïve ✓ 𝄞", () => acks++);
      client.socket.emit("chat", n, "plain");
      client.socket.emit("blob", Buffer.alloc(n, 7));
    }
    await until(() => replies === 3 * N && acks === N, { what: "all replies and acks" });

    const now = read(served.probe);
    expect(now.by(MESSAGES, "event", IN)).toEqual({ chat: 2 * N, blob: N });
    expect(now.by(MESSAGES, "event", OUT)).toEqual({ reply: 2 * N, "blob back": N });
    expect(now.by(MESSAGES, "kind", IN)).toEqual({ connect: 1, event: 3 * N });
    expect(now.by(MESSAGES, "kind", OUT)).toEqual({ connect: 1, event: 3 * N, ack: N });
    expect(now.sum(BYTES, IN)).toBe(client.bytes.out);
    expect(now.sum(BYTES, OUT)).toBe(client.bytes.in);
    expect(now.by("websocket.server.active_connections", "transport")).toEqual({ [transport]: 1 });
    expect(served.attachment?.finding.state).toBe("attached");
    expect(served.faults).toEqual([]);
  });

  it("counts a broadcast once, and its messages once per recipient", async () => {
    const first = await start();
    const clients = [first, ...Array.from({ length: 6 }, () => served.client(clientOptions as never))];
    await Promise.all(clients.map(({ connected }) => connected));
    const [alone] = await served.io.fetchSockets();
    let heard = 0;
    for (const { socket } of clients) socket.on("news", () => heard++);
    alone?.join("a");
    [...served.io.of("/").sockets.values()].slice(3, 5).forEach((socket) => {
      socket.join(["a", "b"]);
    });

    served.io.emit("news", 1);
    served.io.to("a").emit("news", 2);
    served.io.to(["a", "b"]).emit("news", 3);
    served.io.except("b").emit("news", 4);
    served.io
      .of("/")
      .sockets.get(alone?.id ?? "")
      ?.broadcast.emit("news", 5);
    served.io
      .of("/")
      .sockets.get(alone?.id ?? "")
      ?.emit("news", 6);
    const expected = [7, 3, 3, 5, 6];
    await until(() => heard === expected.reduce((a, b) => a + b) + 1, { what: "all news" });

    const now = read(served.probe);
    expect(now.sum("websocket.server.broadcasts")).toBe(expected.length);
    const fanout = now.histogram("websocket.server.broadcast.fanout");
    expect([fanout?.count, fanout?.sum, fanout?.min, fanout?.max]).toEqual([5, 24, 3, 7]);
    expect(now.histogram("websocket.server.broadcast.duration")?.count).toBe(5);
    expect(now.by(MESSAGES, "event", OUT)).toEqual({ news: 25 });
    expect(now.by(MESSAGES, "kind", OUT)).toEqual({ connect: 7, event: 25 });
    expect(now.sum(BYTES, OUT)).toBe(clients.reduce((sum, { bytes }) => sum + bytes.in, 0));
  });
});

describe("messages of a Socket.IO server", () => {
  it("are told apart by namespace-proof names, with acks, escapes and numbers", async () => {
    served = await serve();
    const admin = served.io.of("/admin");
    admin.on("connection", (socket) => {
      socket.on('say "hi"\n', (done) => done());
      socket.on("1", () => undefined);
      socket.on("x".repeat(300), () => undefined);
      socket.on("", () => undefined);
    });
    const client = served.client({ namespace: "/admin", transports: ["websocket"] });
    await client.connected;
    client.socket.emit('say "hi"\n', () => undefined);
    client.socket.emit(1 as never);
    client.socket.emit("x".repeat(300));
    client.socket.emit("x".repeat(301));
    client.socket.emit("", Buffer.alloc(3));
    await client.socket.timeout(5000).emitWithAck('say "hi"\n');

    expect(read(served.probe).by(MESSAGES, "event", IN)).toEqual({
      'say "hi"\n': 2,
      "1": 1,
      ["x".repeat(128)]: 2,
      "": 1,
    });
  });

  it("that a client floods with random names share a place, and real names come back to their own", async () => {
    served = await serve({}, { probe: { caps: { events: 20 } } });
    served.io.on("connection", (socket) => socket.on("done", (done) => done()));
    const client = served.client({ transports: ["websocket"] });
    await client.connected;
    for (let i = 0; i < 500; i++) client.socket.emit(`random ${i}`);
    await client.socket.timeout(5000).emitWithAck("done");
    const before = read(served.probe).by(MESSAGES, "event", IN);
    expect(Object.keys(before)).toHaveLength(21);
    expect(before._other).toBe(481);
    // Thirty intervals later the coldest names gave up their places.
    await until(
      async () => {
        await client.socket.timeout(5000).emitWithAck("done");
        return (read(served.probe).by(MESSAGES, "event", IN).done ?? 0) > 0;
      },
      { what: "a place for the name", timeoutMs: 10_000 },
    );
    const after = read(served.probe);
    expect(after.sum(MESSAGES, { ...IN, kind: "event" })).toBeGreaterThan(500);
  });

  it("that are volatile count only when they were sent", async () => {
    served = await serve();
    const client = served.client({ transports: ["polling"] });
    await client.connected;
    let heard = 0;
    client.socket.on("v", () => heard++);
    client.socket.on("end", () => client.socket.emit("ended"));
    const [socket] = [...served.io.of("/").sockets.values()];
    for (let i = 0; i < 50; i++) socket?.volatile.emit("v", i);
    socket?.emit("end");
    await new Promise<void>((resolve) => socket?.once("ended", () => resolve()));
    expect(read(served.probe).by(MESSAGES, "event", OUT)).toEqual({ ...(heard > 0 ? { v: heard } : {}), end: 1 });
  });

  it("are counted without names for a parser that wsight does not know", async () => {
    class Encoder {
      encode(packet: object) {
        return [JSON.stringify(packet)];
      }
    }
    class Decoder extends EventEmitter {
      add(text: string) {
        this.emit("decoded", JSON.parse(text));
      }
      destroy() {}
    }
    const parser = { Encoder, Decoder };
    served = await serve({ parser });
    served.io.on("connection", (socket) => socket.on("x", (done) => done()));
    const client = served.client({ transports: ["websocket"], parser } as never);
    await client.connected;
    await client.socket.timeout(5000).emitWithAck("x");
    const now = read(served.probe);
    expect(now.by(MESSAGES, "kind", IN)).toEqual({ text: 2 });
    expect(now.sum(BYTES, IN)).toBe(client.bytes.out);
    expect(served.attachment?.finding.state).toBe("partial");
    expect(served.attachment?.finding.notes).toContain("custom parser: messages are counted without event names");
  });

  it("are counted when made, by an Engine.IO that does not tell of flushes", async () => {
    served = await serve();
    served.io.engine.prependListener("connection", (raw: { flush(): void }) => {
      const flush = raw.flush;
      raw.flush = function (this: { emit: unknown }) {
        const { emit } = this as { emit: (...args: unknown[]) => boolean };
        this.emit = (type: string, ...args: unknown[]) => type === "flush" || emit.call(this, type, ...args);
        flush.call(this);
        this.emit = emit;
      };
    });
    served.io.on("connection", (socket) => socket.on("x", () => socket.emit("y")));
    const client = served.client({ transports: ["websocket"] });
    await client.connected;
    await until(() => served.attachment?.finding.state === "partial", { what: "the self-test" });
    for (let i = 0; i < 10; i++) client.socket.emit("x");
    await once(client.socket as never, "y");
    await until(() => read(served.probe).by(MESSAGES, "event", OUT).y === 10, { what: "ten messages" });
  });
});
