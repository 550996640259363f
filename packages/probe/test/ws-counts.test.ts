import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { createProbe } from "@wsight/probe";
import { until } from "@wsight/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import {
  BYTES,
  CLOSES,
  exchange,
  HANDSHAKES,
  IN,
  listen,
  MESSAGES,
  messages,
  OPEN,
  OPENED,
  OUT,
  REJECTIONS,
  read,
  type Served,
  serve,
  upgradeRequest,
} from "./ws-support.ts";

const SIZES = [0, 1, 31, 33, 125, 126, 127, 4096, 65_535, 65_536, 100_000];
const TEXTS = SIZES.flatMap((size) => ["a".repeat(size), "é".repeat(size), "🙂".repeat(Math.ceil(size / 4))]);
const TEXT = { kind: "text" } as const;
const BINARY = { kind: "binary" } as const;

let served: Served | undefined;
afterEach(async () => {
  await served?.close();
  served = undefined;
});

describe.each([
  ["plain", false],
  ["compressed", true],
])("messages of known sizes, %s,", (_name, perMessageDeflate) => {
  it("are counted exactly on their way in, in text, binary and fragments", async () => {
    served = await serve({ perMessageDeflate });
    const { client, socket } = await served.connect({ perMessageDeflate });
    const expected = TEXTS.length + SIZES.length + 1;
    const arrived = messages(socket, expected);
    let bytes = 0;
    for (const text of TEXTS) {
      client.send(text);
      bytes += Buffer.byteLength(text);
    }
    for (const size of SIZES) {
      client.send(Buffer.alloc(size, 7));
      bytes += size;
    }
    for (const [i, part] of ["one", " två", " tre"].entries()) {
      client.send(part, { fin: i === 2 });
      bytes += Buffer.byteLength(part);
    }
    await arrived;
    const reading = read(served.probe);
    expect(reading.sum(MESSAGES, { ...IN, ...TEXT })).toBe(TEXTS.length + 1);
    expect(reading.sum(MESSAGES, { ...IN, ...BINARY })).toBe(SIZES.length);
    expect(reading.sum(BYTES, IN)).toBe(bytes);
    expect(reading.histogram("websocket.server.message.size", IN)).toMatchObject({ count: expected, sum: bytes });
    expect(reading.histogram("websocket.server.handler.duration")?.count).toBe(expected);
    expect(reading.sum(MESSAGES, OUT)).toBe(0);
  });

  it.each(["nodebuffer", "arraybuffer", "fragments"] as const)("count the same as %s", async (binaryType) => {
    served = await serve({ perMessageDeflate });
    const { client, socket } = await served.connect({ perMessageDeflate });
    socket.binaryType = binaryType;
    const arrived = messages(socket, SIZES.length);
    for (const size of SIZES) client.send(Buffer.alloc(size, 7));
    await arrived;
    const bytes = SIZES.reduce((sum, size) => sum + size, 0);
    expect(read(served.probe).sum(BYTES, IN)).toBe(bytes);
  });

  it("are counted exactly on their way out, whatever send() is given", async () => {
    served = await serve({ perMessageDeflate });
    const { client, socket } = await served.connect({ perMessageDeflate });
    const texts: unknown[] = [...TEXTS, 42, 0, -1.5];
    const binaries: unknown[] = [
      ...SIZES.map((size) => Buffer.alloc(size, 1)),
      new ArrayBuffer(17),
      new Uint16Array(9),
      new DataView(new ArrayBuffer(32), 4, 8),
      [1, 2, 3],
      new Blob(["from a blob"]),
      null,
      undefined,
    ];
    const expected = texts.length + binaries.length + 4;
    const arrived = messages(client, expected);
    for (const data of [...texts, ...binaries]) socket.send(data as string);
    socket.send("as binary", { binary: true });
    socket.send(Buffer.from("as text"), { binary: false }, () => undefined);
    socket.send("with a callback", () => undefined);
    socket.send(Buffer.from([1, 2, 3]), { fin: false });
    socket.send("the rest of it", { fin: true });
    const got = await arrived;
    const bytes = got.reduce((sum, { data }) => sum + data.length, 0);
    const reading = read(served.probe);
    expect(reading.sum(MESSAGES, { ...OUT, ...TEXT })).toBe(got.filter(({ binary }) => !binary).length);
    expect(reading.sum(MESSAGES, { ...OUT, ...BINARY })).toBe(got.filter(({ binary }) => binary).length);
    expect(reading.sum(BYTES, OUT)).toBe(bytes);
    expect(reading.histogram("websocket.server.message.size", OUT)).toMatchObject({ count: expected, sum: bytes });
  });
});

describe("what is not sent is not counted:", () => {
  it("a send after close, a send that throws, an unfinished message", async () => {
    served = await serve();
    const { client, socket } = await served.connect();
    expect(() => socket.send(Symbol("never") as never)).toThrow();
    expect(() => socket.send(true as never)).toThrow();
    socket.send("unfinished", { fin: false });
    socket.close();
    socket.send("too late");
    await once(client, "close");
    expect(read(served.probe).sum(MESSAGES, OUT)).toBe(0);
  });
});

describe("connections", () => {
  it("are told by close code, with how long they lived", async () => {
    served = await serve();
    for (const code of [1000, 1001, 4001]) {
      const { client, socket } = await served.connect();
      const closed = once(socket, "close");
      client.close(code);
      await closed;
    }
    const { client, socket } = await served.connect();
    const closed = once(socket, "close");
    client.terminate();
    await closed;
    const reading = read(served.probe);
    expect(reading.by(CLOSES, "reason")).toEqual({ 1000: 1, 1001: 1, 4001: 1, 1006: 1 });
    expect(reading.histogram("websocket.server.connection.duration")?.count).toBe(4);
    expect(reading.sum(OPENED)).toBe(4);
    expect(reading.sum(OPEN)).toBe(0);
  });

  it("that were open before attaching are watched from then on", async () => {
    served = await serve({}, { watched: false });
    const { client, socket } = await served.connect();
    served.probe.attach(served.wss);
    const arrived = messages(socket, 1);
    client.send("hello");
    await arrived;
    const reading = read(served.probe);
    expect(reading.sum(OPEN)).toBe(1);
    expect(reading.sum(OPENED)).toBe(1);
    expect(reading.sum(MESSAGES, IN)).toBe(1);
  });

  it("are counted without the library's client tracking", async () => {
    served = await serve({ clientTracking: false });
    const first = await served.connect();
    await served.connect();
    expect(read(served.probe).sum(OPEN)).toBe(2);
    const closed = once(first.socket, "close");
    first.client.close();
    await closed;
    expect(read(served.probe).sum(OPEN)).toBe(1);
    expect(served.attachment?.finding.notes.join()).toContain("client tracking off");
    served.attachment?.detach();
    expect(read(served.probe).sum(OPEN)).toBe(0);
  });

  it("have a round trip for every ping of the application, and none for a pong nobody asked for", async () => {
    served = await serve();
    const { client, socket } = await served.connect();
    for (let i = 0; i < 5; i++) {
      const pong = once(socket, "pong");
      socket.ping(i % 2 === 0 ? "beat" : undefined);
      await pong;
    }
    const unasked = once(socket, "pong");
    client.pong("unasked");
    await unasked;
    const roundTrip = read(served.probe).histogram("websocket.server.rtt", { source: "ws_ping" });
    expect(roundTrip?.count).toBe(5);
    expect(roundTrip?.max).toBeLessThan(5);
  });

  it("show what waits in their send buffers", async () => {
    served = await serve();
    const { client, socket } = await served.connect();
    await served.connect();
    client.pause();
    for (let i = 0; i < 40; i++) socket.send(Buffer.alloc(1024 * 1024));
    await until(() => read((served as Served).probe).sum("websocket.server.send.buffered.max") > 1024 * 1024, {
      what: "the look at send buffers",
    });
    const reading = read(served.probe);
    expect(reading.sum("websocket.server.send.buffered")).toBe(reading.sum("websocket.server.send.buffered.max"));
    expect(reading.sum("websocket.server.send.buffered")).toBeLessThanOrEqual(40 * (1024 * 1024 + 14));
  });
});

describe("handshakes", () => {
  it("that are refused are counted by status, accepted ones and all of them are timed", async () => {
    served = await serve({
      path: "/chat",
      verifyClient: ({ req }, answer) => setImmediate(() => answer(req.headers.origin !== "evil", 403)),
    });
    const { port, probe } = served;
    const good = "GET /chat HTTP/1.1";
    await served.connect({ path: "/chat" });
    await exchange(port, upgradeRequest({}, "GET /other HTTP/1.1"));
    await exchange(port, upgradeRequest({ "Sec-WebSocket-Key": "short" }, good));
    await exchange(port, upgradeRequest({}, "POST /chat HTTP/1.1"));
    await exchange(port, upgradeRequest({ Origin: "evil" }, good));
    const reading = read(probe);
    expect(reading.by(REJECTIONS, "reason")).toEqual({ 400: 2, 403: 1, 405: 1 });
    expect(reading.histogram(HANDSHAKES, { outcome: "rejected" })?.count).toBe(4);
    expect(reading.histogram(HANDSHAKES, { outcome: "accepted" })?.count).toBe(1);
  });

  it("whose client goes away before the answer are aborted", async () => {
    const asked: (() => void)[] = [];
    served = await serve({ verifyClient: (_info, answer) => void asked.push(() => answer(true)) });
    const { port, probe } = served;
    const client = connect(port, "127.0.0.1");
    client.write(upgradeRequest());
    await until(() => asked.length === 1, { what: "verifyClient" });
    client.resetAndDestroy();
    await until(() => read(probe).by(REJECTIONS, "reason").aborted === 1, { what: "the attempt to be settled" });
    expect(read(probe).histogram(HANDSHAKES, { outcome: "aborted" })?.count).toBe(1);
    for (const answer of asked) answer();
    expect(read(probe).sum(OPENED)).toBe(0);
  });

  it("of several servers behind one HTTP server are told apart, also without a connection event", async () => {
    const probe = createProbe({ intervalMs: 100 });
    const http = createServer();
    const chat = new WebSocketServer({ noServer: true });
    const feed = new WebSocketServer({
      noServer: true,
      verifyClient: ({ req }: { req: IncomingMessage }) => req.url !== "/feed?no",
    });
    probe.attach(chat, { name: "chat" });
    probe.attach(feed, { name: "feed" });
    http.on("upgrade", (request, stream: Duplex, head) => {
      const target = request.url === "/chat" ? chat : feed;
      target.handleUpgrade(request, stream, head, (socket, incoming) => {
        socket.on("message", (data) => socket.send(data));
        if (target === chat) target.emit("connection", socket, incoming);
      });
    });
    const port = await listen(http);
    const open = async (path: string): Promise<WebSocket> => {
      const client = new WebSocket(`ws://127.0.0.1:${port}${path}`);
      await once(client, "open");
      return client;
    };
    const clients = [await open("/chat"), await open("/feed"), await open("/feed")];
    await exchange(port, upgradeRequest({}, "GET /feed?no HTTP/1.1"));
    for (const client of clients) {
      const echoed = messages(client, 1);
      client.send("x");
      await echoed;
    }
    const reading = read(probe);
    for (const [server, open, rejected] of [
      ["chat", 1, 0],
      ["feed", 2, 1],
    ] as const) {
      const where = { "ws.server": server };
      expect(reading.sum(OPEN, where)).toBe(open);
      expect(reading.sum(OPENED, where)).toBe(open);
      expect(reading.sum(MESSAGES, { ...IN, ...where })).toBe(open);
      expect(reading.sum(MESSAGES, { ...OUT, ...where })).toBe(open);
      expect(reading.sum(REJECTIONS, where)).toBe(rejected);
      expect(reading.histogram(HANDSHAKES, { ...where, outcome: "accepted" })?.count).toBe(open);
    }
    for (const client of clients) client.terminate();
    http.close();
    probe.close();
  });

  it("are counted on a server that ws made itself", async () => {
    const probe = createProbe({ intervalMs: 100 });
    const wss = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await once(wss, "listening");
    const { port } = wss.address() as { port: number };
    const attachment = probe.attach(wss);
    const client = new WebSocket(`ws://127.0.0.1:${port}`);
    await once(client, "open");
    await exchange(port, upgradeRequest({ "Sec-WebSocket-Version": "12" }));
    expect(read(probe).by(REJECTIONS, "reason")).toEqual({ 400: 1 });
    expect(read(probe).sum(OPENED)).toBe(1);
    expect(attachment.finding).toMatchObject({ library: "ws", server: "ws", state: "attached" });
    expect(attachment.finding.version).toMatch(/^8\.\d+\.\d+$/);
    expect(attachment.finding.notes).toEqual([
      `own server, port ${port}`,
      "payload limit 100 MiB",
      "permessage-deflate off",
    ]);
    client.terminate();
    wss.close();
    probe.close();
  });
});

describe("the application's callbacks", () => {
  it("say whose connection it is, after its own connection handlers ran", async () => {
    served = await serve(
      {},
      {
        probe: {
          getUser: (socket) => (socket as { user?: string }).user,
          getChannel: (_socket, request) => (request as { url: string }).url.slice(1),
        },
      },
    );
    const names = ["ada", "ada", "bob", undefined];
    served.wss.on("connection", (socket) => Object.assign(socket, { user: names.shift() }));
    const first = await served.connect({ path: "/lobby" });
    await served.connect({ path: "/lobby" });
    await served.connect({ path: "/ops" });
    await served.connect();
    const { connections } = served.probe.getSummary();
    expect(connections.by_user).toEqual({ ada: 2, bob: 1 });
    expect(connections.by_channel).toEqual({ lobby: 2, ops: 1 });
    const closed = once(first.socket, "close");
    first.client.close();
    await closed;
    expect(served.probe.getSummary().connections.by_user).toEqual({ ada: 1, bob: 1 });
  });

  it("name the events of messages, each counted once", async () => {
    served = await serve({}, { probe: { getEvent: (data) => (JSON.parse(String(data)) as { type?: string }).type } });
    const { client, socket } = await served.connect();
    const types = ["chat", "chat", "move", undefined, "chat"];
    const odd = 20;
    const arrived = messages(socket, types.length + odd);
    for (let i = 0; i < odd; i++) client.send("no JSON");
    for (const type of types) client.send(JSON.stringify({ type }));
    await arrived;
    const reading = read(served.probe);
    expect(reading.by(MESSAGES, "event", IN)).toEqual({ chat: 3, move: 1 });
    expect(reading.sum(MESSAGES, IN)).toBe(types.length + odd);
    expect(reading.histogram("websocket.server.handler.duration", { event: "chat" })?.count).toBe(3);
    expect(served.faults.map(({ source }) => source)).toEqual(["getEvent"]);
  });

  // Such answers opened the breaker of the handshakes, after which new sockets were not watched.
  it("may answer with what throws when it is looked at, and connections go on being watched", async () => {
    const hostile = new Proxy(
      {},
      {
        has: () => {
          throw new Error("hostile");
        },
      },
    );
    served = await serve({}, { probe: { getUser: () => hostile as string, getChannel: () => hostile as string } });
    for (let i = 0; i < 12; i++) await served.connect();
    expect(served.faults).toEqual([]);
    expect(served.attachment?.finding.state).toBe("attached");
    expect(served.probe.getSummary().connections).toMatchObject({ total: 12, created: 12, by_user: {} });
  });

  it("count as nobody when they throw or answer with a promise, and end nothing", async () => {
    const options = {
      getUser: () => {
        throw new Error("no user today");
      },
      getChannel: () => Promise.reject(new Error("unheard")) as unknown as string,
    };
    served = await serve({}, { probe: options });
    const { client, socket } = await served.connect();
    const arrived = messages(socket, 1);
    client.send("still here");
    await arrived;
    expect(served.probe.getSummary().connections).toMatchObject({ total: 1, by_user: {}, by_channel: {} });
    expect(served.faults.map(({ source }) => source).sort()).toEqual(["getChannel", "getUser"]);
    const { probe } = served;
    const faults = await until(
      () => {
        const rows = read(probe).by("wsight.probe.hook.errors", "integration");
        return Object.keys(rows).length > 0 && rows;
      },
      { what: "the faults in a snapshot" },
    );
    expect(faults).toEqual({ getUser: 1, getChannel: 1 });
  });
});
