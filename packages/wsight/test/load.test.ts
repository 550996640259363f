import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EchoResult, LoadResult, PoolTestResult } from "@wsight/protocol";
import { afterEach, describe, expect, it } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { monitor } from "../dist/index.js";
import { childrenOf, isRunning, type Program, wsight } from "./program.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
  const program = wsight(args, env);
  cleanups.push(() => program.child.kill("SIGKILL"));
  return program;
}

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const program = start(args, env);
  const { code } = await program.ended;
  return { code, stdout: program.stdout(), stderr: program.stderr() };
}

async function makeDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "wsight-load-"));
  cleanups.push(() => rm(dir, { recursive: true }));
  return dir;
}

async function serve(
  onConnection: (socket: WebSocket, headers: Record<string, unknown>) => void,
): Promise<{ url: string; wss: WebSocketServer }> {
  const wss = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  wss.on("connection", (socket, request) => {
    socket.on("error", () => undefined);
    onConnection(socket, request.headers);
  });
  await once(wss, "listening");
  cleanups.push(() => {
    for (const client of wss.clients) client.terminate();
    wss.close();
  });
  return { url: `ws://127.0.0.1:${(wss.address() as AddressInfo).port}`, wss };
}

const echo = (socket: WebSocket) => socket.on("message", (data, binary) => socket.send(data, { binary }));
/** Gates that a busy machine does not fail. */
const LENIENT = ["--expect", "avg<60000", "--expect", "p95<60000"];

describe("wsight load", () => {
  it("runs a custom profile, writes every report, and passes with status 0", async () => {
    const { url } = await serve(echo);
    const dir = await makeDir();
    const file = (name: string) => join(dir, name);
    const shape = ["--connections", "30", "--interval", "0.3", "--duration", "1", "--url", url];
    const reports = ["json", "html", "junit", "hgrm"].flatMap((name) => [`--${name}`, file(name)]);
    const { code, stdout, stderr } = await run(["load", "custom", ...shape, ...LENIENT, ...reports]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^custom · WebSocket ws:\S+ · 30 connections, a message each 0.3 s, for 1 s\n/);
    expect(stdout).toMatch(/connections +30 of 30 opened/);
    expect(stdout).toMatch(/✔ avg +[\d.]+ m?s +< 60.00 s\n/);
    expect(stdout).toMatch(/\npassed\n$/);
    const result = JSON.parse(await readFile(file("json"), "utf8")) as LoadResult;
    expect(result).toMatchObject({ passed: true, plan: { connections: 30, intervalSeconds: 0.3 } });
    expect(await readFile(file("html"), "utf8")).toMatch(/^<!doctype html>/);
    expect(await readFile(file("junit"), "utf8")).toMatch(/^<\?xml/);
    expect(await readFile(file("hgrm"), "utf8")).toMatch(/^ +Value +Percentile/);
  });

  it("has status 1 when a gate fails, and prints nothing but JSON when that is wanted on stdout", async () => {
    const { url } = await serve(echo);
    const { code, stdout } = await run([
      "load",
      "light",
      ...["--duration", "0.5", "--url", url, "--expect", "p50<0.000001", "--json", "-"],
    ]);
    expect(code).toBe(1);
    const { verdict, passed } = JSON.parse(stdout) as LoadResult;
    expect(passed).toBe(false);
    expect(verdict.find(({ gate }) => gate.figure === "p50")).toMatchObject({ passed: false });
  });

  it("passes headers, sub-protocols and a message of its own", async () => {
    let seen: unknown;
    let text = "";
    const { url } = await serve((socket, headers) => {
      seen = [headers["x-a"], headers["x-b"], headers["sec-websocket-protocol"]];
      socket.on("message", (data) => {
        text = String(data);
        socket.send("thanks");
      });
    });
    const { code, stdout } = await run([
      ...["load", "custom", "--connections", "2", "--interval", "0.1", "--duration", "0.5", "--url", url, ...LENIENT],
      ...[
        "--header",
        "X-A: 1",
        "--header",
        "X-B: a: b",
        "--protocol",
        "p1",
        "--protocol",
        "p2",
        "--message",
        "hi {{id}}",
      ],
    ]);
    expect([code, seen]).toEqual([0, ["1", "a: b", "p1,p2"].map((value) => value.replace(",", ", "))]);
    expect(text).toMatch(/^hi [01]$/);
    expect(stdout).toContain("answered (any)");
  });

  it("ends in good order with status 130 when interrupted, and leaves no process", async () => {
    const spoke = new WeakSet<WebSocket>();
    const { url, wss } = await serve((socket) => {
      echo(socket);
      socket.on("message", () => spoke.add(socket));
    });
    const program = start(["load", "soak", "--connections", "10", "--ramp", "0", "--url", url]);
    // The first one leaves before the others come; who spoke knows that it is connected.
    await expect.poll(() => [...wss.clients].filter((each) => spoke.has(each)).length, { timeout: 15_000 }).toBe(10);
    const children = await childrenOf(program.child.pid ?? 0);
    expect(children.length).toBe(1);
    // A Ctrl-C in a terminal reaches every process there.
    for (const pid of children) process.kill(pid, "SIGINT");
    program.child.kill("SIGINT");
    expect(await program.ended).toMatchObject({ code: 130, signal: null });
    expect(program.stdout()).toMatch(/10 of 10 opened[\s\S]*\nended early\n$/);
    expect(program.stderr()).toBe("");
    expect(await Promise.all(children.map(isRunning))).toEqual([false]);
    await expect.poll(() => wss.clients.size, { timeout: 10_000 }).toBe(0);
  });

  it.each([
    [["load"], "--url: expected the address of a server"],
    [["load", "lite", "--url", "ws://127.0.0.1:1"], "profile: expected one of light, medium"],
    [["load", "--url", "localhost:3000"], "--url: expected a ws:, wss:, http: or https: address"],
    [["load", "--url", "ws://127.0.0.1:1", "--expect", "p95"], "gate: expected FIGURE<NUMBER"],
    [["load", "--url", "ws://127.0.0.1:1", "--interval", "0"], "--interval: expected a number from 0.001 to 3600"],
    [["load", "--url", "ws://127.0.0.1:1", "--auth", "{}"], "--auth: expected --socketio with it"],
    [["load", "--url", "ws://127.0.0.1:1", "--auth", "{", "--socketio"], '--auth: expected JSON, got "{"'],
    [["load", "--url", "ws://127.0.0.1:1", "--header", "nothing"], "header: expected 'NAME: VALUE'"],
    [["load", "--url", "ws://127.0.0.1:1", "--wsight", "http://127.0.0.1:2"], "--token: expected a viewer's token"],
    [["load", "--url", "ws://192.0.2.7"], "Load only servers that are yours, and then say so: --i-own 192.0.2.7"],
    [["echo", "--url", "ws://192.0.2.7", "--i-own", "192.0.2.8"], "--i-own 192.0.2.7"],
  ])("refuses %j with status 2", async (args, message) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
  });

  it("has status 1 and an explanation when there is no such server", async () => {
    const { code, stderr } = await run(["load", "--url", "ws://127.0.0.1:1"]);
    expect([code, stderr]).toEqual([
      1,
      "wsight: 127.0.0.1:1: expected a server, got nothing listens there (ECONNREFUSED)\n",
    ]);
  });
});

describe("wsight echo, test and pool", () => {
  it("have status 0 when all is well", async () => {
    const { url } = await serve(echo);
    const [echoed, tested, pooled] = await Promise.all([
      run(["echo", "--url", url, "--count", "5", "--json"]),
      run(["test", "--url", url]),
      run(["pool", "--url", url, "--connections", "10", "--json"]),
    ]);
    expect(JSON.parse(echoed.stdout) as EchoResult).toMatchObject({ sent: 5, answered: 5 });
    expect(tested.stdout).toMatch(/✔ upgrade .*HTTP 101\n[\s\S]*✔ close/);
    expect(JSON.parse(pooled.stdout) as PoolTestResult).toMatchObject({ opened: 10, unknown: 10 });
    expect([echoed.code, tested.code, pooled.code]).toEqual([0, 0, 0]);
  });

  it("have status 1 when not", async () => {
    const { url } = await serve((socket) => socket.close(1013, "full"));
    const [echoed, tested] = await Promise.all([run(["echo", "--url", url]), run(["test", "--url", url])]);
    expect([echoed.code, tested.code]).toEqual([1, 1]);
    expect(echoed.stderr).toContain("close 1013 full");
  });
});

describe("a server that wsight monitors", () => {
  it("tells its side of a load test, stalls included", async () => {
    let heard = 0;
    const { url, wss } = await serve((socket) => {
      socket.on("message", () => heard++);
      echo(socket);
    });
    const secret = "0123456789abcdef0123456789abcdef";
    const watch = await monitor({ wss }, { service: "loaded", port: 0, data: null, secret, quiet: true });
    cleanups.push(() => watch.close());
    const hub = watch.url ?? "";
    const token = (await run(["token", "--role", "viewer", "--sub", "load"], { WSIGHT_SECRET: secret })).stdout.trim();
    const program = start(
      [
        ...["load", "custom", "--connections", "20", "--interval", "0.2", "--duration", "4", "--url", url, ...LENIENT],
        ...["--wsight", hub, "--json", "-"],
      ],
      { WSIGHT_TOKEN: token },
    );
    // All are there and a third of the run is over, however long the program took to start.
    await expect.poll(() => wss.clients.size, { timeout: 20_000 }).toBe(20);
    await expect.poll(() => heard, { timeout: 20_000 }).toBeGreaterThan(130);
    const end = performance.now() + 600;
    while (performance.now() < end);
    await program.ended;
    const { server, workers, messages } = JSON.parse(program.stdout()) as LoadResult;
    expect(program.stderr()).not.toContain("server:");
    expect(workers).toEqual([{ worker: server?.node, connections: 20 }]);
    expect(server?.node).toMatch(/^loaded\//);
    expect(server?.stalls.length).toBeGreaterThan(0);
    expect(server?.loopLagP99).toBeGreaterThan(100);
    const { clientLag = 0, loopDelay = 0, handler = 0, rest = 0 } = server?.split ?? {};
    expect(clientLag + loopDelay + handler + rest).toBeCloseTo(messages.latency?.avg ?? 0, 3);
    expect(loopDelay).toBeGreaterThan(1);
    const pooled = await run(["pool", "--url", url, "--wsight", hub, "--json"], { WSIGHT_TOKEN: token });
    expect(JSON.parse(pooled.stdout) as PoolTestResult).toMatchObject({ knownBy: "wsight", unknown: 0, passed: true });
  });
});
