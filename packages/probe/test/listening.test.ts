import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createProbe } from "@wsight/probe";
import { until } from "@wsight/testkit";
import { Server } from "socket.io";
import { expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { createRecordingLink } from "./recording-link.ts";

function probe() {
  const made = createProbe({ intervalMs: 100 });
  onTestFinished(() => made.close());
  return made;
}

test("a server tells where it listens as soon as it does, and no longer when it does not", async () => {
  const http = createServer();
  const wss = new WebSocketServer({ server: http, path: "/chat" });
  const io = new Server({ path: "/live" });
  const watching = probe();
  watching.attach(wss);
  watching.attach(io);
  const link = createRecordingLink();
  watching.connect(link);
  expect(watching.findings().map(({ urls }) => urls)).toEqual([undefined, undefined]);
  io.attach(http, { path: "/live" });
  http.listen(0);
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  const told = (): unknown => link.hellos.at(-1)?.findings.map(({ urls }) => urls);
  const urls = [[`ws://127.0.0.1:${port}/chat`], [`http://127.0.0.1:${port}/live/`]];
  await until(() => JSON.stringify(told()) === JSON.stringify(urls), { what: "the addresses" });
  const hellos = link.hellos.length;
  await until(() => link.seqs.length > 3, { what: "further seconds" });
  expect(link.hellos.length).toBe(hellos);
  await io.close();
  await until(() => JSON.stringify(told()) === "[null,null]", { what: "nothing" });
});

test("servers of TLS, of one address, and of no server of their own are told as what they are", async () => {
  const tls = createTlsServer();
  const secure = new WebSocketServer({ server: tls });
  const odd = new WebSocketServer({ port: 0, host: "::1", path: "//elsewhere.example/x" });
  const none = new WebSocketServer({ noServer: true });
  tls.listen(0, "127.0.0.1");
  await Promise.all([once(tls, "listening"), once(odd, "listening")]);
  onTestFinished(() => void [tls.close(), odd.close()]);
  const watching = probe();
  for (const target of [secure, odd, none]) watching.attach(target);
  const ports = [tls, odd].map((server) => (server.address() as AddressInfo).port);
  expect(watching.findings().map(({ urls }) => urls)).toEqual([
    [`wss://127.0.0.1:${ports[0]}/`],
    [`ws://[::1]:${ports[1]}//elsewhere.example/x`],
    undefined,
  ]);
});
