import { gunzipSync } from "node:zlib";
import { type CurrentView, chooseFormat, createExposition, exposedNames, findExposed, takesGzip } from "@wsight/hub";
import { CATALOGUE, Histogram, type Labels, type MetricDefinition } from "@wsight/protocol";
import { checkMetrics, findPrometheus } from "@wsight/testkit";
import protobuf from "protobufjs";
import { describe, expect, it } from "vitest";
import { Rig } from "./current-rig.ts";
import { ask, bearer, startHub } from "./harness.ts";
import { createSmallProbe } from "./small-probe.ts";

const NASTY = 'a "quoted" \\ back\nslash, {brace}';

function labelsOf(metric: MetricDefinition): Labels {
  return Object.fromEntries(metric.attributes.map((name) => [name, name === "event" ? NASTY : "x"]));
}

/** One node that says something of every metric there is. */
function talkative(): Rig {
  const rig = new Rig();
  const probe = rig.probe();
  rig.second(() => {
    for (const metric of CATALOGUE) {
      if (metric.kind === "histogram") probe.record(metric.name, [0, 0.001, 0.25, 3, 700], labelsOf(metric));
      else probe.set(metric.name, 1.5, labelsOf(metric));
    }
    probe.snapshot();
  });
  return rig;
}

async function scrapeText(current: Pick<CurrentView, "at" | "nodes" | "forEachSeries">): Promise<string> {
  return Buffer.from(await createExposition({ current }).scrape("openmetrics", false)).toString();
}

/** Samples by name and labels as they stand in the text. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]));
}

describe("names", () => {
  it("are of the form that Prometheus takes, and each stands for one thing", () => {
    const names = exposedNames();
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
    const parts = CATALOGUE.reduce((sum, { kind }) => sum + (kind === "histogram" ? 4 : 1), 0);
    expect(names).toHaveLength(parts);
  });

  it("carry the unit, and tell a counter", () => {
    const expected = {
      websocket_server_active_connections: ["websocket.server.active_connections", "value"],
      websocket_server_io_bytes_total: ["websocket.server.io", "value"],
      process_cpu_utilization_ratio: ["process.cpu.utilization", "value"],
      wsight_probe_timing_sample_ratio: ["wsight.probe.timing.sample_ratio", "value"],
      process_cpu_time_seconds_total: ["process.cpu.time", "value"],
      process_threads: ["process.thread.count", "value"],
      websocket_server_rtt_seconds_bucket: ["websocket.server.rtt", "bucket"],
      websocket_server_rtt_seconds: ["websocket.server.rtt", "histogram"],
    };
    for (const [name, [metric, part]] of Object.entries(expected)) {
      const found = findExposed(name);
      expect([found?.metric.name, found?.part], name).toEqual([metric, part]);
    }
    expect(findExposed("nothing")).toBeUndefined();
  });

  it("leave no two labels of a metric alike, and none that is kept for other things", () => {
    for (const { name, attributes } of CATALOGUE) {
      const labels = attributes.map((attribute) => attribute.replaceAll(".", "_"));
      expect(new Set(labels).size, name).toBe(labels.length);
      for (const kept of ["le", "quantile", "service", "node", "job", "instance"]) expect(labels).not.toContain(kept);
    }
  });
});

describe("text", () => {
  it.skipIf(findPrometheus() === null)("gives promtool nothing to remark on (needs prometheus)", async () => {
    const exposition = createExposition({ current: talkative().current });
    expect(await checkMetrics(await exposition.scrape("text", false))).toEqual([]);
    expect(await checkMetrics("so wrong\n")).not.toEqual([]);
  });

  it("names type, unit and meaning of each family once, before its samples, and ends with EOF", async () => {
    const text = await scrapeText(talkative().current);
    expect(text.endsWith("\n# EOF\n")).toBe(true);
    expect(text).toContain(
      "# HELP websocket_server_io_bytes Message payload bytes\n# TYPE websocket_server_io_bytes counter\n# UNIT websocket_server_io_bytes bytes\n",
    );
    const types = text.match(/^# TYPE \S+/gm) ?? [];
    expect(new Set(types).size).toBe(types.length);
    expect(types.length).toBe(CATALOGUE.length + 2);
  });

  it("escapes labels", async () => {
    const text = await scrapeText(talkative().current);
    expect(text).toContain('event="a \\"quoted\\" \\\\ back\\nslash, {brace}"');
  });

  it("counts in classic buckets what is at or below their bounds, to the last one", async () => {
    const rig = new Rig();
    const values = [-1, 0, 2 ** -13, 2 ** -13 + 1e-9, 0.25, 0.26, 1, 64, 65, 1e6];
    rig.second(() => rig.probe().record("websocket.server.rtt", values).snapshot());
    const samples = samplesOf(await scrapeText(rig.current));
    const count = (le: string): number | undefined =>
      samples.get(`websocket_server_rtt_seconds_bucket{service="chat",node="chat/a",le="${le}"}`);
    expect(count("0.0001220703125")).toBe(3);
    expect(count("0.000244140625")).toBe(4);
    expect(count("0.25")).toBe(5);
    expect(count("0.5")).toBe(6);
    expect(count("1.0")).toBe(7);
    expect(count("64.0")).toBe(8);
    expect(count("+Inf")).toBe(10);
    expect(samples.get('websocket_server_rtt_seconds_count{service="chat",node="chat/a"}')).toBe(10);
    expect(samples.get('websocket_server_rtt_seconds_sum{service="chat",node="chat/a"}')).toBe(
      values.reduce((sum, value) => sum + value),
    );
  });

  it("says nothing of what could not be read", async () => {
    const rig = new Rig();
    rig.second(() => rig.probe().set("process.memory.usage", Number.NaN).snapshot());
    expect(await scrapeText(rig.current)).not.toContain("process_memory");
  });

  it("does not tell for growth what was folded into _other", async () => {
    const rig = new Rig();
    const probe = rig.probe();
    rig.second(() => {
      probe.set("websocket.server.errors", 30, { "error.type": "rare" });
      probe.set("websocket.server.errors", 5, { "error.type": "_other" });
      probe.snapshot();
    });
    const other = 'websocket_server_errors_total{service="chat",node="chat/a",error_type="_other"}';
    expect(samplesOf(await scrapeText(rig.current)).get(other)).toBe(5);
    rig.second(() => {
      probe.names([], [{ id: 0, into: 1 }]);
      probe.values.delete('websocket.server.errors{error.type="rare"}');
      probe.set("websocket.server.errors", 36, { "error.type": "_other" }).snapshot();
    });
    expect(samplesOf(await scrapeText(rig.current)).get(other)).toBe(6);
  });

  it("forgets a process that is gone at once, and one that is silent after ten seconds", async () => {
    const rig = new Rig();
    const quiet = rig.probe({ instance: "quiet" });
    const leaving = rig.probe({ instance: "leaving" });
    rig.second(() => {
      quiet.set("process.uptime", 1).snapshot();
      leaving.set("process.uptime", 1).snapshot();
    });
    expect(await scrapeText(rig.current)).toMatch(/^process_uptime.*chat\/quiet.*\n^process_uptime.*chat\/leaving/m);
    leaving.send(JSON.stringify({ type: "bye", epoch: leaving.hello.epoch }));
    for (let second = 0; second < 5; second++) rig.second();
    const soon = await scrapeText(rig.current);
    expect(soon).not.toContain("leaving");
    expect(soon).toContain('wsight_node_live{service="chat",node="chat/quiet"} 0');
    expect(soon).toContain('process_uptime_seconds{service="chat",node="chat/quiet"} 1');
    for (let second = 0; second < 10; second++) rig.second();
    expect(await scrapeText(rig.current)).not.toContain("process_uptime_seconds{");
  });
});

const CLIENT_PROTO = `
syntax = "proto2";
package io.prometheus.client;
message LabelPair { optional string name = 1; optional string value = 2; }
enum MetricType { COUNTER = 0; GAUGE = 1; SUMMARY = 2; UNTYPED = 3; HISTOGRAM = 4; GAUGE_HISTOGRAM = 5; }
message Gauge { optional double value = 1; }
message Counter { optional double value = 1; }
message Bucket { optional uint64 cumulative_count = 1; optional double upper_bound = 2; }
message BucketSpan { optional sint32 offset = 1; optional uint32 length = 2; }
message Histogram {
  optional uint64 sample_count = 1; optional double sample_sum = 2; repeated Bucket bucket = 3;
  optional sint32 schema = 5; optional double zero_threshold = 6; optional uint64 zero_count = 7;
  repeated BucketSpan positive_span = 12; repeated sint64 positive_delta = 13 [packed = true];
}
message Metric {
  repeated LabelPair label = 1; optional Gauge gauge = 2; optional Counter counter = 3; optional Histogram histogram = 7;
}
message MetricFamily { optional string name = 1; optional string help = 2; optional MetricType type = 3; repeated Metric metric = 4; }
`;

interface DecodedHistogram {
  readonly sampleCount: number;
  readonly zeroCount: number;
  readonly schema: number;
  readonly positiveSpan: readonly { readonly offset: number; readonly length: number }[];
  readonly positiveDelta: readonly number[];
}

function decodeFamilies(bytes: Uint8Array): Record<string, unknown>[] {
  const type = protobuf.parse(CLIENT_PROTO).root.lookupType("io.prometheus.client.MetricFamily");
  const reader = protobuf.Reader.create(bytes);
  const families: Record<string, unknown>[] = [];
  while (reader.pos < reader.len) {
    families.push(type.toObject(type.decodeDelimited(reader), { longs: Number, enums: String }));
  }
  return families;
}

/** Buckets as Prometheus numbers them, with their counts. */
function nativeBuckets({ positiveSpan, positiveDelta }: DecodedHistogram): Map<number, number> {
  const buckets = new Map<number, number>();
  let index = 0;
  let count = 0;
  const deltas = positiveDelta[Symbol.iterator]();
  for (const { offset, length } of positiveSpan) {
    index += offset;
    for (let i = 0; i < length; i++) {
      count += deltas.next().value ?? Number.NaN;
      if (count > 0) buckets.set(index, count);
      index++;
    }
  }
  return buckets;
}

describe("protobuf", () => {
  it("tells the same families as the text, and distributions as native histograms of schema 5", async () => {
    const rig = new Rig();
    const values = [0, 1e-9, 0.001, 0.00101, 0.0011, 0.25, 0.25, 1, 1.01, 1000, 5e9];
    rig.second(() => {
      rig.probe().record("websocket.server.rtt", values).set("websocket.server.connections", 7).snapshot();
    });
    const families = decodeFamilies(await createExposition({ current: rig.current }).scrape("protobuf", false));
    expect(families.map(({ name, type }) => [name, type])).toEqual([
      ["wsight_node_live", "GAUGE"],
      ["websocket_server_rtt_seconds", "HISTOGRAM"],
      ["websocket_server_connections_total", "COUNTER"],
      ["wsight_exposition_left_out_series", "GAUGE"],
    ]);
    const [metric] = (families[1] as { metric: { label: unknown; histogram: DecodedHistogram }[] }).metric;
    expect(metric?.label).toEqual([
      { name: "service", value: "chat" },
      { name: "node", value: "chat/a" },
    ]);
    const { histogram } = metric as { histogram: DecodedHistogram };
    expect(histogram).toMatchObject({ sampleCount: values.length, zeroCount: 1, schema: 5 });
    const expected = new Histogram();
    for (const value of values) expected.record(value);
    const buckets = new Map<number, number>();
    expected.forEachBucket((index, count) => buckets.set(index + 1, count));
    expect(nativeBuckets(histogram)).toEqual(buckets);
  });
});

describe("cost", () => {
  it("is that of one rendering a second, whoever asks and however often", async () => {
    const { current } = talkative();
    let walks = 0;
    const counted = {
      get at() {
        return current.at;
      },
      nodes: () => current.nodes(),
      forEachSeries: (visit: Parameters<typeof current.forEachSeries>[0]) => {
        walks++;
        current.forEachSeries(visit);
      },
    };
    const exposition = createExposition({ current: counted });
    const [one, other] = await Promise.all([exposition.scrape("text", false), exposition.scrape("text", false)]);
    expect(other).toBe(one);
    const small = await exposition.scrape("text", true);
    expect(gunzipSync(small)).toEqual(Buffer.from(one));
    expect(await exposition.scrape("text", true)).toBe(small);
    expect(walks).toBe(1);
    current.closeSecond((current.at ?? 0) + 1000);
    expect(await exposition.scrape("text", false)).not.toBe(one);
    expect(walks).toBe(2);
  });

  it("is bounded: what has no room is left out and counted", async () => {
    const rig = new Rig();
    const probe = rig.probe();
    rig.second(() => {
      for (let i = 0; i < 500; i++) probe.set("websocket.server.errors", i, { "error.type": `type-${i}` });
      probe.snapshot();
    });
    for (const format of ["openmetrics", "protobuf"] as const) {
      const bytes = await createExposition({ current: rig.current, maxBytes: 10_000 }).scrape(format, false);
      expect(bytes.length).toBeLessThan(10_500);
      if (format === "protobuf") continue;
      const text = Buffer.from(bytes).toString();
      const told = text.match(/^websocket_server_errors_total/gm)?.length ?? 0;
      expect(samplesOf(text).get("wsight_exposition_left_out_series")).toBe(500 - told);
      expect(told).toBeGreaterThan(50);
    }
  });
});

describe("what a scraper gets", () => {
  it.each([
    [undefined, "text"],
    ["*/*", "text"],
    ["text/html,application/xhtml+xml,*/*;q=0.8", "text"],
    ["application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "openmetrics"],
    ["application/openmetrics-text;version=2.0.0,text/plain;version=0.0.4;q=0.5", "text"],
    [
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,*/*;q=0.2",
      "protobuf",
    ],
    ["application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text,text/plain;q=0.2", "text"],
    ["application/json", "text"],
    ["text/plain;q=nonsense", "text"],
  ])("for %s is %s", (accept, format) => {
    expect(chooseFormat(accept)).toBe(format);
  });

  it("is compressed only when it can be read", () => {
    expect([takesGzip("gzip, deflate"), takesGzip("br, gzip;q=0.5"), takesGzip("*")]).toEqual([true, true, true]);
    expect([takesGzip(undefined), takesGzip("br"), takesGzip("gzip;q=0")]).toEqual([false, false, false]);
  });

  it("needs a viewer's token, and says what it is", async () => {
    const hub = await startHub();
    expect((await ask(hub, "/metrics")).status).toBe(401);
    expect((await ask(hub, "/metrics", { headers: await bearer("user") })).status).toBe(403);
    const small = createSmallProbe();
    const link = hub.openLink(() => {});
    for (const message of [...small.greeting, small.snapshot(5, 2)]) link.receive(message);
    const plain = await ask(hub, "/metrics", { headers: await bearer() });
    expect(plain.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    const headers = { ...(await bearer()), accept: "application/openmetrics-text; version=1.0.0" };
    const open = await ask(hub, "/metrics", { headers });
    expect(open.headers["content-type"]).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(open.text.endsWith("# EOF\n")).toBe(true);
    const packed = await ask(hub, "/metrics", { headers: { ...headers, "accept-encoding": "gzip" } });
    expect(packed.headers["content-encoding"]).toBe("gzip");
    expect(packed.headers.vary).toBe("accept, accept-encoding");
  });
});
