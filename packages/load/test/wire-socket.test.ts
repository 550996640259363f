import { createHash } from "node:crypto";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import type { WebSocket } from "ws";
import { OPCODE } from "../dist/wire/frames.js";
import { openLine } from "./line.ts";
import { echo, rawServer, targetOf, timeWaits, wsServer } from "./servers.ts";

describe("a connection of the tool to a ws server", () => {
  it("says and hears messages of every length", async () => {
    const { url } = await wsServer(echo);
    const line = await openLine(targetOf(url));
    for (const length of [0, 1, 125, 126, 65_535, 65_536, 1_000_000]) {
      line.socket.send(line.writer.text("x".repeat(length)));
      const { opcode, bytes } = await line.message();
      expect([opcode, bytes.length]).toEqual([OPCODE.text, length]);
    }
  });

  it("hears a message in parts, and answers pings", async () => {
    const sockets: WebSocket[] = [];
    const { url } = await wsServer((socket) => sockets.push(socket));
    const line = await openLine(targetOf(url));
    const [socket] = sockets;
    if (socket === undefined) throw new Error("no connection");
    const pong = once(socket, "pong");
    socket.send("one ", { fin: false });
    socket.ping("are you there");
    socket.send("two ", { fin: false });
    socket.send("three");
    expect((await line.message()).bytes.toString()).toBe("one two three");
    expect(String((await pong)[0])).toBe("are you there");
  });

  it("speaks without compression to a server that would compress", async () => {
    const { url } = await wsServer(echo, { perMessageDeflate: { threshold: 0 } });
    const line = await openLine(targetOf(url));
    line.socket.send(line.writer.text("plain"));
    expect((await line.message()).bytes.toString()).toBe("plain");
  });

  it("offers sub-protocols and own headers", async () => {
    let seen: unknown;
    const { url } = await wsServer(() => undefined, {
      verifyClient: ({ req }: { req: { headers: Record<string, unknown> } }) => {
        seen = [req.headers["x-own"], req.headers["sec-websocket-protocol"], req.headers.host];
        return true;
      },
    });
    await openLine(targetOf(`${url}/path`, { headers: { "X-Own": "1", Connection: "close" }, protocols: ["a", "b"] }));
    expect(seen).toEqual(["1", "a, b", new URL(url).host]);
  });

  it("tells why the server ended it", async () => {
    const { url } = await wsServer((socket) => socket.close(4001, "enough of you"));
    expect(await (await openLine(targetOf(url))).closed).toBe("close 4001 enough of you");
  });

  it("says goodbye, which the server gets, and leaves no port in TIME_WAIT", async () => {
    const closes: number[] = [];
    const { url } = await wsServer((socket) => socket.on("close", (code) => closes.push(code)));
    const before = await timeWaits(url);
    const lines = await Promise.all(Array.from({ length: 20 }, () => openLine(targetOf(url))));
    for (const { socket } of lines) socket.close();
    const reasons = await Promise.all(lines.map(({ closed }) => closed));
    expect(new Set(reasons)).toEqual(new Set(["close 1000"]));
    await expect.poll(() => closes, { timeout: 10_000 }).toEqual(Array.from({ length: 20 }, () => 1000));
    expect((await timeWaits(url)).filter((pair) => !before.includes(pair))).toEqual([]);
  });

  it.each([
    [401, "HTTP 401 Unauthorized"],
    [503, "HTTP 503 Service Unavailable"],
  ])("tells of a refusal with %i", async (status, reason) => {
    const { url } = await wsServer(echo, { verifyClient: (_info, decide) => decide(false, status) });
    await expect(openLine(targetOf(url))).rejects.toThrow(reason);
  });
});

describe("a connection of the tool to something else", () => {
  const head = (key: string, more = "") =>
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n${more}\r\n`;
  const accept = (request: Buffer): string => {
    const key = /sec-websocket-key: (\S+)/i.exec(request.toString())?.[1] ?? "";
    return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  };

  it.each([
    ["a wrong accept key", () => head("bm8="), "wrong Sec-WebSocket-Accept"],
    [
      "an extension",
      (request: Buffer) => head(accept(request), "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
      "an extension that was not asked for",
    ],
    ["no HTTP", () => "SSH-2.0-OpenSSH\r\n\r\n", "the answer is no HTTP"],
    ["no end", () => "x".repeat(20_000), "above 16384 bytes"],
    ["a page", () => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP 200 OK"],
  ])("refuses %s", async (_what, answer, reason) => {
    const url = await rawServer((socket) => socket.on("data", (request) => socket.write(answer(request))));
    await expect(openLine(targetOf(url))).rejects.toThrow(reason);
  });

  it("hears what comes with the answer, however it is cut", async () => {
    const url = await rawServer((socket) =>
      socket.once("data", (request) => {
        const bytes = Buffer.concat([Buffer.from(head(accept(request))), Buffer.from([0x81, 5]), Buffer.from("hello")]);
        socket.setNoDelay(true);
        socket.write(bytes.subarray(0, 40));
        setImmediate(() => socket.write(bytes.subarray(40)));
      }),
    );
    expect((await (await openLine(targetOf(url))).message()).bytes.toString()).toBe("hello");
  });

  it("gives up on a server that says nothing", async () => {
    const url = await rawServer(() => undefined);
    await expect(openLine(targetOf(url), 100)).rejects.toThrow("handshake timed out");
  });

  it("ends a connection whose server does not answer its goodbye", async () => {
    const url = await rawServer((socket) => socket.once("data", (request) => socket.write(head(accept(request)))));
    const line = await openLine(targetOf(url));
    line.socket.close();
    expect(await line.closed).toBe("no answer to close");
  });
});
