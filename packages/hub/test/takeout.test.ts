import { parseTakeout, type Sample, type TakeoutWords, takeIn, writeTakeout } from "@wsight/hub";
import { Histogram, type HistoryEvent, parseMetric } from "@wsight/protocol";
import { CONTRACT_START_AT, contractEvents, sorted, steadySamples } from "@wsight/testkit";
import { describe, expect, it } from "vitest";
import { MemoryStore } from "./memory-store.ts";

const NOW = 1_792_100_000_000;
const WORDS: TakeoutWords = { format: null, metrics: [], node: null, from: null, to: null, step: null, events: false };

async function textOf(store: MemoryStore, words: Partial<TakeoutWords> = {}): Promise<string> {
  let text = "";
  const query = parseTakeout({ ...WORDS, ...words }, NOW, (word) => word);
  for await (const piece of writeTakeout(store, query, new AbortController().signal)) text += piece;
  return text;
}

async function* linesOf(text: string): AsyncGenerator<string> {
  yield* text.split("\n");
}

async function filled(seconds = 120, events = 20): Promise<MemoryStore> {
  const store = new MemoryStore();
  await store.append(steadySamples(0, seconds * 8));
  await store.appendEvents(contractEvents(0, events));
  return store;
}

async function everything(
  store: MemoryStore,
): Promise<{ samples: readonly Sample[]; events: readonly HistoryEvent[] }> {
  const samples: Sample[] = [];
  for (const stepMs of [1_000, 10_000, 60_000, 300_000, 3_600_000] as const) {
    const range = { fromAt: 0, toAt: Number.MAX_SAFE_INTEGER, stepMs };
    for await (const page of store.read(range)) samples.push(...sorted(page));
  }
  return { samples, events: await store.reader.events({ fromAt: 0, toAt: Number.MAX_SAFE_INTEGER, limit: 1e9 }) };
}

describe("NDJSON of everything", () => {
  it("is the store: another one that takes it in holds the same, sample by sample and event by event", async () => {
    const store = await filled();
    const text = await textOf(store);
    const copy = new MemoryStore();
    const taken = await takeIn(copy, linesOf(text), { signal: new AbortController().signal });
    expect(taken.whole).toBe(true);
    expect(taken.events).toBe(20);
    expect(await everything(copy)).toEqual(await everything(store));
    expect(await textOf(copy)).toBe(text);
  });

  it("has a line for each sample and event, whole in itself, in order of time", async () => {
    const lines = (await textOf(await filled()))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ type: "wsight-history", version: 1, stepsMs: [1e3, 1e4, 6e4, 3e5, 3.6e6] });
    const sample = lines.find(({ metric }) => metric === "websocket.server.message.latency");
    expect(Object.keys(sample)).toEqual(
      ["type", "at", "node", "metric", "labels", "unit"].concat([
        "intervalMs",
        "min",
        "max",
        "sum",
        "count",
        "last",
        "histogram",
      ]),
    );
    expect(sample).toMatchObject({ unit: "s", labels: { source: "ack" } });
    expect(lines.filter(({ type }) => type === "event")).toHaveLength(20);
    expect(lines.at(-1)).toEqual({ type: "end", samples: lines.length - 22, events: 20 });
  });

  it("has every event, however many happened within one millisecond", async () => {
    const store = new MemoryStore();
    const events = Array.from({ length: 7_000 }, (_, i) => ({
      ...(contractEvents(i, 1)[0] as HistoryEvent),
      at: NOW + (i < 1500 ? 0 : i < 6500 ? 1 : i),
      subject: `${i}`,
    }));
    await store.appendEvents(events);
    await store.append(steadySamples(0, 8));
    const text = await textOf(store, { events: true });
    const told = text.split("\n").filter((line) => line.includes('"type":"event"'));
    expect(told.map((line) => JSON.parse(line).subject)).toEqual(events.map(({ subject }) => subject));
    expect(text).not.toContain('"type":"sample"');
  });

  it("is made no faster than it is read", async () => {
    const store = await filled(600);
    const query = parseTakeout(WORDS, NOW, (word) => word);
    const pieces = writeTakeout(store, query, new AbortController().signal);
    for (let i = 0; i < 3; i++) await pieces.next();
    expect(store.pages).toBe(1);
    await pieces.return(undefined);
  });

  it("stops when its reader leaves", async () => {
    const leaving = new AbortController();
    const pieces = writeTakeout(
      await filled(),
      parseTakeout(WORDS, NOW, (word) => word),
      leaving.signal,
    );
    await pieces.next();
    leaving.abort();
    await expect(
      (async () => {
        for await (const _ of pieces);
      })(),
    ).rejects.toThrow("abort");
  });
});

describe("what is asked for", () => {
  it("narrows by metric, node, time and step", async () => {
    const store = await filled();
    const text = await textOf(store, {
      metrics: ["websocket.server.messages"],
      node: "chat/1",
      from: "2026-10-14T17:50:10Z",
      to: "2026-10-14T17:50:30Z",
      step: "10s",
    });
    const samples = text
      .split("\n")
      .filter((line) => line.includes('"type":"sample"'))
      .map((line) => JSON.parse(line));
    expect(new Set(samples.map(({ metric }) => metric))).toEqual(new Set(["websocket.server.messages"]));
    expect(new Set(samples.map(({ node }) => node))).toEqual(new Set(["chat/1"]));
    expect(new Set(samples.map(({ intervalMs }) => intervalMs))).toEqual(new Set([10_000]));
    expect(new Set(samples.map(({ at }) => new Date(at).toISOString().slice(11, 19)))).toEqual(
      new Set(["17:50:10", "17:50:20"]),
    );
    expect(text).not.toContain('"type":"event"');
  });

  it.each([
    [{ format: "xml" }, "format: expected one of ndjson, csv, json, got xml"],
    [{ metrics: ["nothing"] }, "metric: expected a metric of docs/metrics.md, got nothing"],
    [{ from: "yesterday" }, "from: expected a time like"],
    [{ from: "1h", to: "2h" }, "to: expected a time after 1h, got 2h"],
    [{ step: "2s" }, "step: expected one of 1s, 10s, 1m, 5m, 1h, all, got 2s"],
  ])("%j is refused", (words, message) => {
    expect(() => parseTakeout({ ...WORDS, ...words }, NOW, (word) => word)).toThrow(message);
  });
});

describe("CSV", () => {
  it("has units in its header, and cells that no spreadsheet runs", async () => {
    const store = new MemoryStore();
    const histogram = new Histogram();
    for (let i = 1; i <= 100; i++) histogram.record(i / 100);
    const { min, max, sum, count } = histogram;
    const metric = parseMetric("websocket.server.handler.duration");
    await store.append([
      {
        node: '=cmd|"/c calc"!A0',
        series: { metric, labels: { event: "@SUM(1,2)" } },
        at: NOW,
        intervalMs: 1000,
        min,
        max,
        sum,
        count,
        last: 0,
        histogram: histogram.encode(),
      },
    ]);
    const text = await textOf(store, { format: "csv", metrics: [metric.name] });
    const [header, row, end] = text.split("\r\n");
    expect(header).toBe(
      "time (UTC),interval (s),node,metric,labels,unit,count,min (s),max (s),sum (s),mean (s),p50 (s),p95 (s),p99 (s),last (s)",
    );
    expect(row).toMatch(/^2026-10-15T\d\d:\d\d:20.000Z,1,"'=cmd\|""\/c calc""!A0",websocket.server.handler.duration,/);
    expect(row).toContain('"event=""@SUM(1,2)""",s,100,0.01,1,');
    expect(end).toBe("");
    expect(Number(row?.split(",").at(-4))).toBeCloseTo(0.5, 1);
  });

  it("of events is a table of them", async () => {
    const text = await textOf(await filled(), { format: "csv", events: true });
    const rows = text.match(/^\d{4}-.*connection.opened.*$/gm);
    expect(text.startsWith("time (UTC),kind,node,subject,text,attributes\r\n")).toBe(true);
    expect(rows?.length).toBe(7);
  });

  it("takes the finest tier that reaches as far back as was asked", async () => {
    const store = await filled(1600);
    const stepOf = (csv: string): string | undefined => csv.split("\r\n")[1]?.split(",")[1];
    expect(stepOf(await textOf(store, { format: "csv" }))).toBe("1");
    store.reader.forget(1_000, CONTRACT_START_AT + 900_000);
    expect(stepOf(await textOf(store, { format: "csv" }))).toBe("10");
    expect(stepOf(await textOf(store, { format: "csv", from: `${CONTRACT_START_AT + 1_000_000}` }))).toBe("1");
  });
});

describe("JSON", () => {
  it("is one document", async () => {
    const store = await filled();
    const parsed = JSON.parse(await textOf(store, { format: "json", step: "1m" }));
    expect(parsed.samples.length).toBeGreaterThan(8);
    expect(parsed.samples[0]).toMatchObject({ intervalMs: 60_000 });
    expect(JSON.parse(await textOf(store, { format: "json", events: true })).events).toHaveLength(20);
    expect(JSON.parse(await textOf(new MemoryStore(), { format: "json" })).samples).toEqual([]);
  });
});

describe("a file that is taken in", () => {
  const signal = new AbortController().signal;

  it("but ends early is told from a whole one", async () => {
    const lines = (await textOf(await filled())).trim().split("\n");
    const taken = await takeIn(new MemoryStore(), linesOf(lines.slice(0, -3).join("\n")), { signal });
    expect(taken.whole).toBe(false);
    expect(taken.samples + taken.events).toBe(lines.length - 4);
  });

  it.each([
    ["", "line 1: expected a file that wsight export"],
    ['{"a":1}', "line 1: type: expected one of"],
    ['{"type":"sample"}', "line 1: "],
    ["time,value\n1,2", "line 1: line: expected JSON"],
    ['{"type":"wsight-history","version":2}', "line 1: version: expected 1 or older, got 2: upgrade wsight"],
    [
      '{"type":"wsight-history","version":1}\n{"type":"sample","intervalMs":7}',
      "line 2: intervalMs: expected one of 1000",
    ],
    ['{"type":"wsight-history","version":1}\n{"type":"event","at":-1,"attributes":{}}', "line 2: at: expected"],
    [
      '{"type":"wsight-history","version":1}\n{"type":"event","at":9000000000000000,"attributes":{}}',
      "line 2: at: expected",
    ],
  ])("but is not ours is refused by the line: %j", async (text, message) => {
    await expect(takeIn(new MemoryStore(), linesOf(text), { signal })).rejects.toThrow(message);
  });
});
