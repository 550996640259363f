import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { connect as dial, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  createProbe,
  createRemoteLink,
  type LinkTiming,
  type RemoteLink,
  type RemoteLinkOptions,
  type RemoteLinkState,
} from "@wsight/probe";
import type { ProbeFrame, SnapshotFrame } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { HandHub, listen } from "./hand-hub.ts";
import { describeLink } from "./link-contract.ts";

/** As the default, in small. */
const FAST: LinkTiming = {
  connectMs: 400,
  beatMs: 100,
  firstWaitMs: 10,
  longestWaitMs: 100,
  refusedWaitMs: 5000,
  stoodMs: 60_000,
};

function link(url: string, options: Partial<RemoteLinkOptions> = {}): RemoteLink {
  const made = createRemoteLink({ url, token: () => "secret-token", timing: FAST, ...options });
  onTestFinished(() => made.close());
  return made;
}

async function opened(made: RemoteLink, reconnects = 0): Promise<void> {
  await until(() => made.state.phase === "open" && made.state.reconnects === reconnects, { what: "an open link" });
}

async function refusal(made: RemoteLink): Promise<RemoteLinkState> {
  await until(() => made.state.phase === "waiting", { what: "the end of an attempt" });
  return made.state;
}

function isSnapshot(frame: ProbeFrame): frame is SnapshotFrame {
  return frame.type === "snapshot";
}

/** Answers an upgrade as a hub would, and hands the raw socket over. */
function shakeHands(socket: Socket, then: (socket: Socket) => void): void {
  socket.once("data", (request: Buffer) => {
    const key = /sec-websocket-key: (\S+)/i.exec(request.toString())?.[1] ?? "";
    const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    then(socket);
  });
}

/** A text frame as servers write it. */
function textFrame(text: string): Buffer {
  const body = Buffer.from(text);
  const head = Buffer.from(body.length < 126 ? [0x81, body.length] : [0x81, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
  if (body.length >= 126) head.writeBigUInt64BE(BigInt(body.length), 2);
  return Buffer.concat([head, body]);
}

describeLink("a remote link", async () => {
  const hub = await HandHub.open();
  hub.acknowledges = false;
  const made = link(hub.url);
  await opened(made);
  return {
    link: made,
    received: hub.messages,
    say: (text) => hub.newest.send(text),
    leave: () => void hub.goAway(),
  };
});

describe("a probe on a remote link", () => {
  it("introduces itself, shows its token, and goes on as long as it is acknowledged", async () => {
    const hub = await HandHub.open();
    const probe = createProbe({ service: "far", intervalMs: 100 });
    onTestFinished(() => probe.close());
    probe.connect(link(hub.url));
    await until(() => hub.frames.filter(isSnapshot).length >= 20, { what: "more than may be on their way" });
    expect(hub.tokens).toEqual(["Bearer secret-token"]);
    expect(hub.frames.map(({ type }) => type).slice(0, 3)).toEqual(["hello", "names", "snapshot"]);
    expect(hub.frames.find(isSnapshot)?.keyframe).toBe(true);
  });

  it("has dropped nothing by the time the link opens, however long that takes", async () => {
    const hub = await HandHub.open();
    const probe = createProbe({ service: "far", intervalMs: 100 });
    onTestFinished(() => probe.close());
    probe.connect(link(hub.url, { token: () => wait(350, "secret-token") }));
    await until(() => hub.frames.filter(isSnapshot).length >= 15, { what: "everything twice" });
    const names = hub.frames.flatMap((frame) => (frame.type === "names" ? frame.names : []));
    expect(names.map(({ series }) => series.metric.name)).toContain("wsight.probe.cpu");
    expect(names.map(({ series }) => series.metric.name)).not.toContain("wsight.probe.sink.dropped");
  });

  it("whose hub is away for forty intervals keeps nothing, goes on in epoch and sequence, and counts it", async () => {
    const hub = await HandHub.open();
    const probe = createProbe({ service: "far", intervalMs: 100 });
    onTestFinished(() => probe.close());
    const made = link(hub.url);
    probe.connect(made);
    await until(() => hub.frames.some(isSnapshot), { what: "a first snapshot" });
    probe.trackMessageSent("before");
    await hub.goAway();
    await until(() => made.state.phase !== "open", { what: "the loss to be seen" });
    const before = hub.frames.filter(isSnapshot).at(-1);
    const { uptime_seconds } = probe.getSummary();
    for (let i = 0; i < 1000; i++) probe.trackMessageSent(`event ${i % 40}`);
    await until(() => probe.getSummary().uptime_seconds > uptime_seconds + 4, { what: "forty intervals" });
    hub.messages.length = 0;
    await hub.comeBack();
    await opened(made, 1);
    await until(() => hub.frames.some(({ type }) => type === "table"), { what: "a full report" });

    const frames = hub.frames;
    const snapshots = frames.filter(isSnapshot);
    const [after] = snapshots;
    expect(frames.map(({ type }) => type).slice(0, 3)).toEqual(["hello", "names", "snapshot"]);
    expect(after?.keyframe).toBe(true);
    expect(after?.epoch).toBe(before?.epoch);
    expect(after?.seq).toBeGreaterThan((before?.seq ?? 0) + 20);
    expect(snapshots.map(({ seq }) => seq)).toEqual(snapshots.map((_, i) => (after?.seq ?? 0) + i));

    const names = frames.find((frame) => frame.type === "names");
    const counted = (metric: string): number => {
      const ids = names?.names.filter(({ series }) => series.metric.name === metric).map(({ id }) => id) ?? [];
      return (after?.counters ?? []).reduce((sum, [id, value]) => sum + (ids.includes(id) ? value : 0), 0);
    };
    expect(counted("websocket.server.messages")).toBe(1001);
    expect(counted("wsight.probe.sink.dropped")).toBeGreaterThan(20);
    expect(counted("wsight.probe.link.reconnects")).toBe(1);
  });

  it("reports to two hubs, of which one is away", async () => {
    const near = await HandHub.open();
    const probe = createProbe({ service: "far", intervalMs: 100 });
    onTestFinished(() => probe.close());
    probe.connect(link("ws://127.0.0.1:9"));
    probe.connect(link(near.url));
    await until(() => near.frames.filter(isSnapshot).length > 5, { what: "snapshots" });
  });
});

describe("a remote link that has no hub", () => {
  it("takes nothing and keeps nothing, however much it is given", async () => {
    const made = link("ws://127.0.0.1:9");
    await refusal(made);
    const bytes = new Uint8Array(64 * 1024);
    const before = process.memoryUsage();
    for (let i = 0; i < 20_000; i++) if (made.send(bytes)) throw new Error("taken");
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(8 * 1024 * 1024);
    expect(made.state.lastError).toContain("ECONNREFUSED");
  });

  it("waits by chance up to a bound that doubles to its limit, and begins anew once it stood", async () => {
    const hub = await HandHub.open();
    const states: RemoteLinkState[] = [];
    const timing = { ...FAST, firstWaitMs: 4, longestWaitMs: 20, stoodMs: 0 };
    const made = link(hub.url, { random: () => 0.5, timing, onState: (state) => states.push(state) });
    await opened(made);
    await hub.goAway();
    const waits = (): (number | null)[] => states.filter(({ phase }) => phase === "waiting").map((s) => s.retryInMs);
    await until(() => waits().length >= 6, { what: "six waits" });
    expect(waits().slice(0, 6)).toEqual([2, 2, 4, 8, 10, 10]);
    await hub.comeBack();
    await opened(made, 1);
    states.length = 0;
    await hub.goAway();
    await until(() => waits().length >= 2, { what: "two waits" });
    expect(waits().slice(0, 2)).toEqual([2, 2]);
    const { phase, since, lastError } = made.state;
    expect(Math.abs(Date.now() - since)).toBeLessThan(5000);
    expect([phase, lastError]).toEqual([expect.stringMatching(/waiting|connecting/), expect.any(String)]);
  });

  it("says what is wrong with an address, without repeating it", () => {
    for (const url of ["", "hub", "http://hub:4700", "ws://user:geheim@hub", "ws://hub/?token=geheim", "ws://hub/#x"]) {
      const make = (): unknown => createRemoteLink({ url, token: () => "" });
      expect(make).toThrow(/hub: expected ws:\/\/HOST:PORT/);
      expect(make).not.toThrow(/geheim/);
    }
  });

  it("closes while it connects, while it waits and from its own report of state", async () => {
    const silent = await listen(() => {});
    link(silent).close();
    const waiting = link("ws://127.0.0.1:9");
    await refusal(waiting);
    waiting.close();
    const states: string[] = [];
    const hub = await HandHub.open();
    const eager = link(hub.url, {
      onState: ({ phase }) => {
        states.push(phase);
        if (phase === "open") eager.close();
      },
    });
    await until(() => states.includes("closed"), { what: "the end" });
    expect(states).toEqual(["connecting", "open", "closed"]);
    expect(eager.state).toMatchObject({ phase: "closed", retryInMs: null });
  });
});

describe("a remote link whose hub", () => {
  it("says something each time it is refused, has that in its state and comes back slowly", async () => {
    const body = JSON.stringify({ error: { code: "FORBIDDEN", message: "Role probe is needed" } });
    let asked = 0;
    const url = await listen((socket) => {
      asked++;
      socket.end(`HTTP/1.1 403 Forbidden\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    });
    const state = await refusal(link(url));
    expect(state.lastError).toBe("the hub answers 403: Role probe is needed");
    expect(state.retryInMs).toBeGreaterThanOrEqual(5000);
    expect(state.retryInMs).toBeLessThanOrEqual(10_000);
    expect(asked).toBe(1);
  });

  it("is behind a proxy that has none just now, is tried again soon", async () => {
    const url = await listen((socket) => socket.end("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n"));
    const state = await refusal(link(url));
    expect(state.lastError).toBe("the hub answers 502: Bad Gateway");
    expect(state.retryInMs).toBeLessThan(100);
  });

  it("tells whatever the other side says on one line, and without what steers a terminal", async () => {
    const body = JSON.stringify({ error: { message: "no\nError: yours\u001b[2J\u009b2J\u202e" } });
    const { lastError } = await refusal(
      link(
        await listen((socket) =>
          socket.end(`HTTP/1.1 403 x\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
        ),
      ),
    );
    expect(lastError).toBe("the hub answers 403: no Error: yours [2J 2J ");
  });

  it("refuses an old token, shows a new one at the next attempt", async () => {
    const hub = await HandHub.open();
    let made = 0;
    const one = link(hub.url, { token: async () => `token-${++made}` });
    await opened(one);
    hub.newest.close(4401, "Signed out");
    await opened(one, 1);
    expect(hub.tokens).toEqual(["Bearer token-1", "Bearer token-2"]);
    expect(one.state.lastError).toBe("the hub closed the link with 4401 Signed out");
  });

  it.each([
    ["throws", () => Promise.reject(new Error("no vault")), "no vault"],
    ["is none a header can hold", () => "a\nb", /header/],
    ["never comes", () => new Promise<string>(() => {}), "no connection within 400 ms"],
  ])("would be shown a token that %s is tried again", async (_what, token, reason) => {
    const hub = await HandHub.open();
    const { lastError } = await refusal(link(hub.url, { token }));
    expect(lastError).toMatch(reason);
    expect(hub.sockets).toEqual([]);
  });

  it.each([
    ["accepts and says nothing", () => {}, /no connection within 400 ms/],
    ["talks another protocol", (socket: Socket) => socket.end("220 mail ready\r\n"), /Parse Error|HTTP/],
    ["hangs up", (socket: Socket) => socket.destroy(), /hang up|ECONNRESET/],
    ["answers 404 without end", (socket: Socket) => pour(socket, "HTTP/1.1 404 Not Found\r\n\r\n", "x"), /answers 404/],
    ["drips headers without end", (socket: Socket) => drip(socket), /no connection within 400 ms/],
    [
      "is none",
      (socket: Socket) =>
        socket.end("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
      /Sec-WebSocket-Accept/,
    ],
  ])("%s is told so", async (_what, serve, reason) => {
    const { lastError } = await refusal(link(await listen(serve)));
    expect(lastError).toMatch(reason);
  });

  it.each([
    ["nonsense", (socket: Socket) => pour(socket, "", textFrame("{}")), /10 messages that make no sense/, true],
    ["one huge message", (socket: Socket) => socket.write(textFrame("x".repeat(300_000))), /Max payload/, false],
    ["bytes at random", (socket: Socket) => pour(socket, "", "\xff\xff\xff"), /Invalid WebSocket frame|RSV/, false],
    [
      "acknowledgements without end",
      (socket: Socket) => pour(socket, "", textFrame('{"type":"ack","seq":1}')),
      /more than 1000 messages/,
      true,
    ],
    ["pings without end", (socket: Socket) => pour(socket, "", Buffer.from([0x89, 0])), /more than 1000|closed/, null],
  ])("sends %s is left, and that is told", async (_what, talk, reason, slowly) => {
    const made = link(await listen((socket) => shakeHands(socket, talk)));
    let heard = 0;
    made.onFrame(() => heard++);
    await until(() => made.state.lastError !== null, { what: "the end of it" });
    expect(made.state.lastError).toMatch(reason);
    if (slowly === true) expect(made.state.retryInMs).toBeGreaterThanOrEqual(5000);
    expect(heard).toBeLessThan(1100 * (made.state.reconnects + 1));
  });

  it("reads nothing holds up no more than a bounded number of bytes", async () => {
    const made = link(await listen((socket) => shakeHands(socket, () => socket.pause())), {
      timing: { ...FAST, beatMs: 60_000 },
    });
    await opened(made);
    const text = "x".repeat(64 * 1024);
    let taken = 0;
    await until(
      () => {
        while (made.send(text)) taken += text.length;
        return taken > 1024 * 1024;
      },
      { what: "the bound" },
    );
    // What the kernel takes on both sides of a loopback connection, and the bound of our own.
    expect(taken).toBeLessThan(16 * 1024 * 1024);
    expect(made.send("x".repeat(5 * 1024 * 1024))).toBe(false);
  });

  it("was cut off by the network without a word is given up, and found again", async () => {
    const hub = await HandHub.open();
    let forward = true;
    const url = await listen((socket) => {
      const behind = dial(hub.port, "127.0.0.1");
      behind.on("error", () => {});
      socket.on("data", (data) => forward && behind.write(data));
      behind.on("data", (data) => forward && socket.write(data));
      socket.once("close", () => behind.destroy());
    });
    const made = link(url);
    await opened(made);
    forward = false;
    await until(() => made.state.lastError !== null, { what: "the silence to be noticed" });
    expect(made.state.lastError).toBe("no word from the hub for 0.3 s");
    forward = true;
    await opened(made, 1);
    expect(made.send("x")).toBe(true);
  });

  it("says who it is has that in the state and told", async () => {
    const hub = await HandHub.open();
    const welcomes: unknown[] = [];
    const made = link(hub.url, { onWelcome: (welcome) => welcomes.push(welcome) });
    await opened(made);
    const welcome = { type: "welcome", version: 1, startedAt: 77, seq: 4, dataDir: null, heir: true } as const;
    hub.say(welcome);
    await until(() => made.state.hubStartedAt === 77, { what: "the welcome" });
    expect(welcomes).toEqual([welcome]);
  });

  it("is told to a listener that throws stays a hub", async () => {
    const hub = await HandHub.open();
    const made = link(hub.url, {
      onState: () => {
        throw new Error("mine");
      },
    });
    made.onFrame(() => {
      throw new Error("mine");
    });
    await opened(made);
    for (let i = 0; i < 20; i++) hub.say({ type: "ack", seq: i });
    for (let beat = 0; beat < 3; beat++) await new Promise((resolve) => hub.newest.once("ping", resolve));
    expect(made.state).toMatchObject({ phase: "open", lastError: null });
  });
});

describe("a process with a remote link", () => {
  const run = (url: string, stayMs = 0): Promise<string> =>
    new Promise((resolve, reject) => {
      const script = fileURLToPath(new URL("./fixtures/leaves-by-itself.mjs", import.meta.url));
      execFile(process.execPath, [script, url, String(stayMs)], { timeout: 10_000 }, (error, stdout) =>
        error === null ? resolve(stdout) : reject(error),
      );
    });

  it("ends by itself while the hub answers, hangs or is nowhere, and loads what it needs only then", async () => {
    const hub = await HandHub.open();
    const silent = await listen(() => {});
    const outputs = await Promise.all([
      run(hub.url, 1000),
      run(silent, 300),
      run("ws://127.0.0.1:9", 300),
      // A network that nobody answers from, and a name with two addresses.
      run("ws://192.0.2.1:4700", 300),
      run(hub.url.replace("127.0.0.1", "localhost"), 1000),
    ]);
    for (const output of outputs) expect(output).toContain("ws was not loaded before the link");
    expect(outputs[0]).toMatch(/connecting\n(.*\n)*open\ndone/);
    expect(outputs[4]).toMatch(/open\ndone/);
    expect(outputs[2]).toContain("waiting");
  });
});

/** Writes a beginning, then the same again until the other side has had enough. */
function pour(socket: Socket, beginning: string, again: string | Buffer): void {
  socket.write(beginning);
  const portion = Buffer.concat(new Array<Buffer>(200).fill(Buffer.from(again as string, "latin1")));
  const more = (): void => {
    if (!socket.destroyed) socket.write(portion, () => setImmediate(more));
  };
  more();
}

function drip(socket: Socket): void {
  socket.write("HTTP/1.1 101 Switching Protocols\r\n");
  const timer = setInterval(() => socket.write("x-more: 1\r\n"), 20);
  socket.once("close", () => clearInterval(timer));
}
