import { connect, type Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Hub } from "@wsight/hub";
import { encodeLinkText, MAX_LINK_MESSAGE, MAX_VIEWER_MESSAGE, SnapshotEncoder } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { type Chance, createChance, mutate, noise, pick, rawFrame } from "./garbage.ts";
import { ask, bearer, startHub } from "./harness.ts";
import { watchHub } from "./hub-watch.ts";
import { StreamClient } from "./live-clients.ts";
import { createSmallProbe } from "./small-probe.ts";

const MEGABYTE = 1024 * 1024;
/** Connections at the same time. */
const AT_ONCE = 40;

type Message = string | Buffer;

interface Target {
  readonly hub: Hub;
  readonly chance: Chance;
  readonly probe: Record<string, string>;
  readonly viewer: Record<string, string>;
  thrown: number;
}

/** What a probe may say, one of each kind. */
function linkMessages(): readonly (string | Uint8Array)[] {
  const probe = createSmallProbe();
  const encoder = new SnapshotEncoder();
  encoder.begin();
  encoder.counter(0, 2 ** 51 + 0.5);
  const odd = encoder.finish({ epoch: 7, seq: 3, at: 1, keyframe: false });
  const head = { type: "table", epoch: 7, at: 1, total: 1 };
  return [
    ...probe.greeting,
    probe.snapshot(1, 1),
    odd,
    JSON.stringify({ ...head, table: "users", rows: [{ key: "u", count: 1 }], spread: [1] }),
    JSON.stringify({ ...head, table: "errors", rows: [{ at: 1, type: "t", message: "m" }] }),
    JSON.stringify({ type: "answer", epoch: 7, id: 1, answer: { rows: [] } }),
    JSON.stringify({ type: "tail", epoch: 7, rows: [], passed: [1] }),
    encodeLinkText({ type: "bye", epoch: 7 }),
  ];
}

const VIEWER_MESSAGES = [
  '{"type":"subscribe","id":1,"tables":["nodes","hub"],"series":[{"metric":"websocket.server.messages","agg":"rate"}]}',
  '{"type":"subscribe","id":2,"tables":["users"],"series":[{"metric":"websocket.server.rtt","agg":"p99","window":10}],"since":1}',
  '{"type":"rate","everyMs":5000}',
  '{"type":"tail","search":"event:a dir:in"}',
  '{"type":"ping","sentAt":1}',
];

function anyMessage(chance: Chance, real: readonly (string | Uint8Array)[]): Message {
  const kind = chance();
  if (kind < 0.15) return noise(chance, 200);
  if (kind < 0.3) return noise(chance, 200).toString("latin1");
  if (kind < 0.35) return JSON.stringify(pick(chance, [null, [], {}, "\ud800", "x".repeat(2000), { type: "hello" }]));
  return mutate(chance, pick(chance, real));
}

/** Throws messages at a WebSocket until it closes or there are no more. */
function throwAt(target: Target, path: string, headers: Record<string, string>, messages: Message[]): Promise<void> {
  const { hub } = target;
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://${hub.host}:${hub.port}${path}`, { headers, perMessageDeflate: false });
    socket.once("open", () => {
      for (const message of messages) socket.send(message, { fin: target.chance() > 0.02 });
      target.thrown += messages.length;
      // By then all of it has been read, unless the hub has closed before.
      socket.ping();
    });
    socket.once("pong", () => socket.terminate());
    socket.on("error", () => {});
    socket.once("close", () => resolve());
  });
}

/** Throws messages at a session over server-sent events until it closes or there are no more. */
async function throwAtStream(target: Target, messages: readonly string[]): Promise<void> {
  const client = new StreamClient(`${target.hub.url}/api/live`, target.viewer);
  const ended = client.closed();
  await Promise.race([client.text("welcome"), ended]);
  for (const message of messages) client.say(message);
  target.thrown += messages.length;
  // Requests keep their order: once this has its answer, or the session its end, all of it was read.
  client.say({ type: "ping", sentAt: 0 });
  await Promise.race([client.text("pong"), client.text("error"), ended]);
  client.terminate();
}

/** Writes to a plain connection, waits for it to end, and ends it after a moment if it does not. */
function writeAt({ hub }: Target, chunks: readonly (string | Buffer)[], patienceMs = 50): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(hub.port, hub.host);
    socket.on("error", () => {});
    socket.on("data", () => {});
    socket.once("close", () => resolve(socket));
    socket.once("connect", () => {
      for (const chunk of chunks) socket.write(chunk);
      setTimeout(() => socket.destroy(), patienceMs);
    });
  });
}

function upgradeRequest(path: string, headers: Record<string, string>): string {
  const all = {
    host: "127.0.0.1",
    upgrade: "websocket",
    connection: "upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** Frames that break the rules of WebSocket itself: heads by chance, lengths that never come, pieces without an end. */
function brokenFrames(chance: Chance): Buffer[] {
  return Array.from({ length: 10 }, () => {
    const body = noise(chance, 60);
    const length = pick(chance, [0, body.length, 125, 126, 65_535, MAX_LINK_MESSAGE + 1, 2 ** 40]);
    return rawFrame(chance, { first: chance() * 256, masked: chance() < 0.8, length }, body);
  });
}

function brokenRequest(chance: Chance, viewer: Record<string, string>): (string | Buffer)[] {
  const authorization = `authorization: ${viewer.authorization ?? ""}\r\n`;
  const json = "content-type: application/json\r\n";
  const post = (path: string, head: string, body: string): string =>
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${authorization}${json}${head}\r\n${body}`;
  const real = [
    post("/api/live/nobody", "content-length: 2\r\n", "{}"),
    post("/api/session", "content-length: 12\r\n", '{"code":"x"}'),
    `GET /api/live HTTP/1.1\r\nhost: 127.0.0.1\r\n${authorization}\r\n`,
    `GET /api/connections?q=%ff&limit=1e9 HTTP/1.1\r\nhost: 127.0.0.1\r\n${authorization}\r\n`,
    upgradeRequest("/ws/live", viewer),
    upgradeRequest("/ws/nowhere", viewer),
  ];
  return [
    pick(chance, [
      ...real.map((request) => mutate(chance, request)),
      noise(chance, 500),
      `GET /${"a".repeat(20_000)} HTTP/1.1\r\n\r\n`,
      `GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n${"x: y\r\n".repeat(3000)}\r\n`,
      post("/api/session", "transfer-encoding: chunked\r\n", "ffffffff\r\n{}"),
      post("/api/session", "content-length: 99999999\r\n", "{"),
      post("/api/session", "content-length: 4\r\ncontent-length: 5\r\n", "{}{}"),
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ]),
  ];
}

/** Runs `work` this often, a few at a time. */
async function repeat(times: number, work: () => Promise<unknown>): Promise<void> {
  let left = times;
  const one = async (): Promise<void> => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

async function round(target: Target, share: number): Promise<void> {
  const { chance, probe, viewer } = target;
  const real = linkMessages();
  const some = (count: number, of: readonly (string | Uint8Array)[]): Message[] =>
    Array.from({ length: count }, () => anyMessage(chance, of));
  await repeat(1600 * share, () => {
    const greeting = chance() < 0.9 ? createSmallProbe(`n${Math.floor(chance() * 5)}`).greeting : [];
    return throwAt(target, "/ws/probe", probe, [...greeting.map(String), ...some(40, real)]);
  });
  await repeat(800 * share, () => throwAt(target, "/ws/live", viewer, some(40, VIEWER_MESSAGES)));
  await repeat(80 * share, () => throwAtStream(target, some(30, VIEWER_MESSAGES).map(String)));
  await repeat(300 * share, () => {
    const [path, headers] = pick(chance, [["/ws/probe", probe] as const, ["/ws/live", viewer] as const]);
    target.thrown += 10;
    return writeAt(target, [upgradeRequest(path, headers), ...brokenFrames(chance)]);
  });
  await repeat(600 * share, () => {
    target.thrown++;
    return writeAt(target, brokenRequest(chance, viewer));
  });
  await throwAt(target, "/ws/probe", probe, [Buffer.alloc(MAX_LINK_MESSAGE + 1)]);
  await throwAt(target, "/ws/live", viewer, ["x".repeat(MAX_VIEWER_MESSAGE + 1)]);
}

/** Memory that is really held, in bytes. */
async function held(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Connections that begin and go no further. */
async function halfOpen(target: Target): Promise<Socket[]> {
  const { hub, probe, viewer } = target;
  const beginnings = [
    "",
    "GET /api/nod",
    upgradeRequest("/ws/probe", probe).slice(0, -4),
    upgradeRequest("/ws/probe", probe),
    upgradeRequest("/ws/live", viewer),
    upgradeRequest("/ws/probe", probe) + rawBeginning(),
  ];
  const sockets = Array.from({ length: 60 }, (_, i) => {
    const socket = connect(hub.port, hub.host);
    socket.on("error", () => {});
    socket.once("connect", () => socket.write(beginnings[i % beginnings.length] ?? "").valueOf() && socket.pause());
    return socket;
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  return sockets;
}

/** The head of a message that is promised and never comes. */
function rawBeginning(): string {
  return Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0x3f, 0, 0, 1, 2, 3, 4]).toString("latin1");
}

test("100,000 messages of garbage, broken frames and half-open connections neither end nor fatten a hub", async () => {
  const errors: unknown[] = [];
  const hub = await startHub({
    requestsPerMinute: 10_000_000,
    viewersPerAddress: 500,
    onError: (error, { stage }) => errors.push([stage, error]),
  });
  const target: Target = {
    hub,
    chance: createChance(4711),
    probe: await bearer("probe", "chat"),
    viewer: await bearer(),
    thrown: 0,
  };
  const watch = await watchHub(hub);
  await halfOpen(target);
  // What is made once, and what is kept of so many strange nodes, series and errors, is there after a first round.
  await round(target, 0.25);
  const before = await held();
  await round(target, 0.4);
  await round(target, 0.4);
  const growth = (await held()) - before;

  expect(target.thrown).toBeGreaterThan(100_000);
  expect(growth / MEGABYTE).toBeLessThan(12);
  expect(errors).toEqual([]);
  await until(() => (watch.row?.badFrames ?? 0) > 10_000, { what: "the count" });
  expect(watch.row?.lastBadFrame).toMatch(/expected|Invalid|Max payload|RSV|MASK|frame/);

  const honest = new WebSocket(`ws://${hub.host}:${hub.port}/ws/probe`, { headers: await bearer("probe", "honest") });
  onTestFinished(() => honest.terminate());
  const probe = createSmallProbe("z");
  const acknowledged = new Promise((resolve) =>
    honest.on("message", (text) => String(text).includes("ack") && resolve(0)),
  );
  honest.once("open", () => {
    for (const message of probe.greeting) honest.send(String(message).replace('"chat"', '"honest"'));
    honest.send(probe.snapshot(1, 1));
  });
  await acknowledged;
  const { nodes } = (await ask(hub, "/api/nodes", { headers: target.viewer })).json as { nodes: { node: string }[] };
  expect(nodes.map(({ node }) => node)).toContain("honest/z");
  for (const { node } of nodes) expect(node).toMatch(/^(chat|honest)\//);
}, 120_000);
