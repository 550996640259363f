import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { until } from "@wsight/testkit";
import { Server } from "socket.io";
import { io as connectIo, type Socket } from "socket.io-client";
import { afterEach, describe, expect, it } from "vitest";
import { type Monitor, monitor } from "wsight";
import { signInAt, type View, view } from "./mount-client.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Chat {
  readonly url: string;
  readonly io: Server;
  readonly monitored: Monitor;
}

/** A chat whose server is also the dashboard's; says back, and to a room. */
async function startChat(options: ConstructorParameters<typeof Server>[1] = {}): Promise<Chat> {
  const server = createServer((_request, response) => response.writeHead(404).end());
  const io = new Server(server, options);
  io.on("connection", (socket) => {
    socket.on("join", (room, done) => {
      socket.join(room);
      done();
    });
    socket.on("say", (room, text) => io.to(room).emit("said", text));
    socket.on("echo", (text, answer) => answer(text));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => io.close());
  const monitored = await monitor({ io }, { port: 0, data: null, quiet: true, mount: "/" });
  cleanups.push(() => monitored.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, io, monitored };
}

async function join(url: string, transport: "polling" | "websocket", room: string): Promise<Socket> {
  const client = connectIo(url, { transports: [transport], forceNew: true, reconnection: false });
  cleanups.push(() => client.disconnect());
  await client.emitWithAck("join", room);
  return client;
}

describe("the application's own Socket.IO beside a mounted dashboard", () => {
  it("answers on both transports and on the way from one to the other", async () => {
    const { url } = await startChat();
    for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
      const client = connectIo(url, { transports, forceNew: true });
      cleanups.push(() => client.disconnect());
      expect(await client.emitWithAck("echo", "hello")).toBe("hello");
      if (transports.length === 2)
        await until(() => client.io.engine.transport.name === "websocket", { what: "the upgrade" });
      expect(await client.emitWithAck("echo", "again")).toBe("again");
    }
  });

  it("does not end live views with the timer by which it ends upgrades that nobody took", async () => {
    const { url, monitored } = await startChat({ destroyUpgradeTimeout: 50 });
    const live = await view(url, await signInAt(url, monitored.link ?? ""));
    await until(() => live.ticks() >= 3, { what: "three ticks" });
    expect(live.socket.readyState).toBe(live.socket.OPEN);
  });

  it("still ends an upgrade that is neither's", async () => {
    const { url } = await startChat({ destroyUpgradeTimeout: 50 });
    const stranger = new (await import("ws")).WebSocket(`${url.replace("http", "ws")}/ws/nobody`);
    expect(String((await once(stranger, "error"))[0])).toContain("socket hang up");
  });

  it("loses no message and tells none twice while 200 clients chat and 20 viewers watch", async () => {
    const { url, monitored } = await startChat();
    const cookie = await signInAt(url, monitored.link ?? "");
    const views: View[] = await Promise.all(Array.from({ length: 20 }, () => view(url, cookie)));
    const rooms = Array.from({ length: 10 }, (_, i) => `room ${i}`);
    const clients = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const room = rooms[i % rooms.length] ?? "";
        const heard = new Map<string, number>();
        const socket = await join(url, i % 3 === 0 ? "polling" : "websocket", room);
        socket.on("said", (text) => heard.set(text, (heard.get(text) ?? 0) + 1));
        return { socket, room, heard, name: `client ${i}` };
      }),
    );
    for (let round = 0; round < 10; round++) {
      for (const { socket, room, name } of clients) socket.emit("say", room, `${name}, ${room}, round ${round}`);
      await until(() => clients.every(({ heard }) => heard.size >= (round + 1) * 20), {
        what: `all messages of round ${round}`,
        timeoutMs: 20_000,
      });
    }
    for (const { room, heard } of clients) {
      expect(heard.size).toBe(200);
      expect([...heard.values()].every((times) => times === 1)).toBe(true);
      expect([...heard.keys()].every((text) => text.includes(room))).toBe(true);
    }
    await until(() => views.every(({ ticks }) => ticks() >= 3), { what: "ticks for all viewers" });
    expect(views.every(({ socket }) => socket.readyState === socket.OPEN)).toBe(true);
  });
});
