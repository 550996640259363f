import { readFileSync } from "node:fs";
import { createProbe } from "@wsight/probe";
import { decodeProbeFrame, type HelloFrame, type TableFrame } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { type AskingHub, askingHub, present } from "./asking.ts";
import { IN, OUT, read, serve as serveIo } from "./socket-io-support.ts";
import { serve as serveWs } from "./ws-support.ts";

const SIZE = "websocket.server.message.size";
const ERRORS = "websocket.server.handler.errors";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

function block(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

type Tables = { readonly [T in TableFrame as T["table"]]: T };

function tableOf<T extends keyof Tables>(hub: AskingHub, name: T): Tables[T] | undefined {
  return hub.tables.get(name) as Tables[T] | undefined;
}

describe("message sizes", () => {
  it("are told by event, and add up to what they were by direction", async () => {
    const served = await serveIo();
    ends.push(served.close);
    served.io.on("connection", (socket) => socket.on("a", (text) => socket.emit("b", text)));
    const { socket, bytes, connected } = served.client({ transports: ["websocket"] });
    let heard = 0;
    socket.on("b", () => heard++);
    await connected;
    for (let i = 0; i < 10; i++) socket.emit("a", "x".repeat(i));
    socket.emit("c");
    await until(() => heard === 10 && read(served.probe).sum("websocket.server.messages", IN) === 12, {
      what: "answers",
    });
    const reading = read(served.probe);
    expect(reading.histogram(SIZE, { ...IN, event: "a" })).toMatchObject({ count: 10 });
    expect(reading.histogram(SIZE, { ...IN, event: "c" })).toMatchObject({ count: 1, sum: '2["c"]'.length });
    expect(reading.histogram(SIZE, { ...OUT, event: "b" })).toMatchObject({ count: 10 });
    expect(reading.merged(SIZE, IN)).toMatchObject({ count: 12, sum: bytes.out });
    expect(reading.merged(SIZE, OUT)).toMatchObject({ count: 11, sum: bytes.in });
  });
});

describe("errors of handlers", () => {
  it("are counted by event, in Socket.IO", async () => {
    const served = await serveIo();
    ends.push(served.close);
    const thrown: unknown[] = [];
    const hear = (error: unknown): void => void thrown.push(error);
    const before = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException").on("uncaughtException", hear);
    ends.push(() => {
      process.removeAllListeners("uncaughtException");
      for (const listener of before) process.on("uncaughtException", listener);
    });
    served.io.on("connection", (socket) => {
      socket.on("bad", () => {
        throw new Error("a handler's own");
      });
    });
    const { socket, connected } = served.client({ transports: ["websocket"] });
    await connected;
    for (let i = 0; i < 3; i++) socket.emit("bad");
    socket.emit("good");
    await until(() => thrown.length === 3, { what: "what was thrown" });
    expect(read(served.probe).by(ERRORS, "event")).toEqual({ bad: 3 });
  });

  it("are counted by event, in ws", async () => {
    const getEvent = (data: unknown): string | null => (String(data) === "named" ? "named" : null);
    const served = await serveWs({}, { probe: { getEvent } });
    ends.push(served.close);
    const { socket } = await served.connect();
    socket.on("message", () => {
      throw new Error("a handler's own");
    });
    expect(() => socket.emit("message", Buffer.from("named"), false)).toThrow("a handler's own");
    expect(() => socket.emit("message", Buffer.from("x"), false)).toThrow("a handler's own");
    expect(read(served.probe).by(ERRORS, "event")).toEqual({ named: 1 });
    expect(read(served.probe).sum(ERRORS)).toBe(2);
  });
});

describe("what was slow", () => {
  it("is listed with its connection: handlers, acknowledgements and broadcasts", async () => {
    const served = await serveIo({}, { probe: { slowMs: 40 } });
    ends.push(served.close);
    served.io.on("connection", (socket) => {
      socket.on("slow", () => block(60));
      socket.on("later", (done) => setTimeout(done, 80));
      socket.on("quick", () => undefined);
    });
    const hub = askingHub(served.probe);
    const { socket, connected } = served.client({ transports: ["websocket"] });
    await connected;
    socket.emit("quick");
    socket.emit("slow");
    await socket.emitWithAck("later");
    const slow = await present(() => {
      const rows = tableOf(hub, "slow")?.rows ?? [];
      return rows.filter(({ seconds }) => seconds > 0.04).length === 2 ? rows : undefined;
    }, "the slow ones");
    const [row] = (await hub.page()).rows;
    const connection = row?.connection;
    expect(slow.find(({ event }) => event === "slow")).toMatchObject({
      kind: "handler",
      library: "socket.io",
      connection,
    });
    expect(slow.find(({ kind }) => kind === "ack")).toMatchObject({ event: "later", connection, bufferedBytes: 0 });
    expect(slow.find(({ event }) => event === "slow")?.seconds).toBeGreaterThan(0.055);
    expect(slow.every(({ queueSeconds }) => queueSeconds === null || queueSeconds >= 0)).toBe(true);
    // Quick ones are there as examples of their octave, and do not count as slow.
    expect(slow.some(({ event }) => event === "quick")).toBe(true);
    expect(tableOf(hub, "slow")?.total).toBe(2);
  });

  it("is bounded, and told only when it changed", async () => {
    const served = await serveWs({}, { probe: { slowMs: 1 } });
    ends.push(served.close);
    const { socket } = await served.connect();
    const hub = askingHub(served.probe);
    let busy = 2;
    socket.on("message", () => block(busy));
    for (let i = 0; i < 120; i++) {
      busy = i % 3 === 0 ? 1.2 : 2.5;
      socket.emit("message", Buffer.from("x"), false);
    }
    await until(() => tableOf(hub, "slow")?.total === 120, { what: "120 slow ones" });
    expect(tableOf(hub, "slow")?.rows.length).toBeGreaterThanOrEqual(50);
    expect(tableOf(hub, "slow")?.rows.length).toBeLessThanOrEqual(100);
    const told = (): number => hub.texts.filter((text) => text.includes('"table":"slow"')).length;
    const before = told();
    const users = (): number => hub.texts.filter((text) => text.includes('"table":"users"')).length;
    const ticks = users();
    await until(() => users() > ticks + 1, { what: "ten more ticks" });
    expect(told()).toBe(before);
  });
});

describe("broadcasts", () => {
  it("are sampled with namespace, recipients and time, and keys are told by how many connections they have", async () => {
    const getUser = (socket: unknown): string =>
      (socket as { handshake: { auth: { user: string } } }).handshake.auth.user;
    const served = await serveIo({}, { probe: { getUser } });
    ends.push(served.close);
    const hub = askingHub(served.probe);
    served.io.on("connection", (socket) => void socket.join(["all", `own ${socket.id}`]));
    const users = ["ada", "ada", "ada", "bob", "cy"];
    await Promise.all(users.map((user) => served.client({ transports: ["websocket"], auth: { user } }).connected));
    for (let i = 0; i < 100; i++) served.io.to("all").emit("news", i);
    const table = await present(() => {
      const told = tableOf(hub, "broadcasts");
      return (told?.rows.length ?? 0) > 0 ? told : undefined;
    }, "broadcasts");
    expect(table).toMatchObject({ total: 100 });
    expect(table?.rows.length).toBeLessThanOrEqual(60);
    expect(table?.rows[0]).toMatchObject({ namespace: "/", recipients: 5 });
    await until(() => tableOf(hub, "users")?.total === 3 && tableOf(hub, "rooms")?.total === 6, { what: "keys" });
    expect(tableOf(hub, "users")).toMatchObject({ total: 3, spread: [2, 0, 1] });
    expect(tableOf(hub, "channels")).toMatchObject({ total: 1, spread: [0, 0, 0, 1] });
    expect(tableOf(hub, "rooms")).toMatchObject({ total: 6, spread: [5, 0, 0, 1] });
  });
});

describe("capacity", () => {
  function helloOf(options: { capacity?: number } = {}): HelloFrame {
    const probe = createProbe(options);
    ends.push(() => probe.close());
    let hello: HelloFrame | undefined;
    probe.connect({
      send(message) {
        const frame = decodeProbeFrame(message);
        if (frame.type === "hello") hello = frame;
        return true;
      },
      onFrame() {},
      close() {},
    });
    expect(read(probe).sum("websocket.server.connection.limit")).toBe(hello?.capacity?.connections ?? Number.NaN);
    return hello as HelloFrame;
  }

  it("is what the application says", () => {
    expect(helloOf({ capacity: 5000 }).capacity).toEqual({ connections: 5000, source: "the capacity option" });
  });

  it.runIf(process.platform === "linux")("is else the limit of open files less what is open already", () => {
    const limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1]);
    const { capacity } = helloOf();
    expect(capacity?.source).toBe(`open files limit ${limit} (ulimit -n)`);
    expect(capacity?.connections).toBeLessThan(limit - 5);
    expect(capacity?.connections).toBeGreaterThan(limit - 500);
  });

  it("can't be nothing", () => {
    expect(() => createProbe({ capacity: 0 })).toThrow("capacity: expected a whole number from 1");
  });
});
