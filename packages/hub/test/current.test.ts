import { systemClock } from "@wsight/hub";
import { expect, test } from "vitest";
import { Rig, START } from "./current-rig.ts";

const MESSAGES = "websocket.server.messages";
const OPEN = "websocket.server.active_connections";
const RATE = { metric: MESSAGES, agg: "rate" } as const;
const TOTAL = { metric: MESSAGES, agg: "total" } as const;
const GAUGE = { metric: OPEN, agg: "last" } as const;

test("growth becomes a rate, an idle counter has rate 0, and a counter nobody has is unknown", () => {
  const rig = new Rig();
  const probe = rig.probe();
  rig.second(() => probe.set(MESSAGES, 10).set("websocket.server.errors", 0).snapshot());
  rig.second(() => probe.set(MESSAGES, 35).snapshot());
  expect(rig.read(RATE)).toBe(25);
  expect(rig.read({ metric: "websocket.server.errors", agg: "rate" })).toBe(0);
  expect(rig.read({ metric: "websocket.server.broadcasts", agg: "rate" })).toBeNaN();
  expect(rig.read(TOTAL)).toBe(35);
});

test("a process that is older than the hub is not counted from its start as growth, only as total", () => {
  const rig = new Rig();
  const probe = rig.probe({ startedAt: START - 86_400_000 });
  rig.second(() => probe.set(MESSAGES, 1_000_000).snapshot());
  expect(rig.read(RATE)).toBeNaN();
  expect(rig.read(TOTAL)).toBe(1_000_000);
  rig.second(() => probe.set(MESSAGES, 1_000_007).snapshot());
  expect(rig.read(RATE)).toBe(7);
});

/** A fixed series of numbers from 0 to 1 that looks random. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}

test("totals and growth are exact across restarts, losses and silence", () => {
  const rig = new Rig();
  const probe = rig.probe();
  const random = dice(7);
  let value = 0;
  let delivered = 0;
  let earlier = 0;
  let restarts = 0;
  for (let i = 0; i < 600; i++) {
    rig.second(() => {
      const fate = random();
      if (fate < 0.02) {
        // What the process counted since its last snapshot is lost with it.
        probe.restart(++restarts + 1);
        earlier += delivered;
        value = delivered = 0;
      }
      value += Math.floor(random() * 1000);
      probe.set(MESSAGES, value, { event: "a" });
      if (fate > 0.8 && fate < 0.9) probe.lose();
      else if (fate < 0.9 || fate > 0.95) {
        probe.snapshot();
        delivered = value;
      }
    });
    expect(rig.read(TOTAL)).toBe(delivered);
  }
  rig.second(() => probe.snapshot());
  expect(restarts).toBeGreaterThan(5);
  expect(rig.current.table("nodes")[0]?.restarts).toBe(restarts);
  expect(rig.read(TOTAL)).toBe(value);
  // All growth there was, by the 600.5 s since the process began.
  const growth = rig.read({ ...RATE, window: 900 }) * 600.5;
  expect(Math.abs(growth / (earlier + value) - 1)).toBeLessThan(0.002);
});

test("a hole in seq is counted, spread over the time it took, and stays a gap", () => {
  const rig = new Rig();
  const probe = rig.probe();
  const step = () => probe.grow(MESSAGES, 100);
  for (let i = 0; i < 5; i++) rig.second(() => step().snapshot());
  for (let i = 0; i < 4; i++) rig.second(() => step().lose());
  rig.second(() => step().snapshot({ keyframe: false }));
  rig.second(() => step().snapshot());
  const line = rig.line(RATE).slice(1);
  expect(line.slice(0, 4)).toEqual([100, 100, 100, 100]);
  // In the first of the lost seconds the next snapshot is not overdue yet: the newest is 1.5 intervals old.
  expect(line.slice(5, 8).every(Number.isNaN)).toBe(true);
  expect(line.slice(8)).toEqual([100, 100]);
  expect(rig.current.table("nodes")[0]?.lost).toBe(4);
  expect(probe.resyncs).toBe(1);
});

test("a node is silent after 2.5 intervals: its gauges are unknown, its totals remain, and it comes back", () => {
  const rig = new Rig();
  const probe = rig.probe();
  rig.second(() => probe.set(MESSAGES, 10).set(OPEN, 3).snapshot());
  rig.second(() => probe.set(MESSAGES, 20).snapshot());
  const silentAfter = rig.clock.time - 500 + 2500;
  rig.second();
  rig.clock.time = silentAfter;
  expect(rig.current.table("nodes")[0]?.state).toBe("live");
  rig.clock.time = silentAfter + 1;
  expect(rig.current.table("nodes")[0]?.state).toBe("silent");
  rig.closeSecond();
  rig.second();
  expect(rig.read(GAUGE)).toBeNaN();
  expect(rig.read(RATE)).toBeNaN();
  expect(rig.read(TOTAL)).toBe(20);
  expect(rig.current.table("nodes")[0]?.connections).toBeNull();
  rig.second(() => probe.set(MESSAGES, 60).set(OPEN, 4).snapshot());
  expect(rig.current.table("nodes")[0]?.state).toBe("live");
  expect(rig.read(GAUGE)).toBe(4);
  expect(rig.read(RATE)).toBe(8);
  expect(rig.line(GAUGE)).toEqual([3, 3, 3, 3, Number.NaN, Number.NaN, 4]);
});

test("an application blocked for 3 s leaves a gap and nothing false", () => {
  const rig = new Rig();
  const probe = rig.probe();
  for (let i = 0; i < 10; i++) rig.second(() => probe.grow(MESSAGES, 50).set(OPEN, 5).snapshot());
  for (let i = 0; i < 3; i++) rig.second();
  for (let i = 0; i < 3; i++) rig.second(() => probe.grow(MESSAGES, 50).snapshot());
  const rates = rig.line(RATE).slice(1);
  expect(Math.max(...rates.filter((rate) => rate === rate))).toBe(50);
  expect(rates.filter(Number.isNaN).length).toBeGreaterThanOrEqual(2);
  expect(rates.slice(-3)).toEqual([12.5, 50, 50]);
  expect(rig.read(TOTAL)).toBe(650);
});

test("a snapshot timer that drifts over the edge of a second makes neither gaps nor spikes", () => {
  const rig = new Rig();
  const probe = rig.probe();
  let next = START + 950;
  for (let second = 0; second < 200; second++) {
    const end = START + (second + 1) * 1000;
    while (next < end) {
      rig.clock.time = next;
      probe.grow(MESSAGES, 100).snapshot();
      next += 1000 + ((second * 37) % 120) - 60;
    }
    rig.clock.time = end;
    rig.current.closeSecond(end - 1000);
  }
  const rates = rig.line(RATE).slice(2);
  expect(rates.some(Number.isNaN)).toBe(false);
  expect(Math.min(...rates)).toBeGreaterThan(90);
  expect(Math.max(...rates)).toBeLessThan(110);
});

test("after bye a node is gone at once, and after 15 minutes forgotten with all its series", () => {
  const rig = new Rig();
  const probe = rig.probe();
  rig.second(() => probe.set(MESSAGES, 10).set(OPEN, 3).record("websocket.server.rtt", [0.1]).snapshot());
  probe.send(JSON.stringify({ type: "bye", epoch: 1 }));
  rig.second();
  expect(rig.current.table("nodes")[0]?.state).toBe("gone");
  expect(rig.read(GAUGE)).toBeNaN();
  expect(rig.read(TOTAL)).toBeNaN();
  expect(rig.read(TOTAL, START)).toBe(10);
  for (let i = 0; i < 990; i++) rig.second();
  expect(rig.current.stats()).toMatchObject({ nodes: 0, series: 0, histogramBytes: 0 });
});

test("a node that was silent for 5 minutes is gone, and counting goes on when it comes back", () => {
  const rig = new Rig();
  const probe = rig.probe();
  rig.second(() => probe.set(MESSAGES, 10).snapshot());
  rig.second(() => probe.set(MESSAGES, 20).snapshot());
  for (let i = 0; i < 301; i++) rig.second();
  expect(rig.current.table("nodes")[0]?.state).toBe("gone");
  rig.second(() => probe.set(MESSAGES, 1020).snapshot({ keyframe: false }));
  expect(rig.current.table("nodes")[0]?.state).toBe("live");
  expect(rig.read(TOTAL)).toBe(1020);
  expect(rig.read(RATE)).toBeNaN();
  rig.second(() => probe.set(MESSAGES, 1025).snapshot({ keyframe: false }));
  expect(rig.read(RATE)).toBe(5);
});

test("a restart counts from zero, also when the new process is older than a few seconds", () => {
  const rig = new Rig();
  const probe = rig.probe();
  const metric = "websocket.server.rtt";
  rig.second(() => probe.set(MESSAGES, 1000).record(metric, [9]).snapshot());
  for (let i = 0; i < 29; i++) rig.second();
  rig.second(() => {
    probe.restart(2);
    probe.hello = { ...probe.hello, startedAt: rig.clock.time - 20_000 };
    probe.greet();
    probe.set(MESSAGES, 500).record(metric, [1, 1]).snapshot();
  });
  expect(rig.read(RATE)).toBe(25);
  expect(rig.read(TOTAL)).toBe(500);
  expect(rig.read({ metric, agg: "mean", window: 2 })).toBe(1);
  expect(rig.current.table("nodes")[0]?.restarts).toBe(1);
});

test("a series whose value falls began anew: what it has then is its growth", () => {
  const rig = new Rig();
  const probe = rig.probe();
  const metric = "websocket.server.rtt";
  rig.second(() => probe.set(MESSAGES, 1000).record(metric, [5, 5, 5]).snapshot());
  probe.values.delete(metric);
  rig.second(() => probe.set(MESSAGES, 30).record(metric, [1]).snapshot());
  expect(rig.read(RATE)).toBe(30);
  expect(rig.read(TOTAL)).toBe(30);
  expect(rig.read(TOTAL, START)).toBe(1000);
  expect(rig.read({ metric, agg: "mean", window: 1 })).toBe(1);
});

test("percentiles are merged over nodes, not averaged, and within 1.1 % of exact", () => {
  const rig = new Rig();
  const all: number[] = [];
  const probes = ["a", "b", "c"].map((instance) => rig.probe({ instance }));
  const random = dice(1);
  const normal = () => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += random();
    return sum;
  };
  for (let second = 0; second < 30; second++) {
    rig.second(() => {
      probes.forEach((probe, i) => {
        const values = Array.from({ length: 40 }, () => Math.exp(normal() - 5 + i));
        if (second >= 20) all.push(...values);
        probe.record("websocket.server.rtt", values, { "ws.library": "ws" }).snapshot();
      });
    });
  }
  all.sort((a, b) => a - b);
  for (const [agg, q] of [
    ["p50", 0.5],
    ["p95", 0.95],
    ["p99", 0.99],
  ] as const) {
    const exact = all[Math.ceil(q * all.length) - 1] as number;
    expect(Math.abs(rig.read({ metric: "websocket.server.rtt", agg }) / exact - 1)).toBeLessThan(0.011);
  }
  const mean = all.reduce((a, b) => a + b) / all.length;
  expect(rig.read({ metric: "websocket.server.rtt", agg: "mean" })).toBeCloseTo(mean, 9);
  expect(rig.read({ metric: "websocket.server.rtt", agg: "rate" })).toBeCloseTo(120, 6);
  const octaves = Array.from({ length: 53 }, (_, i) => i - 20).map((octave) =>
    rig.read({ metric: "websocket.server.rtt", agg: "octave", octave }),
  );
  expect(octaves.reduce((a, b) => a + b)).toBeCloseTo(120, 6);
  const window = Array.from({ length: 53 }, (_, i) => i - 20).map(
    (octave) => rig.read({ metric: "websocket.server.rtt", agg: "octave", octave, window: 10 }) * 10,
  );
  expect(window.reduce((a, b) => a + b)).toBeCloseTo(all.length, 6);
  for (const [i, count] of window.entries()) {
    const exact = all.filter((value) => value > 2 ** (i - 21) && value <= 2 ** (i - 20)).length;
    expect(count).toBeCloseTo(exact, 6);
  }
});

test("a window that slides says the same as one built anew, over restarts and holes", () => {
  const rig = new Rig();
  const probe = rig.probe();
  const metric = "websocket.server.handler.duration";
  const selectors = (["p50", "p95", "mean", "max"] as const).map((agg) => ({ metric, agg, window: 20 }));
  const sliding = rig.current.compile(selectors);
  let epoch = 1;
  for (let i = 0; i < 120; i++) {
    rig.second(() => {
      if (i % 31 === 30) probe.restart(++epoch);
      probe.record(
        metric,
        Array.from({ length: i % 7 }, (_, n) => 0.001 * (n + 1) * ((i % 13) + 1)),
      );
      if (i % 17 !== 3) probe.snapshot();
    });
    const at = rig.current.at ?? 0;
    const slid = sliding.evaluate(at);
    const anew = rig.current.compile(selectors).evaluate(at);
    slid.forEach((value, n) => {
      const what = `${selectors[n]?.agg} after ${i} seconds`;
      if (Number.isNaN(anew[n])) expect(value, what).toBeNaN();
      else expect(value, what).toBeCloseTo(anew[n] as number, 9);
    });
  }
});

test("percentiles are unknown when nothing was observed, and the max is exact when it is the largest so far", () => {
  const rig = new Rig();
  const probe = rig.probe();
  const metric = "websocket.server.rtt";
  rig.second(() => probe.record(metric, []).snapshot());
  expect(rig.read({ metric, agg: "p95" })).toBeNaN();
  rig.second(() => probe.record(metric, [0.1234567]).snapshot());
  expect(rig.read({ metric, agg: "max" })).toBe(0.1234567);
  for (let i = 0; i < 10; i++) rig.second(() => probe.snapshot());
  expect(rig.read({ metric, agg: "max" })).toBeNaN();
});

test("gauges of several nodes are put together as the catalogue says", () => {
  const rig = new Rig();
  const a = rig.probe({ instance: "a" });
  const b = rig.probe({ instance: "b" });
  const c = rig.probe({ instance: "c" });
  rig.second(() => {
    a.set(OPEN, 3).set("nodejs.eventloop.utilization", 0.2).set("wsight.probe.timing.sample_ratio", 1).snapshot();
    b.set(OPEN, 4).set("nodejs.eventloop.utilization", 0.9).set("wsight.probe.timing.sample_ratio", 0.5).snapshot();
    c.set(OPEN, Number.NaN).snapshot();
  });
  expect(rig.read(GAUGE)).toBe(7);
  expect(rig.read({ metric: OPEN, agg: "max" })).toBe(4);
  expect(rig.read({ metric: OPEN, agg: "mean" })).toBe(3.5);
  expect(rig.read({ metric: "nodejs.eventloop.utilization", agg: "last" })).toBe(0.9);
  expect(rig.read({ metric: "wsight.probe.timing.sample_ratio", agg: "last" })).toBe(0.75);
  expect(rig.read({ metric: OPEN, agg: "last", node: "chat/b" })).toBe(4);
  expect(rig.read({ metric: OPEN, agg: "last", node: "chat/c" })).toBeNaN();
});

const DISK = "system.disk.io";

test("what two nodes of one host count of its disks is not doubled", () => {
  const rig = new Rig();
  const [a, b] = [rig.probe({ instance: "a" }), rig.probe({ instance: "b" })];
  const read = { "disk.io.direction": "read" };
  const write = { "disk.io.direction": "write" };
  // Each counts from its own start, and b began later.
  for (let i = 1; i <= 4; i++) {
    rig.second(() => {
      a.grow(DISK, 1000, read).grow(DISK, 500, write).snapshot();
      b.grow(DISK, i < 3 ? 0 : 1000, read)
        .grow(DISK, i < 3 ? 0 : 500, write)
        .snapshot();
    });
  }
  const both = { metric: DISK, agg: "rate" } as const;
  expect(rig.read(both)).toBe(1500);
  expect(rig.read({ ...both, where: write })).toBe(500);
  expect(rig.read({ ...both, window: 2 })).toBe(1500);
  expect(rig.read({ ...both, node: "chat/b" })).toBe(1500);
  expect(rig.read({ metric: DISK, agg: "total" })).toBe(6000);
  expect(rig.read({ metric: DISK, agg: "total", node: "chat/b" })).toBe(3000);
  // A falls silent: its total remains, its rate is unknown, and that of b is the rate of the host.
  for (let i = 0; i < 4; i++) rig.second(() => b.grow(DISK, 700, read).snapshot());
  expect(rig.read(both)).toBe(700);
  expect(rig.read({ metric: DISK, agg: "total" })).toBe(6000);
  for (let i = 0; i < 3; i++) rig.second();
  expect(rig.read(both)).toBeNaN();
  expect(rig.read({ ...both, window: 2 })).toBeNaN();
  a.send(JSON.stringify({ type: "bye", epoch: 1 }));
  rig.second();
  expect(rig.read({ metric: DISK, agg: "total" })).toBe(5800);
});

test("what several clients of one cache server read of it is not added up, within one node either", () => {
  const rig = new Rig();
  const [a, b] = [rig.probe({ instance: "a" }), rig.probe({ instance: "b" })];
  const hits = "redis.keyspace.hits";
  for (let i = 1; i <= 4; i++) {
    rig.second(() => {
      a.grow(hits, 21, { "db.client": "ioredis" }).grow(hits, 20, { "db.client": "redis" }).snapshot();
      b.grow(hits, 19, { "db.client": "ioredis" }).snapshot();
    });
  }
  expect(rig.read({ metric: hits, agg: "rate" })).toBe(21);
  expect(rig.read({ metric: hits, agg: "rate", window: 2 })).toBe(21);
  expect(rig.read({ metric: hits, agg: "total" })).toBe(84);
  expect(rig.read({ metric: hits, agg: "total", where: { "db.client": "redis" } })).toBe(80);
  expect(rig.read({ metric: hits, agg: "total", node: "chat/b" })).toBe(76);
  // What clients themselves asked for is each one's own.
  for (let i = 1; i <= 2; i++) {
    rig.second(() =>
      a
        .grow("redis.cache.hits", 3, { "db.client": "ioredis" })
        .grow("redis.cache.hits", 4, { "db.client": "redis" })
        .snapshot(),
    );
  }
  expect(rig.read({ metric: "redis.cache.hits", agg: "total" })).toBe(14);
});

test("rows of nodes tell what the process and its host have left", () => {
  const rig = new Rig();
  const probe = rig.probe();
  rig.second(() => probe.snapshot());
  expect(rig.current.table("nodes")[0]).toMatchObject({ hostCpu: null, gcShare: null, threads: null });
  const gc = { "v8js.gc.type": "minor" };
  rig.second(() =>
    probe
      .set("system.cpu.utilization", 0.5)
      .set("system.memory.utilization", 0.75)
      .set("v8js.memory.heap.used", 4e6)
      .set("v8js.memory.heap.limit", 8e6)
      .set("process.open_file_descriptor.count", 40)
      .set("process.open_file_descriptor.limit", 1024)
      .set("process.thread.count", 11)
      .set("nodejs.eventloop.utilization", 0.25)
      .record("v8js.gc.duration", [], gc)
      .snapshot(),
  );
  expect(rig.current.table("nodes")[0]).toMatchObject({
    hostCpu: 0.5,
    hostMemory: 0.75,
    gcShare: 0,
    heapUsedBytes: 4e6,
    heapLimitBytes: 8e6,
    fileDescriptors: 40,
    fileDescriptorLimit: 1024,
    threads: 11,
    eventLoopUtilization: 0.25,
  });
  for (let i = 0; i < 12; i++) rig.second(() => probe.record("v8js.gc.duration", [0.01, 0.02], gc).snapshot());
  expect(rig.current.table("nodes")[0]?.gcShare).toBeCloseTo(0.03, 6);
  for (let i = 0; i < 3; i++) rig.second();
  expect(rig.current.table("nodes")[0]).toMatchObject({ hostCpu: null, gcShare: null, heapLimitBytes: null });
});

test("series folded into another are no growth of it, and come back from zero", () => {
  const rig = new Rig();
  const probe = rig.probe();
  const rate = { ...RATE, where: { event: "_other" } };
  const metric = "websocket.server.handler.duration";
  const event = (name: string) => ({ event: name });
  rig.second(() => {
    probe.set(MESSAGES, 1000, event("rare")).set(MESSAGES, 5, event("_other"));
    probe.record(metric, [1, 1, 1], event("rare")).record(metric, [2], event("_other")).snapshot();
  });
  rig.second(() => {
    const id = (name: string, label: string) => probe.values.get(`${name}{event="${label}"}`)?.id ?? -1;
    probe.names(
      [],
      [
        { id: id(MESSAGES, "rare"), into: id(MESSAGES, "_other") },
        { id: id(metric, "rare"), into: id(metric, "_other") },
      ],
    );
    probe.values.delete(`${MESSAGES}{event="rare"}`);
    probe.values.delete(`${metric}{event="rare"}`);
    // One more of the rare came before it was folded, and two of the others.
    probe.set(MESSAGES, 1008, event("_other")).record(metric, [1, 1, 1, 3], event("_other")).snapshot();
  });
  expect(rig.read(rate)).toBe(3);
  expect(rig.read(TOTAL)).toBe(1008);
  expect(rig.read({ metric, agg: "rate" })).toBe(1);
  expect(rig.read({ metric, agg: "mean", window: 1 })).toBe(3);
  rig.second(() => probe.set(MESSAGES, 2, event("rare")).snapshot());
  expect(rig.read({ ...RATE, where: event("rare") })).toBe(2);
  expect(rig.read(TOTAL)).toBe(1010);
  const folded: unknown[] = [];
  rig.current.forEachSeries(({ series, folded: brought }) => {
    if (series.labels.event === "_other" && series.metric.name === MESSAGES) folded.push(brought);
  });
  expect(folded).toEqual([1000]);
});

test("a series that a keyframe no longer holds has ended", () => {
  const rig = new Rig();
  const probe = rig.probe();
  rig.second(() => probe.set("socketio.rooms", 4, { namespace: "/x" }).set(OPEN, 1).snapshot());
  expect(rig.read({ metric: "socketio.rooms", agg: "last" })).toBe(4);
  probe.values.delete('socketio.rooms{namespace="/x"}');
  rig.second(() => probe.snapshot());
  expect(rig.read({ metric: "socketio.rooms", agg: "last" })).toBeNaN();
  expect(rig.read(GAUGE)).toBe(1);
});

test("the history keeps exactly 900 seconds", () => {
  const rig = new Rig();
  const probe = rig.probe();
  for (let i = 0; i < 1000; i++)
    rig.second(() =>
      probe
        .set(MESSAGES, i * 3)
        .set(OPEN, i)
        .snapshot({ keyframe: i === 0 }),
    );
  expect((rig.current.at ?? 0) - (rig.current.oldestAt ?? 0)).toBe(899_000);
  const gauges = rig.line(GAUGE);
  expect(gauges).toEqual(Array.from({ length: 900 }, (_, i) => i + 100));
  expect(new Set(rig.line(RATE).slice(1))).toEqual(new Set([3]));
  expect(rig.read(GAUGE, (rig.current.oldestAt ?? 0) - 61_000)).toBeNaN();
});

test("a clock that is set back begins anew, and the probe is asked to say everything again", () => {
  const rig = new Rig();
  const probe = rig.probe();
  rig.second(() => probe.set(MESSAGES, 10).snapshot());
  rig.clock.time -= 3_600_000;
  rig.second(() => probe.snapshot());
  expect(rig.current.stats().nodes).toBe(0);
  rig.second(() => {
    probe.snapshot();
    expect(probe.resyncs).toBe(1);
    probe.greet();
    probe.nameAll();
    probe.snapshot();
  });
  expect(rig.read(TOTAL)).toBe(10);
});

test("nodes, series and distributions are bounded, and what found no room is counted", () => {
  const rig = new Rig({ maxSeries: 3, maxHistogramBytes: 100 });
  const probe = rig.probe();
  rig.second(() => {
    for (let i = 0; i < 5; i++) probe.set(MESSAGES, 1, { event: `e${i}` });
    probe.snapshot();
  });
  expect(rig.current.stats()).toMatchObject({ series: 3, refusedSeries: 2 });
  expect(rig.read(TOTAL)).toBe(3);
  expect(probe.resyncs).toBe(0);

  const full = new Rig({ maxHistogramBytes: 100 });
  const recorder = full.probe();
  for (let i = 0; i < 20; i++) full.second(() => recorder.record("websocket.server.rtt", [0.1]).snapshot());
  expect(full.current.stats().histogramBytes).toBeLessThanOrEqual(100);
  expect(full.current.stats().refusedHistogramSeconds).toBeGreaterThan(10);

  const crowd = new Rig();
  const nodes = Array.from({ length: 256 }, (_, i) =>
    crowd.probe({ instance: `n${i}`, service: i < 128 ? "chat" : "shop" }),
  );
  crowd.probe({ instance: "one too many" });
  expect(crowd.ingest.stats().lastBadFrame).toContain("at most 256 nodes");
  nodes[7]?.send(JSON.stringify({ type: "bye", epoch: 1 }));
  crowd.probe({ instance: "newcomer" });
  expect(crowd.current.stats()).toMatchObject({ nodes: 256, evictedNodes: 1 });
  expect(crowd.current.table("nodes").some(({ node }) => node === "chat/n7")).toBe(false);
});

test("one service can't have all places, series and lists to itself, nor push out what others were", () => {
  const rig = new Rig({ maxSeries: 80 });
  const old = rig.probe({ service: "shop", instance: "old" });
  old.send(JSON.stringify({ type: "bye", epoch: 1 }));
  const greedy = Array.from({ length: 224 }, (_, i) => rig.probe({ instance: `n${i}` }));
  rig.probe({ instance: "one too many" });
  expect(rig.ingest.stats().lastBadFrame).toContain("224 of one service");
  for (const probe of greedy.slice(0, 3)) probe.send(JSON.stringify({ type: "bye", epoch: 1 }));
  rig.probe({ instance: "another" });
  const known = new Set(rig.current.table("nodes").map(({ node }) => node));
  expect(known.has("shop/old")).toBe(true);
  expect(known.has("chat/n0")).toBe(false);

  const [taker, other] = [greedy[9], rig.probe({ service: "shop" })];
  rig.second(() => {
    for (let i = 0; i < 100; i++) taker?.set(MESSAGES, 1, { event: `e${i}` });
    taker?.snapshot();
    for (let i = 0; i < 5; i++) other.set(MESSAGES, 1, { event: `e${i}` });
    other.snapshot();
  });
  expect(rig.current.stats()).toMatchObject({ series: 75, refusedSeries: 30 });

  const rows = Array.from({ length: 1024 }, (_, i) => ({ key: `${i}`.padEnd(256, "x"), count: 1 }));
  const table = (name: string): string =>
    JSON.stringify({ type: "table", epoch: 1, at: 1, total: 1, table: name, rows, spread: [] });
  for (const probe of greedy.slice(3)) for (const name of ["users", "rooms"]) probe.send(table(name));
  expect(rig.ingest.stats().lastBadFrame).toContain("expected lists of all processes to stay below");
  const { badFrames } = rig.ingest.stats();
  other.send(table("users"));
  // What is said again takes no further room, and what is gone gives it back.
  greedy[3]?.send(table("users"));
  expect(rig.ingest.stats().badFrames).toBe(badFrames);
});

test("tables merge what the nodes say", () => {
  const rig = new Rig();
  const a = rig.probe({ instance: "a" });
  const b = rig.probe({ instance: "b" });
  const labels = (event: string, direction: string) => ({ "ws.library": "ws", event, direction });
  const table = (epoch: number, name: string, rows: unknown, total: number) =>
    JSON.stringify({ type: "table", epoch, at: rig.clock.time, table: name, rows, total });
  let count = 0;
  for (let i = 0; i < 12; i++) {
    rig.second(() => {
      count += 10;
      a.set(MESSAGES, count, labels("chat", "in")).set(MESSAGES, count * 3, labels("chat", "out"));
      a.record("websocket.server.ack.duration", [0.05], { "ws.library": "ws", side: "server", event: "chat" });
      b.set(MESSAGES, count, labels("chat", "in")).set(MESSAGES, count / 10, labels("move", "in"));
      b.record("websocket.server.handler.duration", [0.002], { "ws.library": "ws", event: "move" });
      a.set("websocket.server.closes", 4, { reason: "1000" });
      b.set("websocket.server.closes", 3, { reason: "1000" }).set("websocket.server.closes", 9, { reason: "1006" });
      b.set("websocket.server.errors", i * 2, { "error.type": "Boom" });
      a.snapshot();
      b.snapshot();
    });
  }
  a.send(table(1, "users", [{ key: "u1", count: 2 }], 5));
  b.send(
    table(
      1,
      "users",
      [
        { key: "u1", count: 1 },
        { key: "u2", count: 9 },
      ],
      2,
    ),
  );
  a.send(
    table(
      1,
      "errors",
      [
        { at: START, type: "A", message: "old" },
        { at: START + 5, type: "A", message: "new" },
      ],
      2,
    ),
  );
  b.send(table(1, "errors", [{ at: START + 3, type: "B", message: "mid" }], 1));
  const events = rig.current.table("events");
  expect(events.map(({ event, direction }) => `${direction} ${event}`)).toEqual(["out chat", "in chat", "in move"]);
  expect(events.map(({ rate }) => rate)).toEqual([30, 20, 1]);
  expect(events[0]?.p95).toBeNull();
  expect(events[1]?.p95).toBeCloseTo(0.05, 3);
  expect(events[2]?.p95).toBeCloseTo(0.002, 4);
  expect(rig.current.table("closes")).toEqual([
    { key: "1006", count: 9 },
    { key: "1000", count: 7 },
  ]);
  expect(rig.current.table("users")).toEqual({
    total: 7,
    spread: [],
    rows: [
      { key: "u2", count: 9 },
      { key: "u1", count: 3 },
    ],
  });
  const errors = rig.current.table("errors");
  expect(errors.recent.map(({ message, node }) => `${message} ${node}`)).toEqual([
    "new chat/a",
    "mid chat/b",
    "old chat/a",
  ]);
  expect(errors.byType).toEqual([{ type: "Boom", total: 22, perMinute: expect.closeTo((22 / 11.5) * 60, 6) }]);
});

test("the summary is that of the contract", () => {
  const rig = new Rig();
  const a = rig.probe({ instance: "a", startedAt: START - 4000 });
  const b = rig.probe({ instance: "b", startedAt: START - 2000 });
  let count = 0;
  const latency = "websocket.server.message.latency";
  for (let i = 0; i < 30; i++) {
    rig.second(() => {
      count += 6;
      a.set(MESSAGES, count, { direction: "in" }).set(MESSAGES, count, { direction: "out" });
      b.set(MESSAGES, count, { direction: "in" });
      a.set(OPEN, 3).set("websocket.server.connections", 10).set("websocket.server.closes", 7, { reason: "1000" });
      b.set(OPEN, 2, { "ws.library": "app" }).set("websocket.server.connections", 2, { "ws.library": "app" });
      a.record(latency, [0.5], { source: "handler" });
      a.set("websocket.server.errors", i, { "error.type": "X" });
      a.record("websocket.server.connection.duration", [60]);
      a.snapshot();
      b.snapshot();
    });
  }
  const summary = rig.current.summary();
  expect(summary?.connections).toMatchObject({ total: 5, created: 12, closed: 7 });
  expect(summary?.uptime_seconds).toBe(34);
  // Thirty seconds are all there is, and the first snapshots cover the time since the processes began.
  expect(summary?.messages.rate_1m).toBeGreaterThan(15);
  expect(summary?.messages.rate_1m).toBeLessThanOrEqual(18);
  expect(summary?.messages.rate_15m).toBe(summary?.messages.rate_1m);
  expect(summary?.messages.latency).toMatchObject({ count: 30, avg: 500, min: 500, max: 500 });
  expect(summary?.connection_duration).toMatchObject({ avg: 60, min: 60, max: 60 });
  expect(summary?.errors.total).toBe(29);
  rig.second(() => {
    a.record(latency, [0.02], { source: "app" }).snapshot();
    b.snapshot();
  });
  expect(rig.current.summary()?.messages.latency).toMatchObject({ count: 1, max: 20 });
  expect(rig.current.summary("chat/b")?.connections).toMatchObject({ total: 2, created: 2, closed: 0 });
  expect(rig.current.summary("chat/nobody")).toBeNull();
});

test("the system clock says ms since the epoch", () => {
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000);
});
