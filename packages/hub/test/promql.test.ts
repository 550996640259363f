import { Histogram } from "@wsight/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MemoryReader } from "./memory-reader.ts";
import { askInstant, askPromql, instant, overTime } from "./promql-rig.ts";

const T0 = 1_700_000_400_000;
const HOUR = 3_600_000;
const OPEN = "websocket.server.active_connections";
const SERVER = { "ws.library": "ws", "ws.server": "main", transport: "websocket" };
const LATENCY = "websocket.server.message.latency";

/** A gauge that tells the second, and its process, from `from` to `to` (seconds after T0). */
function gauges(reader: MemoryReader, node: string, from: number, to: number): MemoryReader {
  for (let second = from; second < to; second++) {
    const at = T0 + second * 1000;
    reader.gauge(node, OPEN, SERVER, at, second).gauge(node, "process.uptime", {}, at, second - from + 1);
  }
  return reader;
}

describe("what is not supported or wrong", () => {
  const reader = new MemoryReader();

  test.each([
    ["", "1:1: parse error: no expression found in input"],
    ["rate(x[5m]", "1:11: parse error: unexpected end of input"],
    ["1 +", "1:4: parse error: unexpected end of input"],
    ["1 2", '1:3: parse error: unexpected "2"'],
    ["foo\n  bar", '2:3: parse error: unexpected "bar"'],
    ["nothing_like_it(x)", '1:1: parse error: unknown function with name "nothing_like_it"'],
    [
      "1 + predict_linear(x[5m], 60)",
      "1:5: parse error: function predict_linear is not supported; supported are rate,",
    ],
    ["sum(count_values('a', x))", "1:5: parse error: aggregation count_values is not supported; supported are sum,"],
    ["max_over_time(rate(x[5m])[1h:1m])", "1:15: parse error: subqueries, such as x[1h:5m], are not supported"],
    ["x @ 1700000000", "1:1: parse error: the @ modifier is not supported"],
    ["a / on (node) group_left b", "1:15: parse error: group_left is not supported"],
    ["rate(x)", '1:6: parse error: expected type range vector in call to function "rate", got instant vector'],
    ["x[5m] + 1", "1:1: parse error: binary expression must contain only scalar and instant vector types"],
    ["1 > 2", "1:1: parse error: comparisons between scalars must use BOOL modifier"],
    ["x[0s]", "1:3: parse error: duration must be greater than 0"],
    ["{a=~'.*'}", "1:1: parse error: vector selector must contain at least one non-empty matcher"],
    ["x{a=~'('}", "1:6: parse error: regular expression"],
    ["x{a=~'(?=b)'}", "this kind of group is not supported"],
    [Array(10_000).fill("1").join("^"), "expected at most 250 levels of nesting"],
    [`${"(".repeat(2000)}1${")".repeat(2000)}`, "expected at most 250 levels of nesting"],
  ])("%s is refused by name and place", async (query, message) => {
    const { status, body } = await askInstant(reader, query, T0);
    expect([status, body.status, body.errorType]).toEqual([400, "error", "bad_data"]);
    expect(body.error).toContain(message);
    expect(body.error).toMatch(/^invalid parameter "query": \d+:\d+: parse error: /);
  });

  test("a matrix cannot be asked for over a time, nor more than 11,000 moments", async () => {
    const range = { type: "query_range", fromAt: T0, toAt: T0 + 11_001_000, timeoutMs: null } as const;
    const many = await askPromql(reader, { ...range, query: "1", stepMs: 1000 });
    expect(many).toMatchObject({ status: 400, body: { errorType: "bad_data" } });
    expect(many.body.error).toContain("exceeded maximum resolution of 11,000 points per timeseries");
    const matrix = await askPromql(reader, { ...range, query: "x[5m]", stepMs: 60_000 });
    expect(matrix.body.error).toContain('invalid expression type "range vector" for range query');
  });
});

describe("whatever is asked", () => {
  const words = [
    ..."()[]{}=!~<>+-*/%^,:@\"'`#\\ ",
    ..."sum by without on ignoring bool offset rate topk histogram_quantile time vector and or unless".split(" "),
    ...'5m 1 -1 0.5 1e3 inf NaN le node x websocket_server_active_connections __name__ [1m] "a.*"'.split(" "),
  ];
  const query = fc.array(fc.constantFrom(...words), { maxLength: 14 }).map((parts) => parts.join(" "));

  test("there is an answer in Prometheus' form", { timeout: 30_000 }, async () => {
    const reader = gauges(new MemoryReader(), "a/1", 0, 30);
    await fc.assert(
      fc.asyncProperty(fc.oneof(query, fc.string()), async (text) => {
        const { status, body } = await askInstant(reader, text, T0 + 30_000);
        expect(body.status).toBe(status === 200 ? "success" : "error");
        if (status !== 200) expect(body.error).not.toBe("");
      }),
      { numRuns: 1500 },
    );
  });
});

describe("regular expressions", () => {
  async function matching(pattern: string, values: readonly string[]): Promise<readonly string[]> {
    const reader = new MemoryReader();
    for (const value of values) reader.counter("a/1", "websocket.server.errors", { "error.type": value }, T0, 1);
    const query = `websocket_server_errors_total{error_type=~${JSON.stringify(pattern)}}`;
    return (await instant(reader, query, T0 + 1000)).map(({ metric }) => metric.error_type ?? "").sort();
  }

  test.each([
    ["a|b|", ["a", "b", "c", "ab"], ["a", "b"]],
    ["a.*", ["a", "abc", "ba"], ["a", "abc"]],
    ["[a-c]+\\d{2,3}", ["a1", "abc12", "c123", "a1234", "d12"], ["abc12", "c123"]],
    ["(?i)timeout|(?:e)rr", ["TimeOut", "err", "ERR", "Err"], ["ERR", "Err", "TimeOut", "err"]],
    ["[^a-z]+", ["A", "a", "1_"], ["1_", "A"]],
    ["^ab?$", ["a", "ab", "abb"], ["a", "ab"]],
    ["a\\.b\\x21?", ["a.b", "a.b!", "axb"], ["a.b", "a.b!"]],
    ["(a|b)*c{0}d+?", ["d", "abdd", "c", "abcd"], ["abdd", "d"]],
    ["\\w+\\s\\S", ["ab c", "ab  c", " b"], ["ab c"]],
    ["é|日.", ["é", "日本", "e"], ["é", "日本"]],
  ])("%s matches whole values", async (pattern, values, expected) => {
    expect(await matching(pattern, values)).toEqual(expected);
  });

  test("patterns that take others forever take no time", async () => {
    const value = "a".repeat(120);
    const startedAt = performance.now();
    for (const pattern of ["(a+)+b", "(a|a)*b", "(a*)*b", ".*.*.*.*.*.*.*.*b", "(?:a?){60}a{60}b"])
      expect(await matching(pattern, [value])).toEqual([]);
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });

  test.each(["((a{1000}){1000}){1000}", "((((){1000}){1000}){1000}){1000}", "(|){1000}".repeat(400)])(
    "too large a program is refused: %s",
    async (pattern) => {
      const { status, body } = await askInstant(new MemoryReader(), `x{a=~'${pattern}'}`, T0);
      expect(status).toBe(400);
      expect(body.error).toContain("too large");
      expect(body.error?.length).toBeLessThan(300);
    },
  );
});

describe("staleness", () => {
  test("a gap of a few intervals is a gap, and what has just been recorded is found", async () => {
    const reader = gauges(gauges(new MemoryReader(), "a/1", 0, 100), "a/1", 200, 300);
    const query = "websocket_server_active_connections";
    const range = { fromAt: T0 + 95_000, toAt: T0 + 215_000, stepMs: 5000 };
    const [line] = await overTime(reader, query, range);
    const seconds = line?.values?.map(([at]) => at - T0 / 1000);
    expect(seconds).toEqual([95, 100, 105, 110, 205, 210, 215]);
    expect(await instant(reader, query, T0 + 308_000)).toHaveLength(1);
    expect(await instant(reader, query, T0 + 320_000)).toEqual([]);
  });
});

describe("tiers", () => {
  /** Five hours of a counter that grows by two each second, begins anew within each hour, and a gauge with a spike. */
  function longHistory(): MemoryReader {
    const reader = new MemoryReader();
    let total = 1000;
    for (let second = 0; second < 5 * 3600; second++) {
      const at = T0 + second * 1000;
      total = second % 3600 === 1234 ? 2 : total + 2;
      reader.counter("a/1", "websocket.server.io", { direction: "in" }, at, 2, total);
      reader.gauge("a/1", OPEN, SERVER, at, second === 9000 ? 500 : 10);
    }
    for (const stepMs of [1000, 10_000] as const) reader.forget(stepMs, T0 + 4 * HOUR);
    return reader;
  }

  test("a coarse tier answers where the fine one has ended, restarts within an interval included", async () => {
    const reader = longHistory();
    const range = { fromAt: T0 + 2 * HOUR, toAt: T0 + 3 * HOUR, stepMs: 600_000 };
    const [line] = await overTime(reader, "increase(websocket_server_io_bytes_total[1h])", range);
    for (const [, value] of line?.values ?? []) expect(Number(value)).toBeCloseTo(7200, 6);
    expect(line?.values).toHaveLength(7);
  });

  test("extremes and means over time are of every second, also of coarse tiers", async () => {
    const reader = longHistory();
    const at = T0 + 3 * HOUR;
    const open = "websocket_server_active_connections";
    expect((await instant(reader, `max_over_time(${open}[1h])`, at))[0]?.value?.[1]).toBe("500");
    expect((await instant(reader, `min_over_time(${open}[1h])`, at))[0]?.value?.[1]).toBe("10");
    const [mean] = await instant(reader, `avg_over_time(${open}[1h])`, at);
    expect(Number(mean?.value?.[1])).toBeCloseTo(10 + 490 / 3600, 9);
  });

  test("a range that is too short for what is kept of that time says so", async () => {
    const query = "rate(websocket_server_io_bytes_total[30s])";
    const { body } = await askInstant(longHistory(), query, T0 + 2 * HOUR);
    expect(body.data).toEqual({ resultType: "vector", result: [] });
    expect(body.warnings?.[0]).toContain("one value each 60 s: a range of 30 s holds less than two; use 240 s or more");
  });

  test("the newest interval of a coarse tier, which is not over, is of the newest second", async () => {
    const reader = longHistory();
    for (const stepMs of [1000, 10_000] as const) reader.forget(stepMs, T0 + 5 * HOUR - 10_000);
    reader.counter("a/1", "websocket.server.io", { direction: "in" }, T0 + 5 * HOUR, 2, 4734);
    const now = T0 + 5 * HOUR + 1000;
    const [line] = await instant(reader, "increase(websocket_server_io_bytes_total[2h])", now);
    expect(Math.abs(Number(line?.value?.[1]) - 14_400)).toBeLessThan(30);
  });
});

describe("distributions", () => {
  function latencies(): { readonly reader: MemoryReader; readonly values: readonly number[] } {
    const reader = gauges(gauges(new MemoryReader(), "a/1", 0, 300), "a/2", 0, 300);
    const values: number[] = [];
    for (let second = 0; second < 200; second++) {
      for (const [n, node] of ["a/1", "a/2"].entries()) {
        const recorded = [0.001 * (second + 1), 0.01 * (n + 1)];
        reader.values(node, LATENCY, { source: "ack" }, T0 + second * 1000, recorded);
        if (second >= 101) values.push(...recorded);
      }
    }
    return { reader, values: values.sort((a, b) => a - b) };
  }

  test("quantiles of native histograms are within a bucket, whatever is added up", async () => {
    const { reader, values } = latencies();
    const query = "histogram_quantile(0.9, sum(rate(websocket_server_message_latency_seconds[100s])))";
    const [line] = await instant(reader, query, T0 + 201_000);
    const exact = values[Math.ceil(0.9 * values.length) - 1] ?? 0;
    expect(Math.abs(Number(line?.value?.[1]) / exact - 1)).toBeLessThan(0.025);
  });

  test("a native histogram is told as Prometheus tells it", async () => {
    const histogram = new Histogram();
    for (const value of [0, 1, 1, 3]) histogram.record(value);
    const reader = gauges(new MemoryReader(), "a/1", 0, 20);
    reader.values("a/1", LATENCY, { source: "ack" }, T0 + 10_000, histogram);
    const [line] = await instant(reader, "websocket_server_message_latency_seconds", T0 + 20_000);
    expect(line?.metric).toEqual({
      __name__: "websocket_server_message_latency_seconds",
      node: "a/1",
      service: "a",
      source: "ack",
    });
    const [at, told] = line?.histogram ?? [];
    expect(at).toBe((T0 + 20_000) / 1000);
    expect(told).toMatchObject({ count: "4", sum: "5" });
    expect(told?.buckets[0]).toEqual([3, "0", "0", "1"]);
    expect(told?.buckets[1]).toEqual([0, "0.9785720620877001", "1", "2"]);
    const figures = await Promise.all(
      ["count", "sum", "avg"].map((figure) =>
        instant(reader, `histogram_${figure}(websocket_server_message_latency_seconds)`, T0 + 20_000),
      ),
    );
    expect(figures.map(([one]) => one?.value?.[1])).toEqual(["4", "5", "1.25"]);
  });

  test("nothing recorded is a rate of zero while the process is there, and nothing when it is not", async () => {
    const { reader } = latencies();
    const query = 'rate(websocket_server_message_latency_seconds_count{node="a/1"}[30s])';
    expect((await instant(reader, query, T0 + 299_000))[0]?.value?.[1]).toBe("0");
    expect(await instant(reader, query, T0 + 400_000)).toEqual([]);
  });

  test("a process without an uptime was there when its gauges were", async () => {
    const reader = new MemoryReader();
    for (let second = 0; second < 60; second++) reader.gauge("a/1", OPEN, SERVER, T0 + second * 1000, 1);
    reader.values("a/1", LATENCY, { source: "ack" }, T0 + 20_000, [1, 2, 3]);
    const grown = "increase(websocket_server_message_latency_seconds_count[30s])";
    expect((await instant(reader, grown, T0 + 45_000))[0]?.value?.[1]).toBe("3");
    expect((await instant(reader, grown, T0 + 58_000))[0]?.value?.[1]).toBe("0");
  });

  test("counts are since the process began, and begin anew with it", async () => {
    const { reader } = latencies();
    const count = 'websocket_server_message_latency_seconds_count{node="a/1"}';
    expect((await instant(reader, count, T0 + 290_000))[0]?.value?.[1]).toBe("400");
    gauges(reader, "a/1", 300, 320).values("a/1", LATENCY, { source: "ack" }, T0 + 310_000, [1, 2]);
    expect((await instant(reader, count, T0 + 318_000))[0]?.value?.[1]).toBe("2");
    const [grown] = await instant(reader, `increase(${count}[300s])`, T0 + 320_000);
    expect(Number(grown?.value?.[1])).toBeCloseTo(2 + 2 * 180, 0);
  });
});

describe("answers", () => {
  test.each([
    ["1/0", "+Inf"],
    ["-1/0", "-Inf"],
    ["0/0", "NaN"],
    ["1e-7", "1e-07"],
    ["1e21", "1e+21"],
    ["123456789012", "123456789012"],
    ["0.1 + 0.2", "0.30000000000000004"],
    ["-2^2", "-4"],
    ["0x1F", "31"],
    ["1h", "3600"],
  ])("%s is %s", async (query, value) => {
    const { body } = await askInstant(new MemoryReader(), query, T0 + 500);
    expect(body).toEqual({ status: "success", data: { resultType: "scalar", result: [(T0 + 500) / 1000, value] } });
  });

  test("a range selector answers what is stored", async () => {
    const reader = gauges(new MemoryReader(), "a/1", 0, 10);
    const [line] = await instant(reader, "websocket_server_active_connections[3s]", T0 + 6000);
    expect(line?.values).toEqual([2, 3, 4, 5].map((second) => [T0 / 1000 + second + 1, String(second)]));
  });

  test("strings, and topk in its order", async () => {
    const reader = new MemoryReader();
    for (const [i, value] of [3, 9, 1, 7].entries()) reader.gauge(`a/${i}`, OPEN, SERVER, T0, value);
    const top = await instant(reader, "topk(2, websocket_server_active_connections)", T0 + 1000);
    expect(top.map(({ value }) => value?.[1])).toEqual(["9", "7"]);
    const sorted = await instant(reader, "sort(websocket_server_active_connections)", T0 + 1000);
    expect(sorted.map(({ value }) => value?.[1])).toEqual(["1", "3", "7", "9"]);
    const { body } = await askInstant(reader, '"a\\tb"', T0);
    expect(body.data).toEqual({ resultType: "string", result: [T0 / 1000, "a\tb"] });
  });

  test("lines that cannot be told apart are refused", async () => {
    const reader = new MemoryReader().gauge("a/1", OPEN, SERVER, T0, 1).gauge("a/1", "process.uptime", {}, T0, 1);
    reader.gauge("a/1", "system.uptime", {}, T0, 1);
    const same = await askInstant(reader, '-{__name__=~"(process|system)_uptime_seconds"}', T0 + 1000);
    expect(same).toMatchObject({ status: 422, body: { errorType: "execution" } });
    expect(same.body.error).toContain("same labelset");
    const pairs = "process_uptime_seconds / on (service) {__name__=~'(process|system)_uptime_seconds'}";
    expect((await askInstant(reader, pairs, T0 + 1000)).body.error).toContain("many-to-many matching not allowed");
  });
});

describe("limits", () => {
  function wide(): MemoryReader {
    const reader = new MemoryReader();
    for (let i = 0; i < 5001; i++) reader.gauge(`a/${i}`, OPEN, SERVER, T0, i);
    return reader;
  }

  test("more than 5,000 series are refused, and more points than memory is to hold", async () => {
    const reader = wide();
    const series = await askInstant(reader, "websocket_server_active_connections", T0 + 1000);
    expect(series).toMatchObject({ status: 422, body: { errorType: "execution" } });
    expect(series.body.error).toContain("matches 5001 series: at most 5000");
    const query = 'websocket_server_active_connections{node=~"a/[0-4].*"}';
    const range = { fromAt: T0, toAt: T0 + 10_000_000, stepMs: 1000 };
    await expect(overTime(reader, query, range)).rejects.toThrow("too many points of intermediate results");
  });

  test("a query that takes too long ends, one that nobody waits for does, too", async () => {
    const reader = gauges(new MemoryReader(), "a/1", 0, 3000);
    const query = `${"quantile_over_time(0.5, websocket_server_active_connections[1h]) + ".repeat(20)}0`;
    const range = { type: "query_range", query, fromAt: T0, toAt: T0 + 3_000_000, stepMs: 1000 } as const;
    const late = await askPromql(reader, { ...range, timeoutMs: 20 });
    expect(late).toMatchObject({ status: 503, body: { errorType: "timeout" } });
    const left = new AbortController();
    const asked = askPromql(reader, { ...range, timeoutMs: null }, left.signal);
    left.abort(new Error("left"));
    await expect(asked).rejects.toThrow("left");
  });
});

describe("names", () => {
  const reader = gauges(new MemoryReader(), "chat/1", 0, 60);
  gauges(reader, "mail/1", 7200, 7260).values("mail/1", LATENCY, { source: "app" }, T0 + 7_201_000, [1]);
  const always = { fromAt: null, toAt: null, limit: null };

  async function names(request: Parameters<typeof askPromql>[1]): Promise<unknown> {
    return (await askPromql(reader, request)).body.data;
  }

  test("labels and their values are those of the series asked for, at the time asked for", async () => {
    expect(await names({ type: "label-values", label: "service", match: [], time: always })).toEqual(["chat", "mail"]);
    const early = { fromAt: T0, toAt: T0 + HOUR, limit: null };
    expect(await names({ type: "label-values", label: "service", match: [], time: early })).toEqual(["chat"]);
    for (const label of ["__proto__", "constructor"]) {
      expect(await names({ type: "label-values", label, match: [], time: always })).toEqual([]);
      expect(await names({ type: "series", match: [`{service="chat",${label}=~".+"}`], time: always })).toEqual([]);
    }
    expect(await names({ type: "label-values", label: "node", match: ['{service="mail"}'], time: always })).toEqual([
      "mail/1",
    ]);
    expect(await names({ type: "labels", match: ["process_uptime_seconds"], time: always })).toEqual([
      "__name__",
      "node",
      "service",
    ]);
    const all = (await names({ type: "label-values", label: "__name__", match: [], time: always })) as string[];
    expect(all).toContain("websocket_server_message_latency_seconds_bucket");
    expect(all).toContain("websocket_server_message_latency_seconds");
    expect(all).not.toContain("websocket_server_messages_total");
    expect(await names({ type: "label-values", label: "__name__", match: [], time: { ...always, limit: 1 } })).toEqual([
      "process_uptime_seconds",
    ]);
  });

  test("series are told by their labels, each once", async () => {
    const match = ["process_uptime_seconds", '{node="chat/1"}'];
    expect(await names({ type: "series", match, time: always })).toEqual([
      { __name__: "process_uptime_seconds", node: "chat/1", service: "chat" },
      { __name__: "process_uptime_seconds", node: "mail/1", service: "mail" },
      {
        __name__: "websocket_server_active_connections",
        node: "chat/1",
        service: "chat",
        transport: "websocket",
        ws_library: "ws",
        ws_server: "main",
      },
    ]);
    const { status, body } = await askPromql(reader, { type: "series", match: ["1 + 1"], time: always });
    expect([status, body.errorType]).toEqual([400, "bad_data"]);
  });
});
