import type { Selector } from "@wsight/protocol";
import { describe, expect, test } from "vitest";
import { beat, GAUGE, type HubEnd, nextTurn, openRig, RATE, TOTAL, TRANSPORTS } from "./live-rig.ts";

/** Writes to a viewer that does not read until the kernel takes no more. */
async function fillKernel(end: HubEnd | undefined): Promise<void> {
  for (let full = 0; full < 20; full = (end?.bufferedAmount ?? 0) > 0 ? full + 1 : 0) {
    if (full === 0) end?.fill();
    await nextTurn();
  }
}

// Whatever carries it, a live session is the same.
describe.each(TRANSPORTS)("a live session over %s", (transport) => {
  test("a viewer gets welcome, dictionary, backfill and then every second", async () => {
    const rig = await openRig({ transport });
    const probe = rig.probe();
    for (let i = 0; i < 5; i++) rig.second(() => beat(probe, i));
    const client = await rig.connect();
    client.subscribe([TOTAL, GAUGE], { id: 42 });
    const dictionary = await client.text("dictionary");
    expect(dictionary).toMatchObject({
      id: 42,
      series: [{ key: "total(websocket.server.messages)", scale: 100 }, { scale: 100 }],
    });
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
    const rig = await openRig({ transport });
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

  test("a viewer that stops reading costs no memory and nobody else a frame, gets the latest when it reads again", async () => {
    const rig = await openRig({ transport });
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
    stops.pause();
    await fillKernel(rig.ends[1]);
    const buffered: number[] = [];
    let ticks = 0;
    while (rig.live.stats().skippedTicks < 20) {
      await step(ticks++);
      await reads.text("tick", ticks);
      buffered.push(rig.ends[1]?.bufferedAmount ?? 0);
      expect(ticks).toBeLessThan(100);
    }
    expect(Math.max(...buffered)).toBeLessThan(64 * 1024 + 40_000);
    expect(buffered.at(-1)).toBe(buffered.at(-10));
    expect(reads.ticks.map(({ seq }) => seq)).toEqual(Array.from({ length: ticks }, (_, i) => i + 1));
    expect(reads.ticks.slice(1).some(({ keyframe }) => keyframe)).toBe(false);

    stops.resume();
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
    const rig = await openRig({ transport, maxBuffered: 0 });
    const client = await rig.connect();
    client.subscribe([GAUGE], { tables: ["hub"] });
    await client.text("backfill");
    client.pause();
    await fillKernel(rig.ends[0]);
    for (let i = 0; i < 60; i++) await rig.tick();
    expect(rig.ends[0]?.isOpen).toBe(true);
    await rig.tick();
    expect(rig.ends[0]?.isOpen).toBe(false);
    expect(rig.live.stats().skippedTicks).toBe(61);
    client.resume();
    expect(await client.closed()).toBe(1013);
    while (rig.live.stats().viewers > 0) await nextTurn();
  });

  test("what a viewer that does not read asks for is not answered, but for its newest subscription when it reads", async () => {
    const rig = await openRig({ transport, maxBuffered: 0 });
    const client = await rig.connect();
    client.pause();
    const server = rig.ends[0];
    await fillKernel(server);
    const before = server?.bufferedAmount ?? 0;
    expect(before).toBeGreaterThan(0);
    for (let id = 0; id < 30; id++) client.subscribe([TOTAL, GAUGE], { id });
    for (let i = 0; i < 30; i++) client.say({ type: "ping", sentAt: i });
    while (rig.arrived < 60) await nextTurn();
    expect(server?.bufferedAmount).toBe(before);
    client.resume();
    while (!client.heard.some(({ type }) => type === "dictionary")) {
      await rig.tick();
      await nextTurn();
    }
    const dictionaries = client.heard.filter(({ type }) => type === "dictionary");
    expect(dictionaries).toMatchObject([{ id: 29 }]);
  });

  test("a hidden viewer gets one keyframe in ten seconds", async () => {
    const rig = await openRig({ transport });
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
    const rig = await openRig({ transport });
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

  test("a new subscription replaces the one before, and channels nobody watches are dropped", async () => {
    const rig = await openRig({ transport });
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
    client.close();
    await client.closed();
    while (rig.live.stats().viewers > 0) await nextTurn();
    expect(rig.live.stats().channels).toBe(0);
  });

  test("bad messages are answered with what was expected; twenty of them end the session", async () => {
    const rig = await openRig({ transport });
    const client = await rig.connect();
    client.subscribe([{ metric: "no.such.metric", agg: "rate" } as Selector]);
    expect(await client.text("error")).toMatchObject({
      error: { code: "BAD_SELECTOR", message: 'metric: expected a metric of the catalogue, got "no.such.metric"' },
    });
    for (let i = 0; i < 19; i++) client.say(`{"type":"wrong ${i}"}`);
    expect(await client.closed()).toBe(1008);
  });

  test("more than a hundred messages a second are refused", async () => {
    const rig = await openRig({ transport });
    const client = await rig.connect();
    for (let i = 0; i < 130; i++) client.say({ type: "ping", sentAt: i });
    expect(await client.text("error")).toMatchObject({ error: { code: "RATE_LIMITED" } });
    expect(await client.closed()).toBe(1008);
  });

  test("long messages count for many, so that reading them can't keep the hub busy", async () => {
    const rig = await openRig({ transport });
    const client = await rig.connect();
    for (let i = 0; i < 22; i++) client.say({ type: "ping", sentAt: i, padding: " ".repeat(200_000) });
    expect(await client.text("error")).toMatchObject({ error: { code: "RATE_LIMITED" } });
    expect(await client.closed()).toBe(1008);
  });

  // One viewer that changed its 512 series 80 times a second kept the hub's thread busy by itself.
  test("of subscriptions that follow each other too fast, the newest is taken up a second later", async () => {
    const rig = await openRig({ transport });
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

  test("a viewer that gives no sign of life is dropped, one that does is kept", async () => {
    const rig = await openRig({ transport });
    const alive = await rig.connect();
    const dead = await rig.connect();
    dead.pause();
    for (let i = 0; i < 31; i++) await rig.tick();
    alive.say({ type: "ping", sentAt: 1 });
    await alive.text("pong");
    for (let i = 0; i < 31; i++) await rig.tick();
    while (rig.live.stats().viewers > 1) await nextTurn();
    expect(rig.ends.map(({ isOpen }) => isOpen)).toEqual([true, false]);
  });

  test("closing says goodbye to everybody and takes no one new", async () => {
    const rig = await openRig({ transport });
    const client = await rig.connect();
    rig.live.close();
    expect(await client.closed()).toBe(1001);
    await rig.tick();
  });

  test("garbage from viewers neither throws nor keeps anything", async () => {
    const rig = await openRig({ transport });
    for (let round = 0; round < 20; round++) {
      const client = await rig.connect();
      for (let i = 0; i < 20; i++) {
        const noise = Array.from({ length: 40 }, (_, n) =>
          String.fromCharCode((round * 31 + i * 17 + n * 7) % 120),
        ).join("");
        client.say(i % 2 === 0 ? noise : JSON.stringify({ type: "subscribe", id: noise, series: noise, tables: [i] }));
      }
      expect(await client.closed()).toBe(1008);
    }
    while (rig.live.stats().viewers > 0) await nextTurn();
    expect(rig.live.stats().channels).toBe(0);
  });
});
