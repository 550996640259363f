import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { monitor } from "wsight";
import { startHostileHub } from "./hostile-hub.ts";
import { ask, exchange } from "./mount-client.ts";

/** An application that shows the dashboard of whatever listens on a port. */
async function appOver(port: number): Promise<string> {
  const server = createServer((_request, response) => response.end("mine"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close().closeAllConnections());
  // Told to trust it: who has no token does not even send it anything.
  const monitored = await monitor(
    { server },
    { port, token: "eyJhbGciOiJub25lIn0.e30.made_elsewhere", data: null, quiet: true },
  );
  onTestFinished(() => monitored.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("an answer that no hub gives", () => {
  it.each([
    ["a status that can't be", "HTTP/1.1 000 x\r\nContent-Length: 0\r\n\r\n", 503],
    ["a status below 100", "HTTP/1.1 099 x\r\nContent-Length: 0\r\n\r\n", 503],
    ["control characters in its reason", "HTTP/1.1 200 a\x01b\r\nContent-Length: 0\r\n\r\n", 200],
    ["an upgrade nobody asked for", "HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", 503],
    ["two framings at once", "HTTP/1.1 200 x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 503],
    ["no HTTP", "\x00\x01\r\n\r\n", 503],
    ["nothing", "", 503],
  ])("reaches neither the application nor its client: %s", async (_what, bytes, status) => {
    const failures: unknown[] = [];
    const failed = (error: unknown): void => void failures.push(error);
    process.on("uncaughtException", failed);
    onTestFinished(() => void process.off("uncaughtException", failed));
    const hub = await startHostileHub((request) => request.socket.end(Buffer.from(bytes, "latin1")));
    const url = await appOver(hub.port);
    expect((await ask(`${url}/dashboard`)).status).toBe(status);
    expect((await ask(`${url}/`)).text).toBe("mine");
    expect(failures).toEqual([]);
  });
});

describe("what a client names in Connection", () => {
  it("goes on: neither the frame of its body nor where it comes from can be taken out", async () => {
    const hub = await startHostileHub();
    const url = await appOver(hub.port);
    const inner = "GET /api/nodes HTTP/1.1\r\nhost: localhost\r\n\r\n";
    await exchange(
      url,
      `GET /dashboard HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: 6.6.6.6\r\ncontent-length: ${inner.length}\r\n` +
        `connection: close, content-length, host, x-forwarded-for\r\n\r\n${inner}`,
    );
    const [request, ...others] = hub.requests.filter((one) => one.url !== "/ws/probe");
    expect(others).toEqual([]);
    expect(request?.headers).toMatchObject({
      host: "localhost",
      "x-forwarded-for": "6.6.6.6",
      "content-length": String(inner.length),
      connection: "close",
    });
  });
});
