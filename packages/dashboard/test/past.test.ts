import { signal } from "@preact/signals";
import { type HistoryAnswer, type HistoryQuery, type Selector, selectorKey, WsightError } from "@wsight/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HEAT_COLUMNS, HeatReader } from "../src/charts/heat-grid.ts";
import { findGaps, WindowReader } from "../src/charts/window-data.ts";
import { lastMinute, meanOf } from "../src/pages/figures.ts";
import { PastGrid, rowOf } from "../src/past/past-grid.ts";
import { PastReader } from "../src/past/past-reader.ts";
import type { LiveState, Past, PastTable, TimeRange } from "../src/state/index.ts";
import { HandClock, until } from "./hand-clock.ts";
import { Page, SmallHub } from "./small-hub.ts";

const START = 1_800_000_000_000;
const OPEN: Selector = { metric: "websocket.server.active_connections", agg: "last" };
const RATE: Selector = { metric: "websocket.server.messages", agg: "rate" };
const RATE_OF_15_MIN: Selector = { ...RATE, window: 900 };
const HALF_HOUR: TimeRange = { fromAt: START - 7_200_000, toAt: START - 5_400_000 };

/** Answers in steps of 5 s: each value is the index of its interval, every seventh unknown. */
function answerOf({ fromAt, toAt, selectors, stepMs = 5000 }: HistoryQuery): HistoryAnswer {
  const length = (toAt - fromAt) / stepMs;
  const values = Array.from({ length }, (_, i) => (i % 7 === 6 ? null : i));
  return {
    fromAt,
    toAt,
    stepMs,
    resolutionMs: 1000,
    coverage: 0.98,
    results: selectors.map((selector) => ({
      selector,
      unit: "{connection}" as HistoryAnswer["results"][number]["unit"],
      lines: [{ labels: {}, values, coverage: 0.98, whole: null }],
      leftOut: 0,
    })),
  };
}

interface Question {
  readonly query: HistoryQuery;
  readonly signal: AbortSignal;
  answer(): void;
  fail(error: Error): void;
}

/** A page that can look back, with a hub whose answers are the test's. */
function createReader() {
  const past = signal<Past | null>(null);
  const selectors = signal<readonly Selector[]>([OPEN, RATE]);
  const pastTables = signal<readonly PastTable[]>([]);
  const node = signal<string | null>(null);
  const range = signal<TimeRange | null>(null);
  const reading = signal(false);
  const fault = signal<WsightError | null>(null);
  const clock = new HandClock(START);
  const questions: Question[] = [];
  const reader = new PastReader({
    live: { past, reading, selectors, pastTables, node },
    range,
    fault,
    clock,
    api: {
      query: (query, signal) =>
        new Promise((resolve, reject) => {
          questions.push({ query, signal, answer: () => resolve(answerOf(query)), fail: reject });
        }),
    },
  });
  return { past, selectors, pastTables, node, range, reading, fault, clock, questions, reader };
}

describe("the past that an address names", () => {
  it("is asked for in one question once the range rests, and shown when the answer is there", async () => {
    const { past, range, reading, clock, questions } = createReader();
    range.value = { ...HALF_HOUR, toAt: HALF_HOUR.toAt + 1000 };
    clock.advance(20);
    range.value = HALF_HOUR;
    expect(reading.value).toBe(true);
    clock.advance(1000);
    expect(questions.map(({ query }) => query)).toEqual([
      {
        ...HALF_HOUR,
        points: 600,
        selectors: [
          { metric: OPEN.metric, agg: "mean" },
          { metric: RATE.metric, agg: "rate" },
        ],
      },
    ]);
    expect(past.value).toBeNull();
    questions[0]?.answer();
    await until(() => past.value !== null);
    expect(past.value).toMatchObject({ ...HALF_HOUR, stepMs: 5000, coverage: 0.98 });
    expect(reading.value).toBe(false);
    const { at, value, length } = (past.value as Past).read(
      selectorKey(OPEN),
      HALF_HOUR.fromAt,
      HALF_HOUR.fromAt + 30_000,
    );
    expect([...at].slice(0, 2)).toEqual([HALF_HOUR.fromAt / 1000, HALF_HOUR.fromAt / 1000 + 5]);
    expect([...value].slice(0, length)).toEqual([0, 1, 2, 3, 4, 5, Number.NaN]);
  });

  it("is given up when the range changes again, and only the newest answer counts", async () => {
    const { past, range, clock, questions } = createReader();
    range.value = HALF_HOUR;
    clock.advance(1000);
    const later = { fromAt: HALF_HOUR.fromAt + 60_000, toAt: HALF_HOUR.toAt + 60_000 };
    range.value = later;
    expect(questions[0]?.signal.aborted).toBe(true);
    questions[0]?.answer();
    clock.advance(1000);
    questions[1]?.answer();
    await until(() => past.value !== null);
    expect(past.value).toMatchObject(later);
  });

  it("stays on screen while the next one is read, and is there at once when somebody goes back to it", async () => {
    const { past, range, clock, questions } = createReader();
    range.value = HALF_HOUR;
    clock.advance(1000);
    questions[0]?.answer();
    await until(() => past.value !== null);
    const first = past.value;
    range.value = { fromAt: HALF_HOUR.fromAt - 60_000, toAt: HALF_HOUR.toAt - 60_000 };
    clock.advance(1000);
    expect(past.value).toBe(first);
    questions[1]?.answer();
    await until(() => past.value !== first);
    range.value = HALF_HOUR;
    expect(past.value).toBe(first);
    clock.advance(1000);
    expect(questions).toHaveLength(2);
  });

  it("is asked for what another page shows beside it, on the same grid", async () => {
    const { past, range, selectors, clock, questions } = createReader();
    range.value = HALF_HOUR;
    clock.advance(1000);
    questions[0]?.answer();
    await until(() => past.value !== null);
    const errors: Selector = { metric: "websocket.server.errors", agg: "rate" };
    selectors.value = [OPEN, errors];
    clock.advance(1000);
    expect(questions[1]?.query).toEqual({
      ...HALF_HOUR,
      stepMs: 5000,
      selectors: [{ metric: errors.metric, agg: "rate" }],
    });
    questions[1]?.answer();
    await until(() => (past.value as PastGrid).has(selectorKey(errors)));
    expect(past.value?.latest(selectorKey(OPEN))).toBe(past.value?.latest(selectorKey(errors)));
  });

  it("is asked for once where series differ only in how far they look back, which is then a mean over that time", async () => {
    const { past, range, selectors, clock, questions } = createReader();
    selectors.value = [RATE, RATE_OF_15_MIN];
    range.value = HALF_HOUR;
    clock.advance(1000);
    expect(questions[0]?.query.selectors).toHaveLength(1);
    questions[0]?.answer();
    await until(() => past.value !== null);
    const steps = Array.from({ length: 360 }, (_, i) => i).filter((i) => i >= 180 && i % 7 !== 6);
    const mean = steps.reduce((sum, i) => sum + i, 0) / steps.length;
    expect(past.value?.latest(selectorKey(RATE_OF_15_MIN))).toBeCloseTo(mean, 6);
  });

  it("is asked for in parts of at most 64 figures", async () => {
    const { past, range, selectors, clock, questions } = createReader();
    selectors.value = Array.from({ length: 150 }, (_, i) => ({ ...RATE, where: { "ws.event": `e${i}` } }));
    range.value = HALF_HOUR;
    clock.advance(1000);
    expect(questions.map(({ query }) => query.selectors.length)).toEqual([64, 64, 22]);
    for (const question of questions) question.answer();
    await until(() => past.value !== null);
    expect(selectors.value.every((selector) => (past.value as PastGrid).has(selectorKey(selector)))).toBe(true);
  });

  it("says why it could not be read, leaves on screen what was there, and is asked for again on request", async () => {
    const { past, range, fault, reading, clock, questions, reader } = createReader();
    range.value = HALF_HOUR;
    clock.advance(1000);
    questions[0]?.fail(new WsightError("STORE_UNAVAILABLE", "the disk is full"));
    await until(() => fault.value !== null);
    expect(fault.value?.message).toBe("the disk is full");
    expect(past.value).toBeNull();
    expect(reading.value).toBe(false);
    reader.retry();
    expect(fault.value).toBeNull();
    clock.advance(1000);
    questions[1]?.answer();
    await until(() => past.value !== null);
  });

  it("is asked for again by itself, later each time, and not at all where the answer would be the same", async () => {
    const { past, range, fault, clock, questions } = createReader();
    range.value = HALF_HOUR;
    clock.advance(40);
    questions[0]?.fail(new WsightError("STORE_UNAVAILABLE", "it is being opened"));
    await until(() => fault.value !== null);
    clock.advance(1500);
    expect(questions).toHaveLength(2);
    questions[1]?.fail(new WsightError("STORE_UNAVAILABLE", "it is still being opened"));
    await until(() => fault.value?.message === "it is still being opened");
    clock.advance(1500);
    expect(questions).toHaveLength(2);
    clock.advance(1500);
    questions[2]?.answer();
    await until(() => past.value !== null);
    expect(fault.value).toBeNull();
    range.value = { fromAt: HALF_HOUR.fromAt - 1000, toAt: HALF_HOUR.toAt };
    clock.advance(40);
    questions[3]?.fail(new WsightError("BAD_REQUEST", "no"));
    await until(() => fault.value?.message === "no");
    clock.advance(60_000);
    expect(questions).toHaveLength(4);
  });

  it("ends at once with the range, and asks nothing after it was closed", async () => {
    const { past, range, clock, questions, reader } = createReader();
    range.value = HALF_HOUR;
    clock.advance(1000);
    questions[0]?.answer();
    await until(() => past.value !== null);
    range.value = null;
    expect(past.value).toBeNull();
    reader.close();
    reader.close();
    range.value = HALF_HOUR;
    clock.advance(1000);
    expect(questions).toHaveLength(1);
  });

  it("is not kept when it reaches into the present, whose end is still being written", async () => {
    const { past, range, clock, questions } = createReader();
    const upToNow = { fromAt: START - 60_000, toAt: START };
    range.value = upToNow;
    clock.advance(1000);
    questions[0]?.answer();
    await until(() => past.value !== null);
    range.value = null;
    range.value = upToNow;
    clock.advance(1000);
    expect(questions).toHaveLength(2);
  });
});

describe("a page that looks at the past", () => {
  let hub: SmallHub;
  let page: Page;

  beforeEach(async () => {
    hub = new SmallHub(START, 600_000);
    await hub.listen();
    page = new Page(hub);
    hub.now = () => page.clock.now();
    page.live.use({ series: [OPEN, RATE], tables: [] });
    await page.subscribed(1);
    await page.second();
  });
  afterEach(async () => {
    page.live.close();
    await hub.close();
  });

  const past = (stepMs: number, values: readonly (number | null)[]): Past => {
    const grid = { fromAt: START - 3_600_000, toAt: START - 3_600_000 + stepMs * values.length, stepMs };
    const rows = [OPEN, RATE].map((selector): [string, Float64Array] => [
      selectorKey(selector),
      rowOf(grid, grid, { labels: {}, values, coverage: 1, whole: null }, selector),
    ]);
    return new PastGrid({ ...grid, resolutionMs: 1000, coverage: 1 }, new Map(rows));
  };

  it("reads every series from there, the live seconds only where they are asked for, and goes back without loss", async () => {
    const { live } = page;
    const ring = live.series(OPEN);
    const before = ring.latest();
    live.past.value = past(5000, [1, 2, 3]);
    expect(ring.latest()).toBe(3);
    expect(live.edge.value).toBe(live.past.value.toAt - 5000);
    expect(live.stepMs.value).toBe(5000);
    expect(live.series(OPEN, "now").latest()).toBe(before);
    await page.second();
    await page.second();
    expect(ring.latest()).toBe(3);
    live.past.value = null;
    expect(live.stepMs.value).toBe(1000);
    expect(page.differences(OPEN, hub.at - 60_000, hub.at)).toEqual([]);
  });

  it("paints once when the time changes", () => {
    page.clock.paint();
    const before = page.live.tick.value;
    page.live.past.value = past(5000, [1]);
    page.clock.paint();
    page.clock.paint();
    expect(page.live.tick.value).toBe(before + 1);
  });

  it("draws steps of any length, gaps as gaps", () => {
    const { live } = page;
    live.past.value = past(300_000, [4, null, null, 8]);
    const reader = new WindowReader(1);
    const data = reader.read([live.series(OPEN)], live.edge.value, 3 * 300_000, live.stepMs.value);
    expect(data.rows).toEqual([[4, null, null, 8]]);
    expect([...data.at]).toEqual([0, 300, 600, 900].map((s) => (START - 3_600_000) / 1000 + s));
    expect(findGaps(data, 3)).toEqual([[0, 3]]);
  });

  it.each([1000, 10_000, 60_000, 300_000])("counts the last minute from rates of %i ms", (stepMs) => {
    const { live } = page;
    live.past.value = past(stepMs, new Array(120).fill(2));
    expect(lastMinute(live as LiveState, RATE)).toBeCloseTo(120, 6);
    expect(meanOf(live as LiveState, RATE)).toBe(2);
  });

  it("knows no value where the end of that time has none", () => {
    page.live.past.value = past(5000, [1, 2, null, null, null]);
    expect(page.live.series(OPEN).latest()).toBeNull();
    page.live.past.value = past(5000, [1, 2, 3, null, null]);
    expect(page.live.series(OPEN).latest()).toBe(3);
  });

  it.each([
    [600, 5000],
    [60, 60_000],
    [12, 300_000],
    [7, 10_000],
  ])("folds %i steps of %i ms into a heatmap that counts them all", (length, stepMs) => {
    const { live } = page;
    live.past.value = past(stepMs, new Array(length).fill(3));
    const grid = new HeatReader().read([live.series(RATE)], 0, 0, live.past.value);
    const spanS = (length * stepMs) / 1000;
    const all = grid.cells.flatMap((row) => [...row]).filter((value) => value === value);
    expect(grid.fromAt).toBe(live.past.value.fromAt);
    expect(grid.columnMs * HEAT_COLUMNS).toBeCloseTo(spanS * 1000, 6);
    expect(all).toHaveLength(HEAT_COLUMNS);
    expect(all.reduce((sum, value) => sum + value, 0)).toBeCloseTo(3 * spanS, 6);
  });
});
