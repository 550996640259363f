import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { until } from "@wsight/testkit";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { exchange, MESSAGES, messages, OUT, read, type Served, serve, upgradeRequest } from "./ws-support.ts";

let served: Served | undefined;
afterEach(async () => {
  await served?.close();
  served = undefined;
});

const EVENTS = ["message", "close", "pong", "custom", "error"] as const;

/** One thing an application may do to its side of a socket. */
const step = fc.oneof(
  fc.record({
    do: fc.constantFrom("on", "once", "prependListener", "prependOnceListener", "addEventListener", "off"),
    event: fc.constantFrom(...EVENTS),
    handler: fc.nat(3),
  }),
  fc.record({ do: fc.constantFrom("removeAllListeners", "emit", "onevent"), event: fc.constantFrom(...EVENTS) }),
  fc.record({ do: fc.constantFrom("receive", "send", "ping", "replaceSend", "patchEmit") }),
) as fc.Arbitrary<{ do: string; event?: (typeof EVENTS)[number]; handler?: number }>;

/** Plays a program on the server's side of a socket and tells everything an application can see of it. */
async function play(program: readonly { do: string; event?: string; handler?: number }[], watched: boolean) {
  const log: unknown[] = [];
  // A handler that throws at the library's own event is a crash, which a process of its own shows.
  let byHand = false;
  const { connect, close } = await serve({}, { watched });
  const { client, socket } = await connect();
  const handlers = [0, 1, 2, 3].map((n) =>
    Object.assign(
      function handler(this: unknown, ...args: unknown[]) {
        log.push([n, this === socket, args.length, args.map(shape)]);
        if (n === 3 && byHand) throw new RangeError(`handler ${n}`);
      },
      { n },
    ),
  );
  const nameOf = (listener: unknown): unknown => (listener as { n?: number }).n ?? (listener as { name: string }).name;
  const look = (): void => {
    log.push(socket.eventNames().map(String));
    for (const event of EVENTS) {
      log.push([
        event,
        socket.listenerCount(event),
        socket.listeners(event).map(nameOf),
        socket.rawListeners(event).map(nameOf),
      ]);
    }
    log.push([keysOf(socket), socket.send.length, socket.emit.length, socket.ping.length, socket.send.name]);
    log.push([String(socket), socket instanceof WebSocket, socket.constructor === WebSocket, socket.readyState]);
  };
  for (const { do: what, event = "custom", handler = 0 } of program) {
    try {
      log.push(await act(what, event, handler));
    } catch (error) {
      log.push([what, event, (error as Error).name, (error as Error).message]);
    }
    look();
  }
  for (const event of ["message", "close", "pong"]) socket.removeAllListeners(event);
  const closed = once(client, "close");
  client.close(1000);
  log.push((await closed).map(shape));
  await close();
  return log;

  async function act(what: string, event: string, n: number): Promise<unknown> {
    const handler = handlers[n] as (...args: unknown[]) => void;
    switch (what) {
      case "emit":
        byHand = true;
        try {
          return [what, socket.emit(event, Buffer.from("by hand"), true)];
        } finally {
          byHand = false;
        }
      case "onevent":
        socket.onmessage = handlers[1] as never;
        return [what, nameOf(socket.onmessage)];
      case "removeAllListeners":
        return [what, socket.removeAllListeners(event) === socket];
      case "receive": {
        const arrived = messages(socket, 1);
        client.send("from the client");
        await arrived;
        return what;
      }
      case "send": {
        const arrived = messages(client, 2);
        const results = [socket.send("text", () => undefined), socket.send(Buffer.from([1]), { binary: true })];
        return [what, results, (await arrived).map(({ data, binary }) => [String(data), binary])];
      }
      case "ping": {
        const answered = once(socket, "pong");
        const result = socket.ping("x");
        return [what, result, (await answered).map(shape)];
      }
      case "replaceSend": {
        const { send } = socket;
        socket.send = function replaced(this: WebSocket, ...args: unknown[]) {
          log.push("replaced");
          return Reflect.apply(send, this, args);
        } as WebSocket["send"];
        return what;
      }
      case "patchEmit": {
        const { emit } = socket;
        socket.emit = function emitPatched(this: WebSocket, ...args: unknown[]) {
          log.push(["patched", args.length]);
          return Reflect.apply(emit, this, args);
        } as WebSocket["emit"];
        return what;
      }
      case "addEventListener":
        socket.addEventListener(event as "message", handler as never);
        return what;
      default:
        return [what, Reflect.apply(Reflect.get(socket, what), socket, [event, handler]) === socket];
    }
  }
}

/** A method that the application replaces is as hidden from enumeration as the cover it replaces: the one known trace. */
function keysOf(socket: WebSocket): string[] {
  return Object.keys(socket)
    .filter((key) => key !== "send" && key !== "emit")
    .sort();
}

function shape(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return `buffer ${value.toString("latin1")}`;
  if (typeof value !== "object" || value === null) return value;
  return `${value.constructor.name} ${Object.keys(value).sort().join()}`;
}

describe("an application can't tell whether it is watched", () => {
  it("by listeners, handlers, arguments, this, results or errors, whatever it does", { timeout: 120_000 }, async () => {
    const program = fc.array(step, { minLength: 1, maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        expect(await play(steps, true)).toEqual(await play(steps, false));
      }),
      { numRuns: 80 },
    );
  });

  it("by the bytes that answer bad handshakes", async () => {
    const refuse = { verifyClient: ({ req }: { req: IncomingMessage }) => req.url !== "/chat?no", path: "/chat" };
    const get = "GET /chat HTTP/1.1";
    const requests = [
      upgradeRequest({}, "GET /elsewhere HTTP/1.1"),
      upgradeRequest({}, "POST /chat HTTP/1.1"),
      upgradeRequest({ "Sec-WebSocket-Version": "12" }, get),
      upgradeRequest({ "Sec-WebSocket-Version": null }, get),
      upgradeRequest({ "Sec-WebSocket-Key": "short" }, get),
      upgradeRequest({ "Sec-WebSocket-Key": null }, get),
      upgradeRequest({ "Sec-WebSocket-Protocol": "a,,a" }, get),
      upgradeRequest({ "Sec-WebSocket-Extensions": "permessage-deflate; nonsense=;" }, get),
      upgradeRequest({}, "GET /chat?no HTTP/1.1"),
      upgradeRequest({ Upgrade: "h2c" }, get),
      "GET /plain HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
      "nonsense\r\n\r\n",
    ];
    const answers: string[][] = [];
    for (const watched of [false, true]) {
      const { port, close } = await serve({ ...refuse, perMessageDeflate: true }, { watched });
      answers.push(await Promise.all(requests.map((request) => exchange(port, request))));
      await close();
    }
    const dateless = (replies: string[] = []) => replies.map((reply) => reply.replace(/Date: .*\r\n/, ""));
    expect(dateless(answers[1])).toEqual(dateless(answers[0]));
    expect(answers[1]?.map((reply) => reply.slice(9, 12))).toContain("401");
  });

  it("by the 101 reply, and not by 426 of a server that ws made", async () => {
    const replies: string[] = [];
    for (const watched of [false, true]) {
      const { port, close } = await serve({ perMessageDeflate: true }, { watched });
      const request = upgradeRequest({
        "Sec-WebSocket-Extensions": "permessage-deflate",
        "Sec-WebSocket-Protocol": "v1",
      });
      replies.push(await exchange(port, request, 200));
      await close();
    }
    expect(replies[0]).toContain("101 Switching Protocols");
    expect(replies[1]).toBe(replies[0]);
  });

  it("by a wsClientError listener, which still gets to answer itself", async () => {
    served = await serve();
    served.wss.on("wsClientError", (error, stream) => stream.end(`HTTP/1.1 418 ${error.message}\r\n\r\n`));
    const reply = await exchange(served.port, upgradeRequest({ "Sec-WebSocket-Key": "short" }));
    expect(reply).toBe("HTTP/1.1 418 Missing or invalid Sec-WebSocket-Key header\r\n\r\n");
    expect(read(served.probe).by("websocket.server.handshake.rejections", "reason")).toEqual({ 418: 1 });
  });

  it("by the async context of its handlers", async () => {
    served = await serve();
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    served.wss.on("connection", (socket) => {
      storage.run("mine", () => socket.on("message", () => seen.push(storage.getStore())));
      socket.on("message", () => storage.run("inner", () => setImmediate(() => seen.push(storage.getStore()))));
    });
    const { client, socket } = await served.connect();
    const arrived = messages(socket, 1);
    client.send("x");
    await arrived;
    await until(() => seen.length === 2, { what: "both handlers" });
    expect(seen).toEqual([undefined, "inner"]);
  });

  it("by the server's own listeners and keys", async () => {
    const tell = async (watched: boolean): Promise<unknown> => {
      const { wss, http, connect, close } = await serve({}, { watched });
      await connect();
      const events = ["connection", "headers", "error", "close", "wsClientError", "upgrade", "listening"];
      const told = [wss, http].map((emitter) => [
        emitter.eventNames().map(String),
        events.map((event) => emitter.listenerCount(event)),
        Object.keys(emitter),
      ]);
      await close();
      return told;
    };
    expect(await tell(true)).toEqual(await tell(false));
  });
});

describe("detaching", () => {
  const own = (target: object) => Reflect.ownKeys(target).map(String);

  it("leaves nothing on the server, its open sockets or those that closed before", async () => {
    const bare = await serve({}, { watched: false });
    const plain = await bare.connect();
    served = await serve();
    const gone = await served.connect();
    const closed = once(gone.socket, "close");
    gone.client.close();
    await closed;
    const { client, socket } = await served.connect();
    expect(own(socket)).not.toEqual(own(plain.socket));
    served.attachment?.detach();
    served.attachment?.detach();
    expect(own(socket)).toEqual(own(plain.socket));
    expect(own(gone.socket)).toEqual(own(plain.socket));
    expect(own(served.wss)).toEqual(own(bare.wss));
    expect(own(served.http)).toEqual(own(bare.http));
    const arrived = messages(client, 1);
    socket.send("after");
    await arrived;
    const later = await served.connect();
    expect(own(later.socket)).toEqual(own(plain.socket));
    expect(read(served.probe).sum(MESSAGES)).toBe(0);
    expect(served.probe.getSummary().connections.total).toBe(0);
    await bare.close();
  });

  it("keeps what the application put on a socket before or after, and the chain works", async () => {
    served = await serve({}, { watched: false });
    const { client, socket } = await served.connect();
    const sent: unknown[] = [];
    const before = function before(this: WebSocket, ...args: unknown[]) {
      sent.push("before");
      return Reflect.apply(WebSocket.prototype.send, this, args);
    };
    socket.send = before as WebSocket["send"];
    const attachment = served.probe.attach(served.wss);
    const ours = socket.ping;
    const after = function after(this: WebSocket, ...args: unknown[]) {
      sent.push("after");
      return Reflect.apply(ours, this, args);
    };
    socket.ping = after as WebSocket["ping"];
    const arrived = messages(client, 2);
    socket.send("one");
    socket.ping();
    expect(read(served.probe).sum(MESSAGES, OUT)).toBe(1);
    attachment.detach();
    socket.send("two");
    socket.ping();
    await arrived;
    expect(sent).toEqual(["before", "after", "before", "after"]);
    expect(socket.send).toBe(before);
    expect(socket.ping).toBe(after);
    expect(Object.keys(socket)).toContain("send");
    expect(read(served.probe).sum(MESSAGES, OUT)).toBe(1);
  });

  it("lets a handshake that is under way end as it would have", async () => {
    const asked: (() => void)[] = [];
    served = await serve({ verifyClient: (_info, answer) => void asked.push(() => answer(false, 403)) });
    const reply = exchange(served.port, upgradeRequest());
    await until(() => asked.length === 1, { what: "verifyClient" });
    served.attachment?.detach();
    asked[0]?.();
    expect(await reply).toMatch(/^HTTP\/1.1 403 /);
  });

  it("may be followed by attaching again, under the same name, with counts that go on", async () => {
    served = await serve();
    const { client, socket } = await served.connect();
    for (let round = 0; round < 3; round++) {
      served.attachment?.detach();
      const again = served.probe.attach(served.wss);
      expect(again.finding.server).toBe("ws");
      const arrived = messages(socket, 1);
      client.send("x");
      await arrived;
      again.detach();
    }
    expect(read(served.probe).sum(MESSAGES)).toBe(3);
  });
});

describe("one server, watched more than once,", () => {
  it("is counted once: attached twice, and by a probe of another copy of the package", async () => {
    served = await serve();
    expect(served.probe.attach(served.wss)).toBe(served.attachment);
    const home = mkdtempSync(join(import.meta.dirname, "../.copy-"));
    cpSync(join(import.meta.dirname, "../dist"), home, { recursive: true });
    const { createProbe }: typeof import("@wsight/probe") = await import(join(home, "index.js"));
    rmSync(home, { recursive: true });
    const second = createProbe();
    expect(second).not.toBeInstanceOf(served.probe.constructor);
    expect(second.attach(served.wss).finding.state).toBe("partial");
    const { client, socket } = await served.connect();
    const arrived = messages(socket, 1);
    client.send("x");
    await arrived;
    expect(read(served.probe).sum(MESSAGES)).toBe(1);
    expect(read(second).sum(MESSAGES)).toBe(0);
    second.close();
    client.send("y");
    await messages(socket, 1);
    expect(read(served.probe).sum(MESSAGES)).toBe(2);
  });
});

describe("attach", () => {
  it.each([[{}], [null], ["ws"], [{ clients: new Set(), options: {} }]])(
    "refuses %s and says what it knows",
    async (target) => {
      served = await serve();
      const { probe } = served;
      expect(() => probe.attach(target)).toThrow(/attach: expected something of .*ws.*, got /);
    },
  );
});
