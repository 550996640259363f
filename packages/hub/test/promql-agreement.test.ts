import { ANALYSES, bucketBounds, formatBound } from "@wsight/hub";
import { findMetric, Histogram } from "@wsight/protocol";
import { findPrometheus } from "@wsight/testkit";
import { describe, expect, test } from "vitest";
import { type AskApi, backfillPrometheus } from "./backfilled-prometheus.ts";
import { MemoryReader } from "./memory-reader.ts";

const T0 = 1_700_000_400_000;
const SECONDS = 900;
const END = T0 + SECONDS * 1000;

/** Puts the same seconds into a history and into the text that Prometheus reads. */
class Both {
  readonly reader = new MemoryReader();
  readonly #families = new Map<string, { type: string; lines: string[] }>();

  gauge(node: string, metric: string, name: string, labels: Labels, at: number, value: number): void {
    this.reader.gauge(node, metric, labels, at, value);
    this.#line(name, "gauge", name, { ...labels, ...whose(node) }, at, value);
  }

  counter(node: string, metric: string, name: string, labels: Labels, at: number, growth: number, total: number): void {
    this.reader.counter(node, metric, labels, at, growth, total);
    this.#line(name, "counter", `${name}_total`, { ...labels, ...whose(node) }, at, total);
  }

  /** `whole` is what it held since the process began, `recorded` what was added in this second. */
  histogram(node: string, metric: string, name: string, at: number, recorded: Histogram, whole: Histogram): void {
    if (recorded.count > 0) this.reader.values(node, metric, { source: "handler" }, at, recorded);
    const labels = { source: "handler", ...whose(node) };
    const bounds = bucketBounds(findMetric(metric) ?? { unit: "s" });
    for (const bound of [...bounds, Infinity]) {
      let count = whole.zeroCount;
      whole.forEachBucket((index, held) => {
        if (2 ** ((index + 1) / 32) <= bound) count += held;
      });
      this.#line(name, "histogram", `${name}_bucket`, { ...labels, le: formatBound(bound) }, at, count);
    }
    this.#line(name, "histogram", `${name}_sum`, labels, at, whole.sum);
    this.#line(name, "histogram", `${name}_count`, labels, at, whole.count);
  }

  text(): string {
    const parts = [...this.#families].map(([name, { type, lines }]) => [`# TYPE ${name} ${type}`, ...lines].join("\n"));
    return `${parts.join("\n")}\n# EOF\n`;
  }

  #line(family: string, type: string, name: string, labels: Labels, at: number, value: number): void {
    const entry = this.#families.get(family) ?? { type, lines: [] };
    this.#families.set(family, entry);
    const shown = Object.entries(labels).map(
      ([label, text]) => `${label.replaceAll(".", "_")}=${JSON.stringify(text)}`,
    );
    // A second is read at its end.
    entry.lines.push(`${name}{${shown.join(",")}} ${value} ${at / 1000 + 1}`);
  }
}

type Labels = Readonly<Record<string, string>>;

function whose(node: string): Labels {
  return { service: node.split("/")[0] ?? "", node };
}

/** Numbers that look like chance and are the same each time. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Three processes: one that restarts, one that is gone for 40 s, one that comes late. */
function makeHistory(): Both {
  const both = new Both();
  for (const [n, node] of ["chat/a", "chat/b", "mail/c"].entries()) {
    const next = chance(n + 1);
    const bornAt = n === 2 ? 400 : -1000;
    let began = bornAt;
    const totals = { in: n === 2 ? 0 : 5000, out: n === 2 ? 0 : 700 };
    let whole = new Histogram();
    for (let second = Math.max(0, bornAt); second < SECONDS; second++) {
      const at = T0 + second * 1000;
      if (n === 1 && second >= 300 && second < 340) continue;
      if (n === 0 && second === 500) {
        began = second;
        totals.in = totals.out = 0;
        whole = new Histogram();
      }
      both.gauge(node, "process.uptime", "process_uptime_seconds", {}, at, second - began + 1);
      const open = Math.round(100 + 50 * Math.sin(second / 40 + n));
      const server = { "ws.library": "ws", "ws.server": "main" };
      const connections = "websocket.server.active_connections";
      both.gauge(
        node,
        connections,
        "websocket_server_active_connections",
        { ...server, transport: "websocket" },
        at,
        open,
      );
      for (const direction of ["in", "out"] as const) {
        const growth = next() < 0.3 ? 0 : Math.floor(next() * 40);
        totals[direction] += growth;
        const labels = { ...server, direction, kind: "text", event: direction === "in" ? "say" : "said" };
        both.counter(
          node,
          "websocket.server.messages",
          "websocket_server_messages",
          labels,
          at,
          growth,
          totals[direction],
        );
      }
      const recorded = new Histogram();
      if (second % 7 < 4) for (let i = 0; i < 5; i++) recorded.record(0.001 + next() ** 4 * (n + 1));
      whole.merge(recorded);
      both.histogram(
        node,
        "websocket.server.message.latency",
        "websocket_server_message_latency_seconds",
        at,
        recorded,
        whole,
      );
    }
  }
  return both;
}

function historyApi(reader: MemoryReader): AskApi {
  return async (api, fields) => {
    const ms = (name: string): number => Math.round(Number(fields[name]) * 1000);
    const { query = "" } = fields;
    const request =
      api === "query"
        ? ({ type: "query", query, at: ms("time"), timeoutMs: null } as const)
        : ({
            type: "query_range",
            query,
            fromAt: ms("start"),
            toAt: ms("end"),
            stepMs: ms("step"),
            timeoutMs: null,
          } as const);
    const { status, body } = await ANALYSES.prometheus(reader, request, new AbortController().signal);
    if (status !== 200) throw new Error(`${query}: ${body}`);
    return (JSON.parse(body) as { data: unknown }).data;
  };
}

interface RawSeries {
  readonly metric: Labels;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

/** Answers as a map from series and time to a number. */
function flatten(data: unknown): ReadonlyMap<string, number> {
  const { resultType, result } = data as { resultType: string; result: readonly RawSeries[] };
  if (resultType === "scalar") return new Map([["scalar", Number((result as unknown as [number, string])[1])]]);
  const flat = new Map<string, number>();
  for (const { metric, value, values } of result) {
    const key = JSON.stringify(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1)));
    for (const [at, text] of values ?? (value === undefined ? [] : [value])) flat.set(`${key} @${at}`, toNumber(text));
  }
  return flat;
}

function toNumber(text: string): number {
  return text === "+Inf" ? Infinity : text === "-Inf" ? -Infinity : Number(text);
}

/** What is not the same in both within a share of 1e-9. */
function differences(ours: ReadonlyMap<string, number>, theirs: ReadonlyMap<string, number>): readonly string[] {
  const found: string[] = [];
  for (const key of new Set([...ours.keys(), ...theirs.keys()])) {
    const a = ours.get(key);
    const b = theirs.get(key);
    if (a === undefined || b === undefined || !near(a, b)) found.push(`${key}: ours ${a}, Prometheus ${b}`);
  }
  return found;
}

function near(a: number, b: number): boolean {
  return Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
}

const MESSAGES = "websocket_server_messages_total";
const OPEN = "websocket_server_active_connections";
const LATENCY = "websocket_server_message_latency_seconds";
const QUERIES = [
  OPEN,
  MESSAGES,
  `${MESSAGES}{direction="in"}`,
  `${MESSAGES}{direction!="in",node=~"chat/.*"}`,
  `${MESSAGES}{event!~"sa[iy]d?"}`,
  `{__name__=~"websocket_server_(messages_total|active_connections)",service="chat"}`,
  `rate(${MESSAGES}[30s])`,
  `rate(${MESSAGES}[1m] offset 2m)`,
  `rate(${MESSAGES}[45s])`,
  `increase(${MESSAGES}[3m])`,
  `irate(${MESSAGES}[20s])`,
  `idelta(${OPEN}[20s])`,
  `delta(${OPEN}[2m])`,
  `resets(${MESSAGES}[5m])`,
  `changes(${OPEN}[1m])`,
  `sum by (service) (rate(${MESSAGES}[1m]))`,
  `sum without (node, event) (rate(${MESSAGES}[1m]))`,
  `sum(rate(${MESSAGES}[1m]))`,
  `avg by (direction) (rate(${MESSAGES}[1m]))`,
  `min(${OPEN})`,
  `max by (service) (${OPEN})`,
  `count(${OPEN})`,
  `group by (node) (${OPEN})`,
  `stddev(${OPEN})`,
  `quantile(0.3, ${OPEN})`,
  `topk(2, rate(${MESSAGES}[1m]))`,
  `bottomk(1, ${OPEN})`,
  `avg_over_time(${OPEN}[2m])`,
  `min_over_time(${OPEN}[2m])`,
  `max_over_time(${OPEN}[2m])`,
  `sum_over_time(${OPEN}[90s])`,
  `count_over_time(${OPEN}[90s])`,
  `last_over_time(${OPEN}[90s])`,
  `present_over_time(${OPEN}[90s])`,
  `quantile_over_time(0.9, ${OPEN}[90s])`,
  `${LATENCY}_count`,
  `${LATENCY}_sum`,
  `${LATENCY}_bucket{le="0.5"}`,
  `rate(${LATENCY}_count[1m])`,
  `increase(${LATENCY}_sum[2m])`,
  `rate(${LATENCY}_bucket[40s])`,
  `histogram_quantile(0.95, sum by (le) (rate(${LATENCY}_bucket[1m])))`,
  `histogram_quantile(0.5, rate(${LATENCY}_bucket[1m]))`,
  `histogram_quantile(0.99, ${LATENCY}_bucket)`,
  `sum(rate(${LATENCY}_sum[1m])) / sum(rate(${LATENCY}_count[1m]))`,
  `rate(${LATENCY}_sum[1m]) / rate(${LATENCY}_count[1m])`,
  `${OPEN} > 100`,
  `${OPEN} > bool 100`,
  `100 < ${OPEN}`,
  `-${OPEN} * 2 + 1`,
  `-2 ^ 2`,
  `2 ^ -1 * 3 - -2 ^ 2`,
  `-${OPEN} offset 1m + ${OPEN} offset 2m * 2 - ${OPEN}`,
  `sum(${OPEN}) > bool 2 + 2 * 100 and sum(${OPEN} offset 30s) or vector(1) == 1`,
  `2 ^ 3 ^ 2 % 7`,
  `1 + 2 * 3 - 4 / 5`,
  `${OPEN} ^ 2 / 3`,
  `${OPEN} % 7`,
  `sum by (node) (${MESSAGES}) - on (node) sum by (node) (${MESSAGES}{direction="in"})`,
  `${MESSAGES}{direction="in"} / ignoring (direction, event) ${MESSAGES}{direction="out"}`,
  `${OPEN} and on (node) (process_uptime_seconds < 300)`,
  `${OPEN} unless on (node) process_uptime_seconds{node="chat/b"}`,
  `sum(nothing_here) or vector(0)`,
  `absent(${OPEN}{service="mail"})`,
  `absent(nothing_here{a="b"})`,
  `scalar(${OPEN}{node="chat/a"}) + time()`,
  `vector(time())`,
  `timestamp(${OPEN})`,
  `clamp(${OPEN}, 80, 120)`,
  `clamp_max(clamp_min(${OPEN}, 80), 120)`,
  `round(rate(${MESSAGES}[1m]), 0.5)`,
  `ceil(log2(${OPEN})) + floor(sqrt(${OPEN})) + abs(sgn(-${OPEN})) + exp(ln(log10(${OPEN})))`,
  `1 / 0`,
  `${OPEN} / 0`,
  `0 * ${OPEN} / 0`,
];

describe.skipIf(findPrometheus() === null)("PromQL", () => {
  test("answers of the same seconds are those of a real Prometheus, to a share of 1e-9", {
    timeout: 120_000,
  }, async () => {
    const both = makeHistory();
    const theirs = await backfillPrometheus(both.text(), "10s");
    const ours = historyApi(both.reader);
    const failures: string[] = [];
    let compared = 0;
    async function compare(api: string, fields: Record<string, string>): Promise<void> {
      const [mine, other] = await Promise.all([ours(api, fields), theirs(api, fields)]);
      const [one, two] = [flatten(mine), flatten(other)];
      compared += two.size;
      const found = differences(one, two);
      if (found.length > 0) failures.push(`${api} ${JSON.stringify(fields)}\n  ${found.slice(0, 3).join("\n  ")}`);
    }
    for (const query of QUERIES) {
      for (const time of [T0 + 250_000, T0 + 335_500, T0 + 510_250, END])
        await compare("query", { query, time: String(time / 1000) });
      const [start, end] = [String(T0 / 1000), String(END / 1000)];
      await compare("query_range", { query, start, end, step: "15" });
      await compare("query_range", { query, start: String(T0 / 1000 + 7.3), end, step: "13.7" });
    }
    expect(failures.join("\n")).toBe("");
    expect(compared).toBeGreaterThan(25_000);
  });
});
