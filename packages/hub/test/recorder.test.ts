import { createRecorder, type RecorderOptions } from "@wsight/hub";
import { Histogram } from "@wsight/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Rig, START } from "./current-rig.ts";

const MESSAGES = "websocket.server.messages";
const OPEN = "websocket.server.active_connections";
const LATENCY = "websocket.server.message.latency";

interface Row {
  readonly node: string;
  readonly metric: string;
  /** Seconds since {@link START}. */
  readonly second: number;
  readonly intervalMs: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly count: number;
  readonly last: number;
  readonly histogram: Histogram | null;
}

/** A hub's `current` with a recorder, and what a store would hold: the last of each (node, series, at). */
function createRig(options: Partial<RecorderOptions> = {}) {
  const rig = new Rig();
  const written = new Map<string, Row>();
  const writes: number[] = [];
  const recorder = createRecorder({
    current: rig.current,
    write: ({ series, numbers, histogramSizes, histograms }) => {
      writes.push(histogramSizes.length);
      let offset = 0;
      for (let row = 0; row < histogramSizes.length; row++) {
        const [index, at, intervalMs, min, max, sum, count, last] = numbers.subarray(
          row * 8,
          row * 8 + 8,
        ) as unknown as [number, number, number, number, number, number, number, number];
        const { node, key, metric } = series[index] as (typeof series)[number];
        const size = histogramSizes[row] as number;
        const bytes = size === 0 ? null : histograms.slice(offset, offset + size - 1);
        offset += Math.max(0, size - 1);
        const histogram = bytes === null ? null : Histogram.decode(bytes);
        const second = (at - START) / 1000;
        written.set(`${node} ${key} ${at}`, {
          node,
          metric,
          second,
          intervalMs,
          min,
          max,
          sum,
          count,
          last,
          histogram,
        });
      }
    },
    ...options,
  });
  const second = (during: () => void = () => {}): void => {
    rig.second(during);
    recorder.observe();
  };
  const rows = (metric: string): readonly Row[] =>
    [...written.values()].filter((row) => row.metric === metric).sort((a, b) => a.second - b.second);
  const sums = (metric: string) => rows(metric).map(({ second, sum }) => [second, sum]);
  return { rig, recorder, second, rows, sums, writes };
}

describe("the recorder", () => {
  it("leaves out what grew beyond all numbers, and keeps what others have of that second", () => {
    const { rig, second, rows } = createRig();
    const [wild, calm] = [rig.probe({ instance: "a" }), rig.probe({ instance: "b" })];
    for (let i = 0; i < 6; i++) {
      second(() => {
        if (i === 2 || i === 4) {
          wild.restart(i);
          wild.nameAll();
        }
        wild.grow(MESSAGES, 1e307 * (i % 2 === 0 ? 17 : 0)).snapshot();
        calm.grow(MESSAGES, 1).set(OPEN, i).snapshot();
      });
    }
    const all = [...rows(MESSAGES), ...rows(OPEN)];
    for (const { min, max, sum, last } of all) {
      expect([min, max, sum, last].every(Number.isFinite)).toBe(true);
    }
    expect(rows(OPEN).map(({ last }) => last)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(rows(MESSAGES).filter(({ node }) => node === "chat/b")).toHaveLength(6);
    expect(rows(MESSAGES).filter(({ node }) => node === "chat/a").length).toBeLessThan(6);
  });

  it("keeps each second: growth and value of counters, readings of gauges", () => {
    const { rig, second, rows, sums } = createRig();
    const probe = rig.probe();
    second(() => probe.set(MESSAGES, 10).set(OPEN, 3).snapshot());
    second(() => probe.set(MESSAGES, 35).set(OPEN, 4.5).snapshot());
    second(() => probe.snapshot());
    expect(sums(MESSAGES)).toEqual([
      [0, 10],
      [1, 25],
      [2, 0],
    ]);
    expect(rows(MESSAGES).map(({ last }) => last)).toEqual([10, 35, 35]);
    expect(rows(OPEN)[1]).toEqual({
      node: "chat/a",
      metric: OPEN,
      second: 1,
      intervalMs: 1000,
      min: 4.5,
      max: 4.5,
      sum: 4.5,
      count: 1,
      last: 4.5,
      histogram: null,
    });
    expect(rows(OPEN)).toHaveLength(3);
  });

  it("keeps what a distribution took in within the second, and nothing of a second without", () => {
    const { rig, second, rows } = createRig();
    const probe = rig.probe();
    second(() => probe.record(LATENCY, [0.01, 0.02, 0]).snapshot());
    second(() => probe.snapshot());
    second(() => probe.record(LATENCY, [0.5]).snapshot());
    expect(rows(LATENCY).map(({ second, count }) => [second, count])).toEqual([
      [0, 3],
      [2, 1],
    ]);
    const [first, last] = rows(LATENCY).map(({ histogram }) => histogram);
    expect(first?.zeroCount).toBe(1);
    expect(first?.sum).toBeCloseTo(0.03, 12);
    expect(Math.abs((last?.quantile(0.5) ?? 0) / 0.5 - 1)).toBeLessThan(0.011);
    expect(rows(LATENCY)[1]).toMatchObject({ count: last?.count, sum: last?.sum, min: last?.min, max: last?.max });
  });

  it("leaves out what could not be read", () => {
    const { rig, second, rows } = createRig();
    const probe = rig.probe();
    second(() => probe.set(OPEN, Number.NaN).snapshot());
    expect(rows(OPEN)).toEqual([]);
  });

  it("takes nothing of what a process had before it was seen for growth", () => {
    const { rig, second, sums } = createRig();
    const probe = rig.probe({ startedAt: START - 86_400_000 });
    second(() => probe.set(MESSAGES, 1_000_000).snapshot());
    second(() => probe.set(MESSAGES, 1_000_007).snapshot());
    expect(sums(MESSAGES)).toEqual([[1, 7]]);
  });

  it("takes nothing that the hub before may have stored for growth, and all of a process that began after it", () => {
    const { rig, second, sums } = createRig({ aloneSince: START + 400 });
    const before = rig.probe({ instance: "before", startedAt: START - 2_000 });
    second(() => before.set(MESSAGES, 40).snapshot());
    const after = rig.probe({ instance: "after", startedAt: START + 1_000 });
    second(() => {
      before.set(MESSAGES, 42).snapshot();
      after.set(MESSAGES, 7).snapshot();
    });
    expect(sums(MESSAGES)).toEqual([
      [1, 2],
      [1, 7],
    ]);
  });

  it("counts from zero after a restart of the process", () => {
    const { rig, second, rows } = createRig();
    const probe = rig.probe();
    second(() => probe.set(MESSAGES, 100).snapshot());
    second(() => {
      probe.restart(2);
      probe.set(MESSAGES, 3).snapshot();
    });
    expect(rows(MESSAGES).map(({ sum, last }) => [sum, last])).toEqual([
      [100, 100],
      [3, 3],
    ]);
  });

  it("spreads what grew in a silence over its seconds, and leaves the gauges of it a gap", () => {
    const { rig, second, sums, rows } = createRig();
    const probe = rig.probe();
    second(() => probe.set(MESSAGES, 10).set(OPEN, 1).snapshot());
    for (let silent = 0; silent < 6; silent++) second();
    second(() =>
      probe
        .set(MESSAGES, 10 + 71)
        .set(OPEN, 2)
        .snapshot(),
    );
    expect(sums(MESSAGES).map(([, sum]) => sum)).toEqual([10, 10, 10, 10, 10, 10, 10, 11]);
    expect(rows(MESSAGES).map(({ last }) => last)).toEqual([10, 20, 30, 40, 50, 60, 70, 81]);
    // Two and a half intervals pass before a node counts as silent.
    expect(rows(OPEN).map(({ second }) => second)).toEqual([0, 1, 2, 7]);
  });

  it("does not write over seconds that have growth of their own when a snapshot comes late", () => {
    const { rig, second, sums } = createRig();
    const probe = rig.probe();
    second(() => probe.set(MESSAGES, 10).snapshot());
    rig.clock.time += 50;
    probe.set(MESSAGES, 20).snapshot();
    rig.closeSecond();
    rig.clock.time += 950;
    probe.set(MESSAGES, 45).snapshot();
    rig.closeSecond();
    second(() => probe.set(MESSAGES, 46).snapshot());
    expect(sums(MESSAGES)).toEqual([
      [0, 10],
      [1, 10],
      [2, 25],
      [3, 1],
    ]);
  });

  it("makes up for seconds that were closed together after the event loop was held up", () => {
    const { rig, recorder, second, rows } = createRig();
    const probe = rig.probe();
    second(() => probe.set(OPEN, 1).snapshot());
    rig.clock.time += 2_500;
    rig.closeSecond();
    recorder.observe();
    expect(rows(OPEN).map(({ second }) => second)).toEqual([0, 1, 2]);
  });

  it("hands over as often as it was told, and what waits when asked", () => {
    const { rig, recorder, second, writes } = createRig({ intervalMs: 3_000 });
    const probe = rig.probe();
    for (let i = 0; i < 7; i++) second(() => probe.set(OPEN, i).snapshot());
    expect(writes).toEqual([3, 3]);
    recorder.flush();
    recorder.flush();
    expect(writes).toEqual([3, 3, 1]);
  });

  it("tells when the clock was put back, and goes on from there", () => {
    const told: number[][] = [];
    const { rig, second, rows } = createRig({ onClockBack: (at, byMs) => told.push([at - START, byMs]) });
    const probe = rig.probe();
    for (let i = 0; i < 3; i++) second(() => probe.set(OPEN, i).snapshot());
    rig.clock.time = START - 600_000;
    // Everything is forgotten then: probes are asked for all they have.
    second();
    second(() => rig.probe().set(OPEN, 7).snapshot());
    expect(told).toEqual([[-600_000, 602_000]]);
    expect(rows(OPEN).map(({ second, last }) => [second, last])).toEqual([
      [-599, 7],
      [0, 0],
      [1, 1],
      [2, 2],
    ]);
  });

  it("records so many new series an hour, says when there are more, and takes those up in the next hour", () => {
    const told: number[] = [];
    const { rig, second, rows } = createRig({ maxNewSeries: 2, onSeriesLeftOut: (from) => told.push(from - START) });
    const probes = ["a", "b", "c", "d"].map((instance) => rig.probe({ instance }));
    const all = (): void => {
      for (const probe of probes) probe.set(OPEN, 1).snapshot();
    };
    second(all);
    second(all);
    expect(rows(OPEN).map(({ node }) => node)).toEqual(["chat/a", "chat/b", "chat/a", "chat/b"]);
    expect(told).toEqual([0]);
    // The next full hour is less than an hour away.
    rig.clock.time = Math.ceil(rig.clock.time / 3_600_000) * 3_600_000;
    second(all);
    second(all);
    expect(new Set(rows(OPEN).map(({ node }) => node)).size).toBe(4);
  });

  it("neither loses nor invents a count, whatever snapshots go missing (property)", () => {
    const step = fc.record({ grow: fc.nat(1_000), lost: fc.boolean(), silent: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const { rig, second, rows } = createRig();
        const probe = rig.probe();
        second(() => probe.set(MESSAGES, 0).snapshot());
        for (const { grow, lost, silent } of steps) {
          second(() => {
            probe.grow(MESSAGES, grow);
            if (lost) probe.lose();
            else if (!silent) probe.snapshot();
          });
        }
        second(() => probe.snapshot());
        const total = steps.reduce((sum, { grow }) => sum + grow, 0);
        expect(rows(MESSAGES).reduce((sum, row) => sum + row.sum, 0)).toBe(total);
        expect(rows(MESSAGES).at(-1)?.last).toBe(total);
        for (const { sum } of rows(MESSAGES)) expect(sum).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 200 },
    );
  });
});
