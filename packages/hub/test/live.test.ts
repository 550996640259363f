import type { Selector } from "@wsight/protocol";
import { afterEach, expect, test } from "vitest";
import type WebSocket from "ws";
import type { FakeProbe } from "./current-rig.ts";
import { type Client, LiveRig } from "./live-rig.ts";

const MESSAGES = "websocket.server.messages";
const OPEN = "websocket.server.active_connections";
const RATE: Selector = { metric: MESSAGES, agg: "rate" };
const TOTAL: Selector = { metric: MESSAGES, agg: "total" };
const GAUGE: Selector = { metric: OPEN, agg: "last" };

const rigs: LiveRig[] = [];

async function openRig(options: Parameters<typeof LiveRig.open>[0] = {}): Promise<LiveRig> {
  const rig = await LiveRig.open(options);
  rigs.push(rig);
  return rig;
}

afterEach(async () => {
  await Promise.all(rigs.splice(0).map((rig) => rig.close()));
});

function beat(probe: FakeProbe, connections: number): void {
  probe.grow(MESSAGES, 10).set(OPEN, connections).snapshot({ keyframe: false });
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const FILLING = Buffer.alloc(64 * 1024, "{");

/** Writes to a socket whose other side does not read until the kernel takes no more. */
async function fillKernel(socket: WebSocket | undefined): Promise<void> {
  for (let full = 0; full < 20; full = (socket?.bufferedAmount ?? 0) > 0 ? full + 1 : 0) {
    if (full === 0) socket?.send(FILLING);
    await nextTurn();
  }
}

/** Lets a client pass over what was written to fill the kernel. */
function ignoreFilling({ socket }: Client): void {
  const [hear] = socket.listeners("message") as ((data: Buffer, isBinary: boolean) => void)[];
  socket.removeAllListeners("message");
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    if (data.length !== FILLING.length) hear?.(data, isBinary);
  });
}

/** What a viewer knows of each second, from backfills and ticks. */
function columns(client: Client, series: number): Map<number, number[]> {
  const seconds = new Map<number, number[]>();
  for (const { fromAt, stepMs, columns: past } of client.backfills) {
    for (let i = 0; i < (past[0]?.length ?? 0); i++) {
      seconds.set(
        fromAt + i * stepMs,
        past.map((column) => column[i] as number),
      );
    }
  }
  for (const { at, values } of client.ticks) seconds.set(at, [...values].slice(0, series));
  return seconds;
}

test("a viewer gets welcome, dictionary, backfill and then every second", async () => {
  const rig = await openRig();
  const probe = rig.probe();
  for (let i = 0; i < 5; i++) rig.second(() => beat(probe, i));
  const client = await rig.connect();
  client.subscribe([TOTAL, GAUGE], { id: 42 });
  const dictionary = await client.text("dictionary");
  expect(dictionary).toMatchObject({ id: 42, series: [{ key: `total(${MESSAGES})`, scale: 100 }, { scale: 100 }] });
  const backfill = await client.text("backfill");
  expect(backfill.channel).toBe(dictionary.channel);
  expect(backfill.columns.map((column) => [...column])).toEqual([
    [1000, 2000, 3000, 4000, 5000],
    [0, 100, 200, 300, 400],
  ]);
  const at = await rig.tick(() => beat(probe, 9));
  await rig.tick(() => beat(probe, 9));
  await client.text("tick", 2);
  expect(client.ticks.map(({ keyframe, seq }) => ({ keyframe, seq }))).toEqual([
    { keyframe: true, seq: 1 },
    { keyframe: false, seq: 2 },
  ]);
  expect(client.ticks[0]).toMatchObject({ at, channel: dictionary.channel, values: Float64Array.of(6000, 900) });
  expect(client.ticks[1]?.values).toEqual(Float64Array.of(7000, 900));
});

test("viewers of the same series share one evaluation and one encoding a tick, whatever ids they chose", async () => {
  const rig = await openRig();
  const probe = rig.probe();
  await rig.tick(() => beat(probe, 1));
  const clients = await Promise.all([1, 2, 3].map(() => rig.connect()));
  clients.forEach((client, i) => {
    client.subscribe([RATE, GAUGE], { id: i + 10 });
  });
  await Promise.all(clients.map((client) => client.text("backfill")));
  await rig.tick(() => beat(probe, 2));
  const before = { ...rig.live.stats(), evaluated: rig.evaluations };
  for (let i = 0; i < 5; i++) await rig.tick(() => beat(probe, i));
  await Promise.all(clients.map((client) => client.text("tick", 6)));
  const after = rig.live.stats();
  expect(rig.evaluations - before.evaluated).toBe(5);
  expect(after.evaluations - before.evaluations).toBe(5);
  expect(after.encodedFrames - before.encodedFrames).toBe(5);
  expect(after).toMatchObject({ viewers: 3, channels: 1 });
  expect(new Set(clients.map(({ ticks }) => ticks[0]?.channel)).size).toBe(1);
  const dictionaries = await Promise.all(clients.map((client) => client.text("dictionary")));
  expect(dictionaries.map(({ id }) => id)).toEqual([10, 11, 12]);
});

test("a viewer that comes back with since gets exactly the seconds it missed, as it would have seen them", async () => {
  const rig = await openRig();
  const probe = rig.probe();
  const series = [RATE, TOTAL, GAUGE, { metric: "websocket.server.rtt", agg: "p95" } as const];
  const stays = await rig.connect();
  const leaves = await rig.connect();
  stays.subscribe(series);
  leaves.subscribe(series);
  await Promise.all([stays.text("backfill"), leaves.text("backfill")]);
  const busy = (i: number) => () => {
    probe.record("websocket.server.rtt", [i / 100, i / 50]);
    if (i % 5 !== 3) beat(probe, i);
  };
  for (let i = 0; i < 10; i++) await rig.tick(busy(i));
  await Promise.all([stays.text("tick", 10), leaves.text("tick", 10)]);
  leaves.socket.close();
  await leaves.closed();
  for (let i = 10; i < 27; i++) await rig.tick(busy(i));
  await stays.text("tick", 27);
  const back = await rig.connect();
  const since = leaves.ticks.at(-1)?.at ?? 0;
  back.subscribe(series, { since });
  const backfill = await back.text("backfill");
  expect(backfill.fromAt).toBe(since + 1000);
  expect(backfill.columns.map(({ length }) => length)).toEqual([17, 17, 17, 17]);
  for (let i = 27; i < 30; i++) await rig.tick(busy(i));
  await Promise.all([stays.text("tick", 30), back.text("tick", 3)]);
  const seen = new Map([...columns(leaves, 4), ...columns(back, 4)]);
  expect([...seen]).toEqual([...columns(stays, 4)]);

  const late = await rig.connect();
  late.subscribe(series, { since: rig.current.at ?? 0 });
  expect((await late.text("backfill")).columns.map(({ length }) => length)).toEqual([0, 0, 0, 0]);
  const whole = await rig.connect();
  whole.subscribe(series, { since: 5 });
  await whole.text("backfill");
  expect([...columns(whole, 4)]).toEqual([...columns(stays, 4)]);
});

test("a backfill in the middle of running seconds misses none of them", async () => {
  const rig = await openRig();
  const probe = rig.probe();
  const many = Array.from({ length: 512 }, (_, i): Selector => ({ metric: MESSAGES, agg: "total", window: i + 1 }));
  for (let i = 0; i < 900; i++) rig.second(() => beat(probe, i));
  const client = await rig.connect();
  client.subscribe(many);
  await client.text("dictionary");
  while (rig.evaluations < 890) await nextTurn();
  let meanwhile = 0;
  for (; client.backfills.length === 0; meanwhile++) await rig.tick(() => beat(probe, 1));
  expect(meanwhile).toBeGreaterThan(0);
  while (client.ticks.length < 3) await rig.tick(() => beat(probe, 1));
  const known = [...columns(client, 512)].map(([at, values]) => ({ at, value: values[7] as number }));
  for (const [i, { at, value }] of known.entries()) {
    if (i === 0) continue;
    expect(at - (known[i - 1]?.at ?? 0)).toBe(1000);
    expect(value - (known[i - 1]?.value ?? 0)).toBe(1000);
  }
  expect(known.length).toBeGreaterThanOrEqual(903);
});

test("backfills hold the event loop for short turns only", async () => {
  const rig = await openRig();
  const probe = rig.probe();
  for (let i = 0; i < 900; i++) {
    rig.second(() => {
      for (let n = 0; n < 40; n++) probe.grow(MESSAGES, n, { event: `e${n}` });
      probe.record("websocket.server.rtt", [0.001 * i]).snapshot({ keyframe: false });
    });
  }
  const series = Array.from(
    { length: 200 },
    (_, i): Selector =>
      i % 2 === 0
        ? { metric: MESSAGES, agg: "rate", where: { event: `e${i % 40}` }, window: (i % 20) + 1 }
        : { metric: "websocket.server.rtt", agg: "p95", window: i },
  );
  const client = await rig.connect();
  // By CPU time: the wall clock also counts what other processes take.
  const turns: number[] = [];
  let last = process.cpuUsage();
  let running = true;
  const watch = () => {
    const { user, system } = process.cpuUsage(last);
    turns.push((user + system) / 1000);
    last = process.cpuUsage();
    if (running) setImmediate(watch);
  };
  setImmediate(watch);
  client.subscribe(series);
  await client.text("backfill");
  running = false;
  // Decoding happens in this thread too, so the longest turn is the client's own; the second longest is the hub's.
  turns.sort((a, b) => b - a);
  expect(turns.length).toBeGreaterThan(5);
  expect(turns[3]).toBeLessThan(30);
});

test("a viewer that stops reading costs no memory and nobody else a frame, gets the latest when it reads again", async () => {
  const rig = await openRig();
  const probe = rig.probe();
  const reads = await rig.connect();
  const stops = await rig.connect();
  for (const client of [reads, stops]) client.subscribe([TOTAL, GAUGE], { tables: ["users"] });
  await Promise.all([reads.text("backfill"), stops.text("backfill")]);
  const crowd = (turn: number) =>
    JSON.stringify({
      type: "table",
      epoch: 1,
      at: rig.clock.time,
      table: "users",
      total: 100,
      rows: Array.from({ length: 100 }, (_, i) => ({ key: `${turn} ${i} ${"x".repeat(240)}`, count: 1 })),
    });
  const step = (i: number) =>
    rig.tick(() => {
      beat(probe, i);
      probe.send(crowd(i));
    });
  stops.socket.pause();
  await fillKernel(rig.sockets[1]);
  const buffered: number[] = [];
  let ticks = 0;
  while (rig.live.stats().skippedTicks < 20) {
    await step(ticks++);
    await reads.text("tick", ticks);
    buffered.push(rig.sockets[1]?.bufferedAmount ?? 0);
    expect(ticks).toBeLessThan(100);
  }
  expect(Math.max(...buffered)).toBeLessThan(64 * 1024 + 40_000);
  expect(buffered.at(-1)).toBe(buffered.at(-10));
  expect(reads.ticks.map(({ seq }) => seq)).toEqual(Array.from({ length: ticks }, (_, i) => i + 1));
  expect(reads.ticks.slice(1).some(({ keyframe }) => keyframe)).toBe(false);

  ignoreFilling(stops);
  stops.socket.resume();
  const newest = () => stops.ticks.at(-1)?.seq ?? 0;
  while (newest() < ticks) {
    await step(ticks++);
    await reads.text("tick", ticks);
    await nextTurn();
  }
  const gap = stops.ticks.findIndex(({ seq }, i) => seq !== (stops.ticks[i - 1]?.seq ?? 0) + 1);
  expect(stops.ticks[gap]?.keyframe).toBe(true);
  expect(stops.ticks.at(-1)?.values).toEqual(reads.ticks.at(-1)?.values);
});

test("a viewer that has not read for a minute is closed with 1013", async () => {
  const rig = await openRig({ maxBuffered: 0 });
  const client = await rig.connect();
  client.subscribe([GAUGE], { tables: ["hub"] });
  await client.text("backfill");
  client.socket.pause();
  await fillKernel(rig.sockets[0]);
  for (let i = 0; i < 60; i++) await rig.tick();
  expect(rig.sockets[0]?.readyState).toBe(1);
  await rig.tick();
  expect(rig.sockets[0]?.readyState).toBe(2);
  expect(rig.live.stats().skippedTicks).toBe(61);
  ignoreFilling(client);
  client.socket.resume();
  expect(await client.closed()).toBe(1013);
  while (rig.live.stats().viewers > 0) await nextTurn();
});

test("what a viewer that does not read asks for is not answered, but for its newest subscription when it reads", async () => {
  const rig = await openRig({ maxBuffered: 0 });
  const client = await rig.connect();
  client.socket.pause();
  const server = rig.sockets[0];
  await fillKernel(server);
  const before = server?.bufferedAmount ?? 0;
  expect(before).toBeGreaterThan(0);
  let arrived = 0;
  server?.on("message", () => arrived++);
  for (let id = 0; id < 30; id++) client.subscribe([TOTAL, GAUGE], { id });
  for (let i = 0; i < 30; i++) client.say({ type: "ping", sentAt: i });
  while (arrived < 60) await nextTurn();
  expect(server?.bufferedAmount).toBe(before);
  ignoreFilling(client);
  client.socket.resume();
  while (!client.heard.some(({ type }) => type === "dictionary")) {
    await rig.tick();
    await nextTurn();
  }
  const dictionaries = client.heard.filter(({ type }) => type === "dictionary");
  expect(dictionaries).toMatchObject([{ id: 29 }]);
});

test("a hidden viewer gets one keyframe in ten seconds", async () => {
  const rig = await openRig();
  const probe = rig.probe();
  const client = await rig.connect();
  client.subscribe([TOTAL]);
  client.say({ type: "rate", everyMs: 10_000 });
  client.say({ type: "ping", sentAt: 7 });
  await client.text("backfill");
  expect(await client.text("pong")).toMatchObject({ sentAt: 7, at: rig.clock.now() });
  for (let i = 0; i < 30; i++) await rig.tick(() => beat(probe, i));
  client.say({ type: "rate", everyMs: 1000 });
  client.say({ type: "ping", sentAt: 8 });
  await client.text("pong", 2);
  await rig.tick(() => beat(probe, 1));
  await rig.tick(() => beat(probe, 1));
  await client.text("tick", 5);
  expect(client.ticks.map(({ keyframe }) => keyframe)).toEqual([true, true, true, false, false]);
  expect(client.ticks.at(-1)?.values).toEqual(Float64Array.of(32_000));
  expect(client.ticks.slice(0, 3).every(({ at }) => at % 10_000 === 0)).toBe(true);
});

test("tables come at once and then only when they changed, with the id of each viewer", async () => {
  const rig = await openRig();
  const probe = rig.probe();
  await rig.tick(() => probe.set("websocket.server.closes", 1, { reason: "1000" }).snapshot());
  const one = await rig.connect();
  const two = await rig.connect();
  one.subscribe([], { id: 5, tables: ["closes", "closes"] });
  two.subscribe([], { id: 6, tables: ["closes"] });
  expect(await one.text("table")).toMatchObject({ id: 5, table: "closes", rows: [{ key: "1000", count: 1 }] });
  expect(await two.text("table")).toMatchObject({ id: 6 });
  await Promise.all([one.text("backfill"), two.text("backfill")]);
  await rig.tick(() => probe.snapshot());
  await rig.tick(() => probe.set("websocket.server.closes", 2, { reason: "1000" }).snapshot());
  await rig.tick(() => probe.snapshot());
  await one.text("tick", 3);
  const tables = one.heard.filter(({ type }) => type === "table");
  expect(tables).toHaveLength(2);
  expect(tables[1]).toMatchObject({ rows: [{ key: "1000", count: 2 }] });
});

test("a table that fails leaves the other tables and the ticks alone", async () => {
  const rig = await openRig();
  const probe = rig.probe();
  rig.current.table = (() => {
    throw new Error("broken");
  }) as typeof rig.current.table;
  const client = await rig.connect();
  client.subscribe([GAUGE], { tables: ["hub"] });
  await client.text("backfill");
  await rig.tick(() => beat(probe, 3));
  expect((await client.text("tick")).values[0]).toBe(300);
  expect(rig.live.stats().failedTables).toBeGreaterThan(0);
});

test("a new subscription replaces the one before, and channels nobody watches are dropped", async () => {
  const rig = await openRig();
  const probe = rig.probe();
  const client = await rig.connect();
  client.subscribe([TOTAL], { id: 1 });
  await client.text("backfill");
  client.subscribe([GAUGE], { id: 2 });
  const { channel } = await client.text("dictionary", 2);
  await client.text("backfill", 2);
  await rig.tick(() => beat(probe, 4));
  expect(await client.text("tick")).toMatchObject({ channel, values: Float64Array.of(400) });
  expect(rig.live.stats().channels).toBe(1);
  client.socket.close();
  await client.closed();
  while (rig.live.stats().viewers > 0) await nextTurn();
  expect(rig.live.stats().channels).toBe(0);
});

test("bad messages are answered with what was expected; twenty of them end the session", async () => {
  const rig = await openRig();
  const client = await rig.connect();
  client.subscribe([{ metric: "no.such.metric", agg: "rate" } as Selector]);
  expect(await client.text("error")).toMatchObject({
    error: { code: "BAD_SELECTOR", message: 'metric: expected a metric of the catalogue, got "no.such.metric"' },
  });
  client.socket.send(Buffer.from([1, 2, 3]));
  expect(await client.text("error", 2)).toMatchObject({ error: { code: "BAD_FRAME" } });
  for (let i = 0; i < 18; i++) client.say(`{"type":"wrong ${i}"}`);
  expect(await client.closed()).toBe(1008);
});

test("more than a hundred messages a second are refused", async () => {
  const rig = await openRig();
  const client = await rig.connect();
  for (let i = 0; i < 130; i++) client.say({ type: "ping", sentAt: i });
  expect(await client.text("error")).toMatchObject({ error: { code: "RATE_LIMITED" } });
  expect(await client.closed()).toBe(1008);
});

test("long messages count for many, so that reading them can't keep the hub busy", async () => {
  const rig = await openRig();
  const client = await rig.connect();
  for (let i = 0; i < 22; i++) client.say({ type: "ping", sentAt: i, padding: " ".repeat(200_000) });
  expect(await client.text("error")).toMatchObject({ error: { code: "RATE_LIMITED" } });
  expect(await client.closed()).toBe(1008);
});

// One viewer that changed its 512 series 80 times a second kept the hub's thread busy by itself.
test("of subscriptions that follow each other too fast, the newest is taken up a second later", async () => {
  const rig = await openRig();
  const client = await rig.connect();
  for (let id = 1; id <= 40; id++) client.subscribe([{ ...RATE, window: id }], { id });
  client.say({ type: "ping", sentAt: 1 });
  await client.text("pong");
  const ids = () => client.heard.flatMap((one) => (one.type === "dictionary" ? [one.id] : []));
  expect(ids()).toEqual([1, 2, 3, 4]);
  await rig.tick();
  await client.text("dictionary", 5);
  expect(ids()).toEqual([1, 2, 3, 4, 40]);
  await rig.tick();
  client.subscribe([RATE], { id: 41 });
  expect(await client.text("dictionary", 6)).toMatchObject({ id: 41 });
  expect(rig.live.stats().channels).toBe(1);
});

// Fifty viewers with 512 windows each, all different, took 300 MB of the process that is watched.
test("different series beyond what there is room for are refused, and room that is left is given again", async () => {
  const rig = await openRig({ maxSeries: 3 });
  const [ann, bob] = [await rig.connect(), await rig.connect()];
  ann.subscribe([RATE, TOTAL]);
  await ann.text("dictionary");
  bob.subscribe([RATE, GAUGE]);
  expect(await bob.text("error")).toMatchObject({ error: { code: "RATE_LIMITED" } });
  bob.subscribe([RATE, TOTAL]);
  await bob.text("dictionary");
  bob.subscribe([GAUGE]);
  await bob.text("dictionary", 2);
  ann.subscribe([GAUGE, RATE]);
  await ann.text("dictionary", 2);
  bob.socket.close();
  while (rig.live.stats().viewers > 1) await nextTurn();
  ann.subscribe([GAUGE, RATE, TOTAL]);
  expect((await ann.text("dictionary", 3)).series).toHaveLength(3);
  expect(rig.live.stats().channels).toBe(1);
});

test("a message that is too large closes with 1009, whether the server or the session notices", async () => {
  for (const maxPayload of [undefined, 10_000_000]) {
    const rig = await openRig(maxPayload === undefined ? {} : { maxPayload });
    const client = await rig.connect();
    client.say(" ".repeat(300_000));
    expect(await client.closed()).toBe(1009);
  }
});

test("a viewer that gives no sign of life is dropped, one that does is kept", async () => {
  const rig = await openRig();
  const alive = await rig.connect();
  const dead = await rig.connect();
  dead.socket.pause();
  for (let i = 0; i < 31; i++) await rig.tick();
  alive.say({ type: "ping", sentAt: 1 });
  await alive.text("pong");
  for (let i = 0; i < 31; i++) await rig.tick();
  while (rig.live.stats().viewers > 1) await nextTurn();
  expect(rig.sockets.map(({ readyState }) => readyState)).toEqual([1, 3]);
});

test("closing says goodbye to everybody and takes no one new", async () => {
  const rig = await openRig();
  const client = await rig.connect();
  rig.live.close();
  expect(await client.closed()).toBe(1001);
  await rig.tick();
});

test("ticks that come while one is running are told after it, the newest only", async () => {
  const rig = await openRig({ slice: 1 });
  const probe = rig.probe();
  const clients = await Promise.all([1, 2, 3].map(() => rig.connect()));
  for (const client of clients) client.subscribe([TOTAL]);
  await Promise.all(clients.map((client) => client.text("backfill")));
  const running = rig.live.tick(rig.second(() => beat(probe, 1)));
  const skipped = rig.live.tick(rig.second(() => beat(probe, 2)));
  const newest = rig.second(() => beat(probe, 3));
  await Promise.all([running, skipped, rig.live.tick(newest)]);
  await Promise.all(clients.map((client) => client.text("tick", 2)));
  for (const { ticks } of clients) expect(ticks.map(({ values }) => values[0])).toEqual([1000, 3000]);
});

test("garbage from viewers neither throws nor keeps anything", async () => {
  const rig = await openRig();
  for (let round = 0; round < 20; round++) {
    const client = await rig.connect();
    for (let i = 0; i < 20; i++) {
      const noise = Array.from({ length: 40 }, (_, n) => String.fromCharCode((round * 31 + i * 17 + n * 7) % 120)).join(
        "",
      );
      client.say(i % 2 === 0 ? noise : JSON.stringify({ type: "subscribe", id: noise, series: noise, tables: [i] }));
    }
    expect(await client.closed()).toBe(1008);
  }
  while (rig.live.stats().viewers > 0) await nextTurn();
  expect(rig.live.stats().channels).toBe(0);
});
