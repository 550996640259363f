import { createRecorder, type RecorderOptions, type Sample, type SeriesState } from "@wsight/hub";
import { Histogram, type Labels, parseMetric, type Series, seriesKey } from "@wsight/protocol";
import { createHandClock } from "@wsight/testkit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const INTERVAL_MS = 300_000;
/** A multiple of the interval. */
const START_AT = 1_792_000_200_000;
const MESSAGES = "websocket.server.messages";
const OPEN = "websocket.server.active_connections";
const LATENCY = "websocket.server.message.latency";

/** Series objects live as long as a link names them; here for ever. */
const series = new Map<string, Series>();
function seriesOf(metric: string, labels: Labels = {}): Series {
  const key = seriesKey(metric, labels);
  const found = series.get(key) ?? { metric: parseMetric(metric), labels };
  series.set(key, found);
  return found;
}

interface NodeRig {
  epoch: number;
  values: Map<string, { series: Series; value: number | Histogram; folded?: number | Histogram }>;
}

function createRig(startAt = START_AT, options: Partial<RecorderOptions> = {}) {
  const clock = createHandClock(startAt);
  const nodes = new Map<string, NodeRig>();
  const written: Sample[][] = [];
  const recorder = createRecorder({
    current: {
      forEachSeries(visit: (state: SeriesState) => void) {
        for (const [node, { epoch, values }] of nodes) {
          for (const value of values.values()) visit({ node, epoch, at: clock.now(), ...value });
        }
      },
    },
    writer: { write: (samples) => void written.push([...samples]) },
    clock,
    intervalMs: INTERVAL_MS,
    ...options,
  });
  return {
    clock,
    nodes,
    recorder,
    /** What a store would hold: the last of each (node, series, at). */
    stored(metric: string): readonly Sample[] {
      const all = new Map(
        written
          .flat()
          .map((sample) => [
            `${sample.node} ${seriesKey(sample.series.metric.name, sample.series.labels)} ${sample.at}`,
            sample,
          ]),
      );
      return [...all.values()].filter((sample) => sample.series.metric.name === metric);
    },
    written,
    set(
      metric: string,
      value: number | Histogram,
      {
        node = "chat/1",
        epoch = 1,
        labels = {},
        folded,
      }: { node?: string; epoch?: number; labels?: Labels; folded?: number | Histogram } = {},
    ) {
      const rig = nodes.get(node) ?? { epoch, values: new Map() };
      nodes.set(node, rig);
      rig.epoch = epoch;
      const one = seriesOf(metric, labels);
      rig.values.set(seriesKey(metric, labels), { series: one, value, ...(folded === undefined ? {} : { folded }) });
    },
    seconds(count: number) {
      for (let i = 0; i < count; i++) recorder.observe(clock.advance(1_000));
    },
  };
}

function histogramOf(...values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

const sumOf = (samples: readonly Sample[]) =>
  samples.map(({ at, intervalMs, sum }) => [at - START_AT, intervalMs, sum]);

describe("the recorder", () => {
  it("records growth of counters in intervals that begin at multiples of their length", () => {
    const { set, seconds, stored } = createRig(START_AT + 100_000);
    set(MESSAGES, 1_000);
    seconds(1);
    set(MESSAGES, 1_010);
    seconds(200);
    set(MESSAGES, 1_015);
    seconds(300);
    seconds(300);
    expect(sumOf(stored(MESSAGES))).toEqual([
      [101_000, 199_000, 10],
      [INTERVAL_MS, INTERVAL_MS, 5],
      [2 * INTERVAL_MS, INTERVAL_MS, 0],
    ]);
    expect(stored(MESSAGES).map(({ last }) => last)).toEqual([1_010, 1_015, 1_015]);
  });

  it("counts all that a process has when it began just now, and nothing of what it had before it was seen", () => {
    const young = createRig();
    young.set("process.uptime", 2);
    young.set(MESSAGES, 40);
    young.seconds(300);
    expect(sumOf(young.stored(MESSAGES))[0]?.[2]).toBe(40);
    const old = createRig();
    old.set(MESSAGES, 40);
    old.set("process.uptime", 7_000);
    old.seconds(300);
    expect(sumOf(old.stored(MESSAGES))[0]?.[2]).toBe(0);
  });

  // Eight processes killed in turn: what the hub before had stored of a young process was stored once more.
  it("takes nothing that the hub before may have stored for growth, and all of a process that began after it", () => {
    const rig = createRig(START_AT + 60_000, { succeeds: true });
    rig.set("process.uptime", 5);
    rig.set(MESSAGES, 40);
    rig.set("process.uptime", 0.5, { node: "chat/2" });
    rig.set(MESSAGES, 7, { node: "chat/2" });
    rig.seconds(1);
    rig.set(MESSAGES, 42);
    rig.seconds(239);
    expect(rig.stored(MESSAGES).map(({ node, sum }) => [node, sum])).toEqual([
      ["chat/1", 2],
      ["chat/2", 7],
    ]);
  });

  it("counts a series that appears on a known process from zero", () => {
    const { set, seconds, stored } = createRig();
    set(MESSAGES, 1_000_000, { labels: { event: "old" } });
    seconds(10);
    set(MESSAGES, 7, { labels: { event: "new" } });
    seconds(300);
    expect(
      stored(MESSAGES)
        .filter(({ at }) => at < START_AT + INTERVAL_MS)
        .map(({ sum }) => sum),
    ).toEqual([0, 7]);
  });

  it("counts from zero after a restart of the process, before and after in one interval", () => {
    const { set, seconds, stored } = createRig();
    set(MESSAGES, 100);
    set(LATENCY, histogramOf(0.1, 0.2));
    seconds(10);
    set(MESSAGES, 130);
    set(LATENCY, histogramOf(0.1, 0.2, 0.3));
    seconds(10);
    set(MESSAGES, 4, { epoch: 2 });
    set(LATENCY, histogramOf(0.4), { epoch: 2 });
    seconds(10);
    set(MESSAGES, 150, { epoch: 2 });
    set(LATENCY, histogramOf(0.4, 0.5, 0.6, 0.7, 0.8), { epoch: 2 });
    seconds(270);
    expect(stored(MESSAGES)[0]?.sum).toBe(30 + 150);
    expect(stored(LATENCY)[0]?.count).toBe(1 + 5);
  });

  it("takes a counter that became less as one that began anew", () => {
    const { set, seconds, stored } = createRig();
    set(MESSAGES, 100);
    seconds(10);
    set(MESSAGES, 3);
    seconds(300);
    expect(stored(MESSAGES)[0]?.sum).toBe(3);
  });

  it("does not take for growth what was folded in from another series", () => {
    const { set, seconds, stored } = createRig();
    set(MESSAGES, 10);
    set(LATENCY, histogramOf(0.1));
    seconds(10);
    set(MESSAGES, 515, { folded: 500 });
    set(LATENCY, histogramOf(0.1, 0.2, 1, 2, 3), { folded: histogramOf(1, 2, 3) });
    seconds(290);
    expect(stored(MESSAGES)[0]?.sum).toBe(5);
    expect(stored(LATENCY)[0]?.count).toBe(1);
    set(MESSAGES, 516, { folded: 500 });
    set(LATENCY, histogramOf(0.1, 0.2, 1, 2, 3, 0.2), { folded: histogramOf(1, 2, 3) });
    seconds(300);
    expect(stored(MESSAGES)[1]?.sum).toBe(1);
    expect(stored(LATENCY)[1]?.count).toBe(1);
  });

  it("records least, largest, sum and count of a gauge's readings, and leaves out what could not be read", () => {
    const { set, seconds, stored } = createRig();
    for (const reading of [5, Number.NaN, 2, 9]) {
      set(OPEN, reading);
      seconds(1);
    }
    set(OPEN, Number.NaN);
    seconds(600);
    expect(stored(OPEN)).toMatchObject([{ min: 2, max: 9, sum: 16, count: 3, last: 9, at: START_AT + 1_000 }]);
  });

  it("records what a histogram took in within the interval", () => {
    const { set, seconds, stored } = createRig();
    set("process.uptime", 1);
    set(LATENCY, histogramOf(0.01));
    seconds(300);
    set(LATENCY, histogramOf(0.01, 0.5, 0.5));
    seconds(300);
    seconds(300);
    const [first, second, ...rest] = stored(LATENCY);
    expect(first).toMatchObject({ count: 1, histogram: histogramOf(0.01).encode() });
    const decoded = Histogram.decode(second?.histogram as Uint8Array);
    expect([decoded.count, decoded.sum]).toEqual([2, 1]);
    expect(second?.sum).toBe(1);
    expect(rest).toEqual([]);
  });

  // The bounds of such a growth were the wrong way round, and could not be read back.
  it.each([2 ** -30, 2 ** 40, 2 ** (7 / 32)])("records a histogram that took in %d", (value) => {
    const { set, seconds, stored } = createRig();
    set(LATENCY, new Histogram());
    seconds(1);
    set(LATENCY, histogramOf(value));
    seconds(299);
    expect(Histogram.decode(stored(LATENCY)[0]?.histogram as Uint8Array).count).toBe(1);
  });

  it("writes the interval so far when it is closed, and an interval of its own after a restart of the hub", () => {
    const first = createRig();
    first.set(MESSAGES, 5);
    first.seconds(60);
    first.set(MESSAGES, 8);
    first.seconds(30);
    first.recorder.close();
    first.recorder.close();
    first.seconds(10);
    expect(sumOf(first.stored(MESSAGES))).toEqual([[1_000, 89_000, 3]]);
    const second = createRig(START_AT + 120_000);
    second.set(MESSAGES, 9);
    second.seconds(180);
    expect(sumOf(second.stored(MESSAGES))).toEqual([[121_000, 179_000, 0]]);
  });

  it("may write an interval more than once, which replaces it", () => {
    const { set, seconds, stored, recorder, clock, written } = createRig();
    set(MESSAGES, 5);
    seconds(60);
    set(MESSAGES, 8);
    recorder.record(clock.now());
    set(MESSAGES, 12);
    seconds(240);
    expect(written).toHaveLength(2);
    expect(sumOf(stored(MESSAGES))).toEqual([[1_000, 299_000, 7]]);
  });

  it("says of a series that went away how long it was there, and forgets it", () => {
    const { set, seconds, stored, nodes } = createRig();
    set(OPEN, 4);
    set(OPEN, 6, { node: "chat/2" });
    seconds(100);
    nodes.delete("chat/2");
    seconds(200);
    seconds(300);
    expect(stored(OPEN).map(({ node, at, intervalMs }) => [node, at - START_AT, intervalMs])).toEqual([
      ["chat/1", 1_000, 299_000],
      ["chat/2", 1_000, 99_000],
      ["chat/1", INTERVAL_MS, INTERVAL_MS],
    ]);
  });

  it("leaves a gap where it did not run", () => {
    const { set, seconds, stored, clock } = createRig();
    set(MESSAGES, 5);
    seconds(10);
    clock.advance(5 * INTERVAL_MS);
    seconds(310);
    expect(stored(MESSAGES).map(({ at }) => at - START_AT)).toEqual([1_000, 5 * INTERVAL_MS]);
  });

  it("does not write over the past when the clock is put back", () => {
    const { set, seconds, stored, clock } = createRig();
    set(MESSAGES, 5);
    seconds(350);
    set(MESSAGES, 6);
    seconds(50);
    clock.advance(-200_500);
    set(MESSAGES, 8);
    seconds(200);
    set(MESSAGES, 12);
    seconds(400);
    expect(sumOf(stored(MESSAGES))).toEqual([
      [1_000, 299_000, 0],
      [INTERVAL_MS, 100_000, 1],
      [200_501, 99_499, 2],
      [300_501, 299_499, 4],
    ]);
  });

  it("prunes once an hour what is older than the retention, and waits when the clock jumps", async () => {
    const pruned: number[] = [];
    const errors: unknown[] = [];
    const { seconds, clock } = createRig(START_AT, {
      retentionMs: 3_600_000,
      prune: async (beforeAt) => {
        pruned.push(beforeAt - clock.now());
        if (pruned.length === 2) throw new Error("the disk is gone");
      },
      onError: (error, { stage }) => errors.push(stage, String(error)),
    });
    seconds(2 * 3_600 + 120);
    expect(pruned).toEqual([-3_600_000, -3_600_000, -3_600_000]);
    await Promise.resolve();
    expect(errors).toEqual(["store", "Error: the disk is gone"]);
    clock.advance(365 * 24 * 3_600_000);
    seconds(3_599);
    expect(pruned).toHaveLength(3);
    clock.advance(-365 * 24 * 3_600_000);
    seconds(3_700);
    expect(pruned).toHaveLength(4);
  });

  it("neither loses nor invents a count, whatever happens in between (property)", () => {
    const step = fc.oneof(
      fc.record({ type: fc.constant("grow" as const), by: fc.integer({ min: 0, max: 1_000 }) }),
      fc.record({ type: fc.constant("restart" as const), by: fc.integer({ min: 0, max: 50 }) }),
      fc.record({ type: fc.constant("wait" as const), by: fc.integer({ min: 1, max: 700 }) }),
      fc.record({ type: fc.constant("record" as const), by: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { set, seconds, stored, recorder, clock } = createRig();
        let [value, epoch, grown] = [0, 1, 0];
        set(MESSAGES, value);
        seconds(1);
        for (const { type, by } of steps) {
          if (type === "wait") seconds(by);
          else if (type === "record") recorder.record(clock.now());
          else {
            if (type === "restart") {
              seconds(1);
              epoch++;
              value = 0;
            }
            value += by;
            grown += by;
            set(MESSAGES, value, { epoch });
            seconds(1);
          }
        }
        recorder.close();
        expect(stored(MESSAGES).reduce((sum, sample) => sum + sample.sum, 0)).toBe(grown);
      }),
      { numRuns: 60 },
    );
  });
});
