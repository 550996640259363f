import { resolvePlan, runLoad } from "@wsight/load";
import type { LoadPlan } from "@wsight/protocol";
import type { Socket } from "socket.io";
import { describe, expect, it } from "vitest";
import { ioServer } from "./servers.ts";

function plan(url: string, more: Parameters<typeof resolvePlan>[0] | object = {}): LoadPlan {
  return resolvePlan({
    url,
    library: "socket.io",
    profile: "custom",
    connections: 10,
    interval: 0.1,
    duration: 0.5,
    ramp: 0.1,
    timeoutMs: 10_000,
    ...more,
  });
}

/** A connection that opened late, on a busy machine, missed the first of its times. */
function expectSent(sent: number): void {
  expect(sent).toBeLessThanOrEqual(50);
  expect(sent).toBeGreaterThan(25);
}

describe("load on a Socket.IO server", () => {
  it("finds that it acknowledges, and times that", async () => {
    const heard: unknown[] = [];
    const { url } = await ioServer((io) =>
      io.on("connection", (socket) =>
        socket.on("message", (data, ack) => {
          heard.push(data);
          ack("fine");
        }),
      ),
    );
    const { plan: ran, connections, messages } = await runLoad(plan(url));
    expect(ran.message.reply).toBe("ack");
    expect(connections).toMatchObject({ wanted: 10, opened: 10, failed: 0, dropped: 0 });
    expectSent(messages.sent);
    expect(messages).toMatchObject({ answered: messages.sent, lost: 0, latency: { count: messages.sent } });
    expect(heard[1]).toMatchObject({ type: "load", n: 0 });
  });

  it("joins a namespace with credentials, and takes binary acknowledgements", async () => {
    const transports = new Set<string>();
    const { url } = await ioServer((io) => {
      io.of("/chat").use((socket, next) => next(socket.handshake.auth.key === "k" ? undefined : new Error("no key")));
      io.of("/chat").on("connection", (socket) => {
        transports.add(socket.conn.transport.name);
        socket.on("say", (_text, ack) => ack(Buffer.from("bytes")));
      });
    });
    const own = { namespace: "/chat", auth: { key: "k" }, event: "say", message: '"hi {{n}}"' };
    const { messages } = await runLoad(plan(url, own));
    expectSent(messages.sent);
    expect(messages.answered).toBe(messages.sent);
    expect(transports).toEqual(new Set(["websocket"]));
    await expect(runLoad(plan(url, { ...own, auth: { key: "wrong" } }))).rejects.toThrow(
      "got refused by namespace /chat: no key. Look at --namespace and --auth",
    );
  });

  it.each([
    ["echo", (socket: Socket) => socket.on("message", (data) => socket.emit("message", data))],
    ["any", (socket: Socket) => socket.on("message", () => socket.emit("thanks", { for: "that" }))],
    ["none", () => undefined],
  ])("finds that it answers by %s", async (reply, serve) => {
    const { url } = await ioServer((io) => io.on("connection", (socket) => void serve(socket)));
    const result = await runLoad(plan(url));
    expect(result.plan.message.reply).toBe(reply);
    expectSent(result.messages.sent);
    expect(result.messages).toMatchObject({ answered: reply === "none" ? 0 : result.messages.sent, lost: 0 });
    expect(result.messages.latency === null).toBe(reply === "none");
    expect(result.warnings.join()).toMatch(reply === "none" ? /no latency is measured: give an event/ : /^/);
    // Nobody asked for the default gates on latency: without answers only connections are judged.
    expect(result.verdict.length).toBe(reply === "none" ? 1 : 4);
  });

  it("counts a lost acknowledgement as lost, with its time in the latency", async () => {
    let heard = 0;
    const { url } = await ioServer((io) =>
      io.on("connection", (socket) => socket.on("message", (_data, ack) => heard++ % 2 === 0 && ack())),
    );
    const { messages, verdict } = await runLoad(plan(url, { timeoutMs: 1500 }));
    expect(messages.lost + messages.answered).toBe(messages.sent);
    expect(Math.abs(messages.lost - messages.answered)).toBeLessThan(3);
    expect(messages.latency?.count).toBe(messages.sent);
    expect(messages.latency?.p90).toBeGreaterThan(1490);
    expect(verdict.find(({ gate }) => gate.figure === "messages")?.passed).toBe(false);
  });

  it("stays connected by the server's heartbeat", async () => {
    const { url } = await ioServer(
      (io) => io.on("connection", (socket) => socket.on("message", (_data, ack) => ack())),
      { pingInterval: 300, pingTimeout: 1500 },
    );
    const { connections } = await runLoad(plan(url, { duration: 3 }));
    expect(connections.dropped).toBe(0);
  });

  it("tells of connections that the server throws out", async () => {
    const { url } = await ioServer((io) =>
      io.on("connection", (socket) => socket.on("message", (data, ack) => (data.n > 1 ? socket.disconnect() : ack()))),
    );
    const { connections, passed } = await runLoad(plan(url, { duration: 1.5 }));
    expect(connections.dropped).toBe(10);
    expect(connections.failures).toContainEqual({ reason: "dropped: disconnected by the server", count: 10 });
    expect(passed).toBe(false);
  });
});
