import { encodeLinkText } from "@wsight/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type FakeProbe, Rig } from "./current-rig.ts";

const MESSAGES = "websocket.server.messages";
const TOTAL = { metric: MESSAGES, agg: "total" } as const;

function resyncReasons(probe: FakeProbe): string[] {
  return probe.heard.flatMap((frame) => (frame.type === "resync" ? [frame.reason] : []));
}

test("every snapshot is acknowledged, used or not", () => {
  const rig = new Rig();
  const probe = rig.probe();
  probe.set(MESSAGES, 1);
  probe.snapshot();
  probe.hello = { ...probe.hello, epoch: 9 };
  probe.snapshot();
  expect(probe.heard.filter(({ type }) => type === "ack")).toEqual([
    { type: "ack", seq: 1 },
    { type: "ack", seq: 2 },
  ]);
});

test("what comes before hello, of a wrong epoch or of unknown ids is answered with resync, once a second at most", () => {
  const rig = new Rig();
  const probe = rig.probe();
  const heard: string[] = [];
  const stranger = rig.ingest.open((frame) => heard.push(frame.type));
  const snapshot = probe.set(MESSAGES, 5).bytes();
  for (let i = 0; i < 10; i++) stranger.receive(snapshot);
  expect(heard.filter((type) => type === "resync")).toHaveLength(1);
  rig.clock.time += 1000;
  stranger.receive(snapshot);
  expect(heard.filter((type) => type === "resync")).toHaveLength(2);
  expect(rig.read(TOTAL)).toBeNaN();

  probe.snapshot();
  expect(probe.resyncs).toBe(0);
  probe.hello = { ...probe.hello, epoch: 2 };
  probe.snapshot();
  expect(resyncReasons(probe)).toEqual(["epoch 2 did not say hello"]);
  expect(rig.ingest.stats().lastBadFrame).toBe("snapshot: expected epoch 1, got 2");

  rig.clock.time += 1000;
  probe.greet();
  probe.snapshot();
  expect(resyncReasons(probe).at(-1)).toBe("series 0 was not named");
  probe.nameAll();
  probe.snapshot();
  rig.closeSecond();
  expect(rig.read(TOTAL)).toBe(5);
});

test("a link may only write as the node it said hello as", () => {
  const rig = new Rig();
  const probe = rig.probe();
  probe.set(MESSAGES, 5).snapshot();
  probe.hello = { ...probe.hello, instance: "other" };
  probe.greet();
  expect(rig.ingest.stats().lastBadFrame).toBe("hello: expected chat/a, as this link said before, got chat/other");
  expect(rig.current.table("nodes").map(({ node }) => node)).toEqual(["chat/a"]);
});

test("a name that could be taken for another is refused", () => {
  const rig = new Rig();
  for (const instance of ["a/b", "a\n", "\u202eb", "a\u200b", "a\u2028", "a\ud800b"]) {
    rig.probe({ instance });
    expect(rig.ingest.stats().lastBadFrame).toContain("names without / and control characters");
  }
  expect(rig.current.nodes()).toEqual([]);
});

test("of two links that say they are the same node, the newest writes and the other is told of", () => {
  const rig = new Rig();
  const first = rig.probe();
  first.set(MESSAGES, 5).snapshot();
  const second = rig.probe({ epoch: 2 });
  second.set(MESSAGES, 1).snapshot();
  first.set(MESSAGES, 500).snapshot();
  rig.closeSecond();
  expect(rig.read(TOTAL)).toBe(1);
  expect(first.resyncs).toBe(0);
  expect(rig.ingest.stats().lastBadFrame).toContain("give every process its own instance name");
});

test("a probe that reconnects goes on where it was, and what was lost meanwhile is counted", () => {
  const rig = new Rig();
  const probe = rig.probe();
  rig.second(() => probe.set(MESSAGES, 100).snapshot());
  probe.link.close();
  probe.link = rig.ingest.open((frame) => probe.heard.push(frame));
  rig.second(() => probe.set(MESSAGES, 150).lose());
  rig.second(() => {
    probe.greet();
    probe.nameAll();
    probe.set(MESSAGES, 200).snapshot();
  });
  expect(rig.read({ metric: MESSAGES, agg: "rate" })).toBe(50);
  expect(rig.current.table("nodes")[0]).toMatchObject({ restarts: 0, lost: 1 });
  expect(probe.resyncs).toBe(0);
});

test("nonsense in seq neither counts as loss nor shuts the probe out", () => {
  const rig = new Rig();
  const probe = rig.probe();
  rig.second(() => probe.set(MESSAGES, 1).snapshot());
  probe.seq = 2 ** 50;
  rig.second(() => probe.snapshot({ keyframe: false }));
  probe.seq = 1;
  rig.second(() => probe.set(MESSAGES, 4).snapshot());
  expect(rig.read(TOTAL)).toBe(4);
  expect(rig.current.table("nodes")[0]?.lost).toBe(0);
});

test("values of the wrong kind are named and leave the rest alone", () => {
  const rig = new Rig();
  const probe = rig.probe();
  probe.set(MESSAGES, 3).set("websocket.server.active_connections", 2);
  const id = probe.values.get(MESSAGES)?.id ?? -1;
  probe.names([
    {
      id,
      series: { metric: probe.values.get("websocket.server.active_connections")?.series.metric ?? never(), labels: {} },
    },
  ]);
  rig.second(() => probe.snapshot());
  expect(rig.ingest.stats().lastBadFrame).toBe("snapshot 1: 1 values of the wrong kind");
  expect(rig.read({ metric: "websocket.server.active_connections", agg: "last" })).toBe(2);
});

test("a probe whose reply fails is no fault of the hub's", () => {
  const rig = new Rig();
  const link = rig.ingest.open(() => {
    throw new Error("port closed");
  });
  link.receive(encodeLinkText({ type: "bye", epoch: 1 }));
  link.receive(encodeLinkText({ type: "names", epoch: 1, names: [], retired: [] }));
  expect(rig.ingest.stats().lastBadFrame).toContain("port closed");
  link.close();
  link.close();
  expect(rig.ingest.stats().links).toBe(0);
});

test("garbage neither throws nor leaves anything behind", () => {
  const rig = new Rig();
  const link = rig.ingest.open(() => {});
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string(), fc.json(), fc.anything()), (message) => {
      link.receive(message as string);
    }),
    { numRuns: 3000 },
  );
  expect(rig.ingest.stats()).toMatchObject({ frames: 3000, badFrames: expect.any(Number) });
  expect(rig.ingest.stats().badFrames).toBeGreaterThan(2900);
  expect(rig.current.stats()).toMatchObject({ nodes: 0, series: 0, histogramBytes: 0 });
});

test("5,000 mutated real frames neither throw nor grow anything, and the real ones still count", () => {
  const rig = new Rig();
  const probe = rig.probe();
  const clean = rig.probe({ instance: "clean" });
  for (const one of [probe, clean]) {
    for (let i = 0; i < 20; i++) one.set(MESSAGES, i, { event: `e${i}` });
    one.set("websocket.server.active_connections", 3).record("websocket.server.rtt", [0.1, 0.2, 3]);
  }
  const table = JSON.stringify({
    type: "table",
    epoch: 1,
    at: 1,
    table: "users",
    total: 1,
    rows: [{ key: "u", count: 1 }],
  });
  const frames = [
    () => probe.bytes(),
    () => table,
    () => encodeLinkText(probe.hello),
    () =>
      encodeLinkText({
        type: "names",
        epoch: 1,
        names: [...probe.values.values()],
        retired: [{ id: 1, into: 2 }],
      }),
  ];
  fc.assert(
    fc.property(
      fc.nat(frames.length - 1),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      fc.nat(20),
      (which, changes, cut) => {
        const frame = frames[which]?.() ?? "";
        const bytes = typeof frame === "string" ? Buffer.from(frame) : frame.slice();
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        const kept = cut === 0 ? bytes.subarray(0, bytes.length >> 1) : bytes;
        probe.send(typeof frame === "string" ? Buffer.from(kept).toString() : kept);
        rig.second(() => clean.snapshot({ keyframe: false }));
      },
    ),
    { numRuns: 5000 },
  );
  const stats = rig.current.stats();
  expect(stats.nodes).toBeLessThanOrEqual(2);
  expect(stats.series).toBeLessThan(200);
  expect(stats.histogramBytes).toBeLessThan(1024 * 1024);
  probe.restart(77);
  rig.second(() => {
    probe.set(MESSAGES, 5, { event: "after" }).snapshot();
    clean.snapshot();
  });
  expect(rig.read({ ...TOTAL, node: "chat/a" })).toBe(5);
  expect(rig.read({ ...TOTAL, node: "chat/clean" })).toBe(190);
});

function never(): never {
  throw new Error("not there");
}
