import {
  decodeHubFrame,
  decodeProbeFrame,
  type EventsFrame,
  encodeLinkText,
  type HubFrame,
  LINK_VERSION,
  type LinkMessage,
  MAX_LINK_MESSAGE,
  type ProbeFrame,
  parseConnectionSearch,
  parseTailSearch,
  SnapshotEncoder,
  type SnapshotFrame,
  TABLES,
  WsightError,
} from "@wsight/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketsOf, histogramOf, measuredList, series } from "./arbitraries.ts";

const epoch = fc.integer({ min: 1, max: 2 ** 47 });
const id = fc.nat(8191);
const at = fc.integer({ min: 0, max: 4e12 });
const word = fc.string({ maxLength: 60 });

const hello = fc.record({
  type: fc.constant("hello" as const),
  version: fc.constant(LINK_VERSION),
  service: word,
  instance: word,
  epoch,
  startedAt: at,
  pid: fc.nat(),
  host: word,
  runtime: word,
  intervalMs: fc.integer({ min: 1, max: 3_600_000 }),
  findings: fc.array(
    fc.record(
      {
        library: word,
        server: word,
        version: fc.option(word),
        state: fc.constantFrom("attached" as const, "partial" as const),
        notes: fc.array(word, { maxLength: 16 }),
        urls: fc.array(word, { minLength: 1, maxLength: 8 }),
      },
      { requiredKeys: ["library", "server", "version", "state", "notes"] },
    ),
    { maxLength: 4 },
  ),
  capacity: fc.option(fc.record({ connections: fc.integer({ min: 1, max: 2 ** 31 }), source: word })),
});
const names = fc.record({
  type: fc.constant("names" as const),
  epoch,
  names: fc.array(fc.record({ id, series }), { maxLength: 30 }),
  retired: fc.array(fc.record({ id, into: id }), { maxLength: 10 }),
});
const counts = fc.record({
  type: fc.constant("table" as const),
  epoch,
  at,
  table: fc.constantFrom("users" as const, "channels" as const, "rooms" as const),
  total: fc.nat(),
  rows: fc.array(fc.record({ key: word, count: fc.nat() }), { maxLength: 20 }),
  spread: fc.array(fc.nat(), { maxLength: 24 }),
});
const seconds = fc.double({ min: 0, max: 1e6, noNaN: true });
const slow = fc.record({
  type: fc.constant("table" as const),
  epoch,
  at,
  table: fc.constant("slow" as const),
  total: fc.nat(),
  rows: fc.array(
    fc.record({
      at,
      kind: fc.constantFrom("handler" as const, "ack" as const, "broadcast" as const),
      event: word,
      library: word,
      connection: fc.option(fc.nat()),
      seconds,
      queueSeconds: fc.option(seconds),
      bufferedBytes: fc.option(fc.nat()),
    }),
    { maxLength: 20 },
  ),
});
const broadcasts = fc.record({
  type: fc.constant("table" as const),
  epoch,
  at,
  table: fc.constant("broadcasts" as const),
  total: fc.nat(),
  rows: fc.array(fc.record({ at, namespace: word, recipients: fc.nat(), seconds }), { maxLength: 20 }),
});
const answer = fc.oneof(
  fc.record({ type: fc.constant("answer" as const), id: fc.nat(), epoch, answer: fc.constant({ any: ["thing"] }) }),
  fc.record({
    type: fc.constant("answer" as const),
    id: fc.nat(),
    epoch,
    error: fc.record({ code: fc.constant("NOT_FOUND" as const), message: word }),
  }),
);
const tail = fc.record({
  type: fc.constant("tail" as const),
  epoch,
  rows: fc.array(
    fc.record({
      at,
      filter: fc.nat(7),
      connection: fc.option(fc.nat()),
      user: fc.option(word),
      direction: fc.constantFrom("in" as const, "out" as const),
      event: word,
      library: word,
      namespace: fc.option(word),
      bytes: fc.nat(),
      fields: fc.option(fc.array(fc.tuple(word, word), { maxLength: 4 })),
    }),
    { maxLength: 20 },
  ),
  passed: fc.array(fc.nat(), { maxLength: 8 }),
});
const errors = fc.record({
  type: fc.constant("table" as const),
  epoch,
  at,
  table: fc.constant("errors" as const),
  total: fc.nat(),
  rows: fc.array(fc.record({ at, type: word, message: fc.string({ maxLength: 256 }) }), { maxLength: 20 }),
});
const bye = fc.record({ type: fc.constant("bye" as const), epoch });
const seen = fc.string({ minLength: 1, maxLength: 60, unit: fc.constantFrom("a", "é", " ", "/", "%", '"', "😀") });
const common = { at, queue: fc.stringMatching(/^[\w.:-]{1,64}$/), job: seen };
const created = { createdAt: at, attempt: fc.integer({ min: 1, max: 9 }) };
const required = { requiredKeys: ["kind", "at", "queue", "job"] as ["kind", "at", "queue", "job"] };
const jobEvent = fc.oneof(
  fc.record(
    {
      kind: fc.constant("queued" as const),
      ...common,
      ...created,
      name: word,
      label: word,
      userId: seen,
      sizeBytes: fc.nat(),
      sizeCategory: fc.constantFrom("small" as const, "xxlarge" as const),
      plan: fc.constantFrom("unlimited" as const, "large" as const),
      priority: fc.nat(),
      delayMs: fc.nat(),
      maxAttempts: fc.integer({ min: 1, max: 99 }),
    },
    required,
  ),
  fc.record({ kind: fc.constant("started" as const), ...common, ...created, worker: seen }, required),
  fc.record(
    { kind: fc.constant("progress" as const), ...common, ...created, percent: fc.nat(100), stage: word, worker: seen },
    required,
  ),
  fc.record(
    { kind: fc.constant("completed" as const), ...common, ...created, result: word, worker: seen, startedAt: at },
    required,
  ),
  fc.record(
    {
      kind: fc.constant("failed" as const),
      ...common,
      ...created,
      error: word,
      final: fc.boolean(),
      retryInMs: fc.nat(),
      worker: seen,
      startedAt: at,
    },
    { requiredKeys: ["kind", "at", "queue", "job", "error", "final"] },
  ),
  fc.record(
    { kind: fc.constantFrom("retried" as const, "stalled" as const, "removed" as const), ...common, delayMs: fc.nat() },
    required,
  ),
);
const beat = fc.record(
  {
    at,
    queue: seen,
    worker: seen,
    concurrency: fc.integer({ min: 1, max: 99 }),
    active: fc.nat(99),
    ended: fc.boolean(),
  },
  { requiredKeys: ["at", "queue", "worker", "concurrency", "active"] },
);
const reading = fc.record({
  at,
  queue: seen,
  library: seen,
  paused: fc.boolean(),
  counts: fc.record({ waiting: fc.nat(), active: fc.nat() }, { requiredKeys: [] }),
  workers: fc.option(fc.nat(1000)),
  oldestWaitMs: fc.option(fc.nat()),
});
const jobs = fc.record({
  type: fc.constant("jobs" as const),
  epoch,
  seq: fc.integer({ min: 1, max: 1e9 }),
  events: fc.array(jobEvent, { maxLength: 10 }),
  beats: fc.array(beat, { maxLength: 4 }),
  queues: fc.array(reading, { maxLength: 4 }),
  dropped: fc.nat(),
});
const text = fc.oneof(hello, names, counts, errors, slow, broadcasts, answer, tail, jobs, bye);

const counterValue = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.double({ min: 0, max: 1e300, noNaN: true }));
const snapshot = fc.record({
  epoch,
  seq: fc.nat(),
  at,
  keyframe: fc.boolean(),
  counters: fc.array(fc.tuple(id, counterValue), { maxLength: 30 }),
  gauges: fc.array(fc.tuple(id, fc.double()), { maxLength: 30 }),
  histograms: fc.array(fc.tuple(id, measuredList), { maxLength: 5 }),
});

function encode({
  counters,
  gauges,
  histograms,
  ...header
}: typeof snapshot extends fc.Arbitrary<infer T> ? T : never) {
  const encoder = new SnapshotEncoder();
  encoder.begin();
  for (const [key, value] of counters) encoder.counter(key, value);
  for (const [key, value] of gauges) encoder.gauge(key, value);
  for (const [key, values] of histograms) encoder.histogram(key, histogramOf(values));
  return encoder.finish(header);
}

describe("frames of a link", () => {
  it("in text come back as they were sent", () => {
    fc.assert(
      fc.property(text, (frame) => {
        // -0 has no place in JSON, and nothing here means it.
        expect(decodeProbeFrame(encodeLinkText(frame as Exclude<ProbeFrame, SnapshotFrame>))).toEqual(frame);
      }),
    );
  });

  it("with snapshots come back exactly, NaN readings and fractions included", () => {
    fc.assert(
      fc.property(snapshot, (sent) => {
        const got = decodeProbeFrame(encode(sent)) as SnapshotFrame;
        expect(got).toMatchObject({
          type: "snapshot",
          epoch: sent.epoch,
          seq: sent.seq,
          at: sent.at,
          keyframe: sent.keyframe,
        });
        expect(got.counters.map(([key, value]) => [key, value + 0])).toEqual(
          sent.counters.map(([key, value]) => [key, value + 0]),
        );
        expect(got.gauges).toEqual(sent.gauges);
        expect(got.histograms.map(([key, value]) => [key, value.count, bucketsOf(value)])).toEqual(
          sent.histograms.map(([key, values]) => [key, values.length, bucketsOf(histogramOf(values))]),
        );
      }),
    );
  });

  it("of an encoder that is used again hold nothing of the frame before", () => {
    const encoder = new SnapshotEncoder();
    const header = { epoch: 1, seq: 1, at: 1, keyframe: false };
    encoder.begin();
    encoder.counter(1, 5);
    encoder.finish(header);
    encoder.begin();
    encoder.gauge(2, 7);
    expect(decodeProbeFrame(encoder.finish(header))).toMatchObject({ counters: [], gauges: [[2, 7]], histograms: [] });
  });

  it("to a probe come back as they were sent, and there are five kinds of them", () => {
    const query = { sort: "out", descending: true, offset: 100, limit: 50 } as const;
    const frames: readonly HubFrame[] = [
      { type: "welcome", version: 1, startedAt: 5, seq: null, dataDir: "/data", heir: true },
      { type: "resync", reason: "gap" },
      { type: "ack", seq: 9 },
      { type: "jobs-ack", seq: 3, taken: 7 },
      {
        type: "request",
        id: 1,
        ask: {
          kind: "connections",
          query: { ...query, filter: parseConnectionSearch('user:ada ns:/chat state:slow buffered:>64k "my word" x') },
        },
      },
      { type: "request", id: 2, ask: { kind: "connection", connection: 7 } },
      { type: "request", id: 3, ask: { kind: "disconnect", connection: 7 } },
      {
        type: "request",
        id: 4,
        ask: { kind: "tail", filters: [parseTailSearch("dir:in event:chat user:ada")], perSecond: 5, forMs: 1000 },
      },
    ];
    for (const frame of frames) expect(decodeHubFrame(encodeLinkText(frame))).toEqual(frame);
    const known = "welcome, resync, ack, request, jobs-ack";
    expect(() => decodeHubFrame('{"type":"hello"}')).toThrow(`link type: expected one of ${known}, got "hello"`);
  });
});

describe("frames that are not right", () => {
  const refuses = (message: LinkMessage, words: string): void => {
    expect(() => decodeProbeFrame(message)).toThrow(words);
    expect(() => decodeProbeFrame(message)).toThrow(WsightError);
  };

  it("are refused with what was expected and what was got", () => {
    refuses("nonsense", 'link: expected JSON, got "nonsense"');
    refuses("[]", "link: expected an object, got an array of 0");
    refuses(
      '{"epoch":1,"type":"greet"}',
      "link type: expected one of hello, names, table, events, answer, tail, jobs, bye, got",
    );
    refuses('{"type":"bye"}', "epoch: expected a finite number, got undefined");
    refuses('{"epoch":1.5,"type":"bye"}', "epoch: expected a whole number, got 1.5");
    refuses('{"epoch":1,"type":"hello","version":99}', `version: expected link version ${LINK_VERSION}, got 99`);
    refuses('{"epoch":1,"type":"names","names":[[0,"no.such",{}]],"retired":[]}', "expected a metric of the catalogue");
    refuses(
      '{"epoch":1,"type":"names","names":[[0,"process.uptime",{"user":"x"}]],"retired":[]}',
      "labels of process.uptime: expected attributes (none), got",
    );
    refuses("x".repeat(MAX_LINK_MESSAGE + 1), `at most ${MAX_LINK_MESSAGE} characters`);
    refuses(new Uint8Array(MAX_LINK_MESSAGE + 1), `at most ${MAX_LINK_MESSAGE} bytes`);
    refuses(Uint8Array.from([1]), "snapshot tag 87, got 1");
    refuses(Uint8Array.from([0x57, 9]), "link version 1, got 9");
  });

  it("are refused when they tell of events that can't be, or of too many", () => {
    const row = { at: 1, kind: "connection.opened", subject: "1", text: "", attributes: { server: "ws", count: 2 } };
    const frame = { type: "events", epoch: 1, rows: [row], leftOut: { error: 3 } };
    expect(decodeProbeFrame(encodeLinkText(frame as EventsFrame))).toEqual(frame);
    const told = (change: object): string => JSON.stringify({ ...frame, ...change });
    refuses(told({ rows: [{ ...row, kind: "connection.robbed" }] }), "event kind: expected one of connection.opened");
    refuses(told({ rows: [{ ...row, at: 1e16 }] }), "event at: expected a number from 0 to");
    refuses(told({ rows: [{ ...row, text: "x".repeat(257) }] }), "event text");
    refuses(told({ rows: [{ ...row, attributes: { deep: { er: 1 } } }] }), "event deep");
    refuses(told({ rows: Array.from({ length: 129 }, () => row) }), "events");
    refuses(told({ leftOut: { nothing: 1 } }), "leftOut: expected one of");
  });

  // One such row made every answer of the summary an internal error: no date can say it.
  it("are refused when they tell a time that is no date", () => {
    const rows = [{ at: 1e16, type: "Error", message: "" }];
    const table = { type: "table", epoch: 1, at: 1, table: "errors", total: 1, rows };
    refuses(JSON.stringify(table), "row at: expected a number from 0 to 8640000000000000, got 10000000000000000");
    refuses(JSON.stringify({ ...table, at: 1e16, rows: [] }), "at: expected a number from 0 to");
    const snapshot = new SnapshotEncoder();
    snapshot.begin();
    refuses(snapshot.finish({ epoch: 1, seq: 1, at: 1e16, keyframe: true }), "snapshot at: expected a ms epoch");
  });

  it("with something after the end, or cut anywhere, are refused", () => {
    const whole = encode({
      epoch: 9,
      seq: 3,
      at: 1000,
      keyframe: true,
      counters: [[1, 5]],
      gauges: [[2, 0.5]],
      histograms: [[3, [1, 2, 3]]],
    });
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeProbeFrame(whole.subarray(0, length))).toThrow(WsightError);
    }
    refuses(Uint8Array.from([...whole, 0]), "nothing after the histograms");
  });

  it("never do more than be refused: 20,000 random and mutated ones, quickly and in little memory", () => {
    const before = process.memoryUsage().arrayBuffers;
    let refused = 0;
    const feed = (message: LinkMessage): void => {
      try {
        decodeProbeFrame(message);
      } catch (error) {
        if (!(error instanceof WsightError)) throw error;
        refused++;
      }
    };
    const began = performance.now();
    const mutation = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(snapshot, mutation, fc.uint8Array({ maxLength: 200 }), (good, changes, noise) => {
        const bytes = encode(good);
        for (const [where, what] of changes) bytes[where % bytes.length] = what;
        feed(bytes);
        feed(Uint8Array.from([0x57, LINK_VERSION, ...noise]));
      }),
      { numRuns: 5000 },
    );
    const anyJson = fc.oneof(
      fc.json(),
      text.map((frame) => encodeLinkText(frame as never)),
    );
    fc.assert(
      fc.property(anyJson, fc.nat(), fc.string({ maxLength: 3 }), (json, where, what) => {
        const cut = where % (json.length + 1);
        feed(json.slice(0, cut) + what + json.slice(cut + 1));
        feed(`{"epoch":1,"type":${JSON.stringify(TABLES[where % TABLES.length])},"rows":${json}}`);
      }),
      { numRuns: 5000 },
    );
    expect(refused).toBeGreaterThan(5000);
    expect(performance.now() - began).toBeLessThan(25_000);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(256 * 1024 * 1024);
  });

  it("can't make a reader set memory aside for what they only claim to hold", () => {
    const claims = [0xff, 0xff, 0xff, 0x7f];
    refuses(Uint8Array.from([0x57, 1, 1, 1, 1, ...new Uint8Array(8), ...claims]), "a count of at most 8192");
  });
});
