import { runEcho, runPoolTest, runServerTest } from "@wsight/load";
import type { ServerTestResult } from "@wsight/protocol";
import { describe, expect, it } from "vitest";
import { fieldOf } from "../dist/target-tests/pool-test.js";
import { echo, ioServer, targetOf, wsServer } from "./servers.ts";

describe("an echo test", () => {
  it("times messages there and back", async () => {
    const { url } = await wsServer((socket) => {
      socket.on("message", (data) => setTimeout(() => socket.send(String(data)), 10));
    });
    const heard: number[] = [];
    const result = await runEcho({
      target: targetOf(url),
      count: 8,
      size: 1000,
      pauseMs: 1,
      onAnswer: (number, ms) => ms !== null && heard.push(number),
    });
    expect(result).toMatchObject({ reply: "echo", sent: 8, answered: 8, lost: 0, passed: true });
    expect(heard).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(result.latency?.p50).toBeGreaterThan(9);
    expect(result.jitterMs).not.toBe(null);
  });

  it("takes acknowledgements of Socket.IO", async () => {
    const { url } = await ioServer((io) => io.on("connection", (socket) => socket.on("say", (_data, ack) => ack())));
    const target = targetOf(url, { library: "socket.io" });
    expect(await runEcho({ target, count: 3, pauseMs: 0, event: "say" })).toMatchObject({ reply: "ack", answered: 3 });
  });

  it("counts what is not answered, and does not pass", async () => {
    let heard = 0;
    const { url } = await wsServer((socket) =>
      socket.on("message", (data) => ++heard % 3 !== 0 && socket.send(String(data))),
    );
    const result = await runEcho({ target: targetOf(url), count: 5, pauseMs: 0, timeoutMs: 1000 });
    expect(result).toMatchObject({ sent: 5, answered: 3, lost: 2, passed: false });
  });

  it("says so when nothing answers", async () => {
    const { url } = await wsServer(() => undefined);
    await expect(runEcho({ target: targetOf(url) })).rejects.toThrow("expected answers, got none");
  });
});

describe("a server test", () => {
  const stateOf = ({ steps }: ServerTestResult) => Object.fromEntries(steps.map(({ name, state }) => [name, state]));

  it("finds nothing wrong with a careful server", async () => {
    const { url } = await wsServer(echo, {
      maxPayload: 1024 * 1024,
      handleProtocols: () => "chat.v1",
      verifyClient: ({ req, origin }: { req: { headers: Record<string, unknown> }; origin: string }) =>
        req.headers.authorization === "Bearer good" && !String(origin).includes("stranger"),
    });
    const seen: string[] = [];
    const target = targetOf(url, { headers: { Authorization: "Bearer good" }, protocols: ["chat.v1"] });
    const result = await runServerTest({ target, onStep: ({ name }) => seen.push(name) });
    expect(stateOf(result)).toEqual({
      reach: "ok",
      upgrade: "ok",
      auth: "ok",
      origin: "ok",
      protocol: "ok",
      ping: "ok",
      echo: "ok",
      payload: "ok",
      close: "ok",
    });
    expect(result.passed).toBe(true);
    expect(seen).toEqual(result.steps.map(({ name }) => name));
    const [payload] = result.steps.filter(({ name }) => name === "payload");
    expect(payload?.detail).toContain("refuses 8 MiB (close 1009");
  });

  it("warns of a careless one", async () => {
    const { url } = await wsServer(echo);
    const result = await runServerTest({ target: targetOf(url, { headers: { cookie: "session=1" } }) });
    expect(stateOf(result)).toMatchObject({
      auth: "warning",
      origin: "warning",
      payload: "warning",
      protocol: "skipped",
    });
    expect(result.passed).toBe(true);
  });

  it("fails at the upgrade, says what to do, and skips the rest", async () => {
    const { url } = await wsServer(echo, { verifyClient: (_info, decide) => decide(false, 401) });
    const result = await runServerTest({ target: targetOf(url) });
    expect(stateOf(result)).toMatchObject({ reach: "ok", upgrade: "failed", auth: "skipped", close: "skipped" });
    expect(result.steps[1]?.fix).toContain("give --header 'Authorization: …'");
    expect(result.passed).toBe(false);
  });

  it("knows Socket.IO, its credentials and its limits", async () => {
    const { url } = await ioServer((io) =>
      io
        .use((socket, next) => next(socket.handshake.auth.key === 1 ? undefined : new Error("who")))
        .on("connection", (socket) => socket.on("message", (_data, ack) => ack())),
    );
    const result = await runServerTest({ target: targetOf(url, { library: "socket.io", auth: { key: 1 } }) });
    expect(stateOf(result)).toMatchObject({
      upgrade: "ok",
      auth: "ok",
      ping: "ok",
      echo: "ok",
      payload: "ok",
      close: "ok",
    });
    expect(result.steps.find(({ name }) => name === "auth")?.detail).toContain("who");
    const wrong = await runServerTest({ target: targetOf(url, { library: "socket.io", auth: { key: 2 } }) });
    expect(stateOf(wrong)).toMatchObject({ upgrade: "ok", auth: "failed" });
  });
});

describe("a test of the pool", () => {
  it("counts connections by the worker that a header names", async () => {
    const { url, wss } = await wsServer(echo);
    let next = 0;
    wss.on("headers", (headers) => headers.push(`X-Pod: pod-${next++ % 4 === 0 ? "a" : "b"}`));
    const result = await runPoolTest({ target: targetOf(url), workerHeader: "X-Pod" });
    expect(result).toMatchObject({
      connections: 40,
      opened: 40,
      knownBy: "response header",
      workers: [
        { worker: "pod-b", connections: 30 },
        { worker: "pod-a", connections: 10 },
      ],
      unknown: 0,
      passed: true,
    });
    expect(result.balance).toBeCloseTo(20 / 30);
  });

  it("counts by a field of the first message", async () => {
    let next = 0;
    const { url } = await ioServer((io) =>
      io.on("connection", (socket) => socket.emit("hello", { server: { pid: 100 + (next++ % 2) } })),
    );
    const target = targetOf(url, { library: "socket.io" });
    const result = await runPoolTest({ target, connections: 10, workerField: "server.pid" });
    expect(result.workers.map(({ worker, connections }) => `${worker}:${connections}`).sort()).toEqual([
      "100:5",
      "101:5",
    ]);
    expect(result.balance).toBe(1);
  });

  it("does not pass when one worker takes nearly all, or connections do not open", async () => {
    const { url, wss } = await wsServer(echo);
    let next = 0;
    wss.on("headers", (headers) => headers.push(`X-Worker: ${next++ < 3 ? next : "busy"}`));
    expect(await runPoolTest({ target: targetOf(url) })).toMatchObject({ passed: false });
    const full = await wsServer(echo, { verifyClient: (_info, decide) => decide(false, 503) });
    expect(await runPoolTest({ target: targetOf(full.url), connections: 4 })).toMatchObject({
      opened: 0,
      failures: [{ reason: "HTTP 503 Service Unavailable", count: 4 }],
      knownBy: null,
      passed: false,
    });
  });

  it.each([
    ['{"worker":7}', "worker", "7"],
    ['42/chat,["hello",{"a":{"b":"w"}}]', "a.b", "w"],
    ['0{"sid":"x"}', "sid", "x"],
    ['{"worker":{}}', "worker", null],
    ["not JSON", "worker", null],
    ['{"a":1}', "__proto__", null],
  ])("reads %s", (text, path, worker) => {
    expect(fieldOf(Buffer.from(text), path)).toBe(worker);
  });
});
