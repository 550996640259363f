import type { Socket } from "node:net";
import type { Selector } from "@wsight/protocol";
import { expect, test } from "vitest";
import { type Client, SocketClient } from "./live-clients.ts";
import { beat, GAUGE, nextTurn, openRig, RATE, TOTAL } from "./live-rig.ts";

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
  leaves.close();
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
  const many = Array.from(
    { length: 512 },
    (_, i): Selector => ({ metric: "websocket.server.messages", agg: "total", window: i + 1 }),
  );
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
      for (let n = 0; n < 40; n++) probe.grow("websocket.server.messages", n, { event: `e${n}` });
      probe.record("websocket.server.rtt", [0.001 * i]).snapshot({ keyframe: false });
    });
  }
  const series = Array.from(
    { length: 200 },
    (_, i): Selector =>
      i % 2 === 0
        ? { metric: "websocket.server.messages", agg: "rate", where: { event: `e${i % 40}` }, window: (i % 20) + 1 }
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
  bob.close();
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

test("bytes from a viewer are no message", async () => {
  const rig = await openRig();
  const client = await rig.connect();
  if (client instanceof SocketClient) client.socket.send(Buffer.from([1, 2, 3]));
  expect(await client.text("error")).toMatchObject({ error: { code: "BAD_FRAME" } });
});

// Browsers refuse a frame that tells its length in more bytes than it takes.
test("frames tell their length in as few bytes as they can", async () => {
  const rig = await openRig();
  const client = await rig.connect();
  if (!(client instanceof SocketClient)) throw new Error("expected a WebSocket");
  const { _socket: raw } = client.socket as unknown as { _socket: Socket };
  const frames: Buffer[] = [];
  raw.on("data", (data: Buffer) => frames.push(data));
  const lengths = new Set<number>();
  for (let digits = 0; digits < 16; digits++) {
    frames.length = 0;
    client.subscribe([{ ...RATE, where: { direction: "in" } }], { id: 10 ** digits });
    await client.text("dictionary", digits + 1);
    await client.text("backfill", digits + 1);
    // Four subscriptions of a viewer are taken up within a second.
    await rig.tick();
    const frame = frames.find((data) => data.includes('"dictionary"')) ?? Buffer.alloc(4);
    const [, short = 0] = frame;
    const length = short <= 125 ? short : frame.readUInt16BE(2);
    expect(short <= 125).toBe(length <= 125);
    lengths.add(length);
  }
  expect([...lengths]).toEqual(expect.arrayContaining([125, 126]));
});
