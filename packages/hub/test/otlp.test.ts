import { createOtlpExporter, type HubOptions, type OtlpExporter, parseOtlp } from "@wsight/hub";
import { CATALOGUE, Histogram } from "@wsight/protocol";
import { freePort, until } from "@wsight/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { Rig, START } from "./current-rig.ts";
import { startHub } from "./harness.ts";
import {
  answers,
  GLAD,
  type OtlpReceiver,
  type ReceivedPoint,
  rejects,
  SILENT,
  startReceiver,
} from "./otlp-receiver.ts";
import { createSmallProbe } from "./small-probe.ts";

/** An exporter that sends once a second, as fast as seconds are passed to it. */
class Sender {
  readonly rig: Rig = new Rig();
  readonly probe = this.rig.probe();
  readonly errors: string[] = [];
  readonly exporter: OtlpExporter;

  constructor(url: string, options: Partial<HubOptions> & { readonly queueBytes?: number } = {}) {
    const target = parseOtlp({ otlpUrl: url, otlpIntervalMs: 1000, ...options });
    if (target === null) throw new Error("expected a target");
    this.exporter = createOtlpExporter({
      target,
      current: this.rig.current,
      onError: (error) => this.errors.push(String(error)),
      random: () => 0,
      ...(options.queueBytes === undefined ? {} : { queueBytes: options.queueBytes }),
    });
    onTestFinished(() => this.exporter.close());
    this.exporter.observe(this.rig.clock.time - 1000);
  }

  second(): void {
    this.exporter.observe(this.rig.second(() => this.probe.snapshot()));
  }
}

function received(receiver: OtlpReceiver, requests: number): Promise<true> {
  return until(() => receiver.received.length >= requests || undefined, { what: `${requests} requests` }).then(
    () => true,
  );
}

function pointOf(receiver: OtlpReceiver, metric: string): ReceivedPoint {
  const point = receiver.received.at(-1)?.points.find((one) => one.metric === metric);
  if (point === undefined) throw new Error(`expected ${metric}`);
  return point;
}

describe("what is sent over OTLP", () => {
  it("has a resource for each process, and every metric by its own name and unit", async () => {
    const receiver = await startReceiver();
    const sender = new Sender(receiver.url);
    for (const metric of CATALOGUE) {
      if (metric.kind === "histogram") sender.probe.record(metric.name, [0.5]);
      else sender.probe.set(metric.name, 2.5);
    }
    sender.second();
    await received(receiver, 1);
    const points = receiver.received.flatMap((request) => request.points);
    expect(points.map(({ metric, unit }) => `${metric} ${unit}`).sort()).toEqual(
      CATALOGUE.map(({ name, unit }) => `${name} ${unit}`).sort(),
    );
    expect(receiver.received[0]?.path).toBe("/v1/metrics");
    expect(receiver.received[0]?.headers).toMatchObject({
      "content-type": "application/x-protobuf",
      "content-encoding": "gzip",
    });
    expect(points[0]?.resource).toEqual({
      "service.name": "chat",
      "service.instance.id": "a",
      "host.name": "host",
      "process.pid": "1",
      "process.runtime.description": "node v20",
    });
  });

  it("is cumulative since the process began: sums, readings and distributions to the last bucket", async () => {
    const receiver = await startReceiver();
    const sender = new Sender(receiver.url);
    const values = [0, 1e-9, 0.001, 0.0011, 0.25, 0.25, 1, 1000, 5e9];
    sender.probe
      .set("websocket.server.connections", 2 ** 40, { "ws.library": "ws", "ws.server": "main" })
      .set("websocket.server.active_connections", 7)
      .record("websocket.server.rtt", values);
    sender.second();
    await received(receiver, 1);
    const at = String(BigInt(START + 500) * 1_000_000n);
    const startTimeUnixNano = String(BigInt(START) * 1_000_000n);
    expect(pointOf(receiver, "websocket.server.connections")).toMatchObject({
      kind: "sum",
      temporality: "CUMULATIVE",
      isMonotonic: true,
      attributes: { "ws.library": "ws", "ws.server": "main" },
      fields: { asDouble: 2 ** 40, timeUnixNano: at, startTimeUnixNano },
    });
    expect(pointOf(receiver, "websocket.server.active_connections")).toMatchObject({
      kind: "gauge",
      fields: { asDouble: 7, timeUnixNano: at },
    });
    const { fields, temporality } = pointOf(receiver, "websocket.server.rtt");
    expect(temporality).toBe("CUMULATIVE");
    expect(fields).toMatchObject({
      count: String(values.length),
      zeroCount: "1",
      scale: 5,
      min: 0,
      max: 5e9,
      startTimeUnixNano,
    });
    expect(fields.sum).toBe(values.reduce((sum, value) => sum + value));
    const { offset, bucketCounts } = fields.positive as { offset: number; bucketCounts: string[] };
    const expected = new Histogram();
    for (const value of values) expected.record(value);
    const buckets: [number, number][] = [];
    expected.forEachBucket((index, count) => buckets.push([index, count]));
    expect(bucketCounts.flatMap((count, i) => (count === "0" ? [] : [[offset + i, Number(count)]]))).toEqual(buckets);
  });

  it("goes in requests of a bounded size, at the interval, with the headers that were given", async () => {
    const receiver = await startReceiver();
    const sender = new Sender(receiver.url, { otlpHeaders: { "Api-Key": "k" }, otlpIntervalMs: 3000 });
    for (let i = 0; i < 2000; i++) {
      sender.probe.set("websocket.server.errors", i, { "error.type": `type ${i} ${"x".repeat(100)}` });
      sender.probe.record("websocket.server.message.latency", [1e-5, 1e5], { source: `${i}` });
    }
    sender.second();
    sender.second();
    expect(receiver.received).toHaveLength(0);
    sender.second();
    await until(() => sender.exporter.stats().sent === 4000 || undefined, { what: "4000 points" });
    expect(sender.exporter.stats()).toEqual({ sent: 4000, rejected: 0, dropped: 0, waiting: 0, lastError: null });
    expect(receiver.received.length).toBeGreaterThan(2);
    for (const { headers, bytes } of receiver.received) {
      expect(headers["api-key"]).toBe("k");
      expect(bytes).toBeLessThan(2 * 1024 * 1024);
    }
  });
});

describe("a receiver that", () => {
  it("asks for patience gets the same again after what it asked for", async () => {
    const receiver = await startReceiver();
    receiver.mood = (response) => {
      receiver.mood = GLAD;
      answers(429, { "retry-after": "1" })(response);
    };
    const sender = new Sender(receiver.url);
    sender.probe.set("process.uptime", 1);
    const startedAt = performance.now();
    sender.second();
    await received(receiver, 2);
    expect(performance.now() - startedAt).toBeGreaterThan(950);
    expect(receiver.received[1]?.points).toEqual(receiver.received[0]?.points);
    await until(() => sender.exporter.stats().sent === 1 || undefined, { what: "it to be taken" });
    expect(sender.errors[0]).toContain("it answered 429");
  });

  it("is broken for a while gets everything in order when it is well again", async () => {
    const receiver = await startReceiver();
    receiver.mood = answers(503);
    const sender = new Sender(receiver.url);
    for (let i = 1; i <= 3; i++) {
      sender.probe.set("process.uptime", i);
      sender.second();
      await until(() => sender.exporter.stats().waiting === i || undefined, { what: `${i} waiting` });
    }
    receiver.mood = GLAD;
    await until(() => sender.exporter.stats().sent === 3 || undefined, { what: "3 points" });
    const taken = receiver.received.slice(-3).map(({ points }) => points[0]?.fields.asDouble);
    expect(taken).toEqual([1, 2, 3]);
    expect(sender.exporter.stats()).toMatchObject({ dropped: 0, lastError: null });
  });

  it("is not there costs a bounded queue, the oldest first, and is found when it comes", async () => {
    const port = await freePort();
    const sender = new Sender(`http://127.0.0.1:${port}`, { queueBytes: 1500 });
    for (let i = 1; i <= 20; i++) {
      sender.probe.set("process.uptime", i);
      sender.second();
      await until(() => sender.exporter.stats().waiting + sender.exporter.stats().dropped === i || undefined, {
        what: `second ${i}`,
      });
    }
    const { waiting, dropped, lastError } = sender.exporter.stats();
    expect(lastError).toBe("ECONNREFUSED");
    expect(waiting).toBeLessThan(8);
    expect(dropped).toBe(20 - waiting);
    const receiver = await startReceiver(port);
    await until(() => sender.exporter.stats().sent === waiting || undefined, { what: "what waited" });
    expect(receiver.received.at(-1)?.points[0]?.fields.asDouble).toBe(20);
  });

  it("refuses a request gets the next one, not the same", async () => {
    const receiver = await startReceiver();
    receiver.mood = (response) => {
      receiver.mood = GLAD;
      answers(400)(response);
    };
    const sender = new Sender(receiver.url);
    sender.probe.set("process.uptime", 1);
    sender.second();
    await until(() => sender.exporter.stats().rejected === 1 || undefined, { what: "the refusal" });
    sender.probe.set("process.uptime", 2);
    sender.second();
    await until(() => sender.exporter.stats().sent === 1 || undefined, { what: "the next" });
    expect(receiver.received.map(({ points }) => points[0]?.fields.asDouble)).toEqual([1, 2]);
    expect(sender.errors).toEqual([expect.stringContaining("1 points were refused: it answered 400")]);
  });

  it("takes a part says so, and is not asked again", async () => {
    const receiver = await startReceiver();
    receiver.mood = rejects(1, "too\n\u001b[31m old");
    const sender = new Sender(receiver.url);
    sender.probe.set("process.uptime", 1).set("process.memory.usage", 2);
    sender.second();
    await until(() => sender.exporter.stats().sent === 1 || undefined, { what: "the part" });
    expect(sender.exporter.stats()).toMatchObject({ rejected: 1, lastError: "too [31m old" });
    expect(receiver.received).toHaveLength(1);
  });

  it("never answers holds up neither the hub nor its end", async () => {
    const receiver = await startReceiver();
    receiver.mood = SILENT;
    const hub = await startHub({ otlpUrl: receiver.url, otlpIntervalMs: 1000, otlpHeaders: { key: "secret" } });
    const small = createSmallProbe();
    const link = hub.openLink(() => {});
    for (const message of [...small.greeting, small.snapshot(5, 2)]) link.receive(message);
    await received(receiver, 1);
    const startedAt = performance.now();
    await hub.close();
    expect(performance.now() - startedAt).toBeLessThan(2500);
  });
});

describe("an end", () => {
  it("sends the newest figures once more", async () => {
    const receiver = await startReceiver();
    const sender = new Sender(receiver.url);
    sender.probe.set("process.uptime", 42);
    sender.rig.second(() => sender.probe.snapshot());
    await sender.exporter.close();
    await sender.exporter.close();
    expect(receiver.received.at(-1)?.points[0]?.fields.asDouble).toBe(42);
    sender.second();
    expect(receiver.received).toHaveLength(1);
  });
});

describe("options that can't be right", () => {
  it.each([
    [{ otlpUrl: "localhost:4318" }, "otlpUrl: expected the address of an OTLP receiver"],
    [{ otlpUrl: "http://user:hunter2@host:4318" }, "that goes into a header"],
    [{ otlpUrl: "http://host:4318", otlpHeaders: { "a b": "c" } }, "otlpHeaders: expected names of headers"],
    [{ otlpUrl: "http://host:4318", otlpHeaders: { key: "hunter2\n" } }, "otlpHeaders key: expected one line of text"],
    [{ otlpUrl: "http://host:4318", otlpIntervalMs: 10 }, "otlpIntervalMs"],
  ])("%j are refused, without telling secrets", (options, message) => {
    expect(() => parseOtlp(options)).toThrow(message);
    expect(() => parseOtlp(options)).not.toThrow("hunter2");
  });

  it("keep a path that was given", () => {
    expect(parseOtlp({ otlpUrl: "https://host/otlp/v1/metrics?a=b" })?.url.href).toBe(
      "https://host/otlp/v1/metrics?a=b",
    );
    expect(parseOtlp({})).toBeNull();
  });
});
