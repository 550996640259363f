import { type ImportAnswer, importPrometheusRules } from "@wsight/hub";
import type { AlertRule } from "@wsight/protocol";
import { describe, expect, test } from "vitest";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const QUANTILE =
  "histogram_quantile(0.95, sum by (le, node) (rate(websocket_server_message_latency_seconds_bucket[5m])))";

describe("expressions that can be told here", () => {
  test.each<readonly [string, object]>([
    [
      `${QUANTILE} > 0.2`,
      {
        metric: "websocket.server.message.latency",
        agg: "p95",
        windowSec: 300,
        groupBy: ["node"],
        op: "gt",
        warn: 0.2,
      },
    ],
    [
      "0.5 < histogram_quantile(0.99, rate(websocket_server_message_latency_seconds[1m]))",
      { agg: "p99", windowSec: 60, groupBy: ["source", "node"], op: "gt", warn: 0.5 },
    ],
    [
      "system_memory_utilization_ratio * 100 > 85",
      { metric: "system.memory.utilization", agg: "last", groupBy: ["node"], op: "gt", warn: 0.85 },
    ],
    ["-2 * process_uptime_seconds <= -60", { metric: "process.uptime", op: "gte", warn: 30 }],
    ["-(system_memory_utilization_ratio) < -0.9", { op: "gt", warn: 0.9 }],
    [
      'system_memory_usage_bytes{system_memory_state="used"} / 1024 ^ 3 >= 4',
      { op: "gte", warn: 4 * 1024 ** 3, groupBy: ["node"] },
    ],
    [
      "avg by (node) (avg_over_time(process_cpu_utilization_ratio[10m])) > .8",
      { agg: "mean", windowSec: 600, groupBy: ["node"] },
    ],
    ["max(max_over_time(process_memory_usage_bytes[5m])) > 1e9", { agg: "max", groupBy: [], warn: 1e9 }],
    [
      "sum without (queue_job_state, node, service) (queue_jobs) > 50",
      { metric: "queue.jobs", agg: "sum", groupBy: ["queue"] },
    ],
    [
      'sum by (ws_library) (rate(websocket_server_messages_total{direction="in"}[1m])) != 0',
      { agg: "rate", filter: { where: { direction: "in" } }, groupBy: ["ws.library"], op: "ne" },
    ],
    [
      'increase(wsight_probe_sink_dropped_total{node="shop/1"}[5m]) > 0',
      { agg: "increase", filter: { nodes: ["shop/1"] } },
    ],
    ['process_uptime_seconds{node=~"shop/1|shop/2"} < 60', { filter: { nodes: ["shop/1", "shop/2"] } }],
    [
      "sum(rate(websocket_server_message_latency_seconds_sum[5m])) / sum(rate(websocket_server_message_latency_seconds_count[5m])) > 0.1",
      { agg: "mean", groupBy: [] },
    ],
    [
      "sum by (node) (rate(websocket_server_message_latency_seconds_count[5m])) < 1",
      { agg: "rate", groupBy: ["node"], op: "lt" },
    ],
    [
      "(sum(rate(websocket_server_ack_timeouts_total[5m])) + sum(rate(websocket_server_handler_errors_total[5m]))) / sum(rate(websocket_server_messages_total[5m])) > 0.01",
      { metric: "websocket.server.error_ratio", agg: "value", windowSec: 300, warn: 0.01 },
    ],
    [
      'absent(process_uptime_seconds{node="shop/1"})',
      { kind: "no_data", filter: { nodes: ["shop/1"] }, noData: { mode: "firing", afterSec: 300 } },
    ],
    ["absent(websocket_server_messages_total)", { kind: "no_data", agg: "rate", warn: null }],
  ])("%s", async (expr, expected) => {
    const { rules, refused } = await imported(expr);
    expect(refused).toEqual([]);
    expect(rules[0]).toMatchObject(expected);
  });

  test("and, or and unless become conditions of one rule", async () => {
    const { rules } = await imported(
      '(sum by (queue) (queue_jobs{queue_job_state="waiting"}) > 0 and on (queue) sum by (queue) (queue_workers) == 0) unless max by (queue) (queue_jobs{queue_job_state="paused"}) > 0',
    );
    const when = (metric: string, op: string) => ({ when: expect.objectContaining({ metric, op, limit: 0 }) });
    expect(rules[0]).toMatchObject({ kind: "composite", metric: "queue.jobs", groupBy: ["queue"], warn: null });
    expect(rules[0]?.expression).toEqual({
      all: [{ all: [when("queue.jobs", "gt"), when("queue.workers", "eq")] }, { not: when("queue.jobs", "gt") }],
    });
  });
});

describe("expressions that can't", () => {
  test.each<readonly [string, RegExp]>([
    ["up == 0", /there is no metric up/],
    ['{__name__=~"process.*"} > 1', /there is no metric without a name/],
    ["process_uptime_seconds", /a comparison with a number/],
    ["process_uptime_seconds > bool 1", /bool/],
    ["process_uptime_seconds > system_uptime_seconds", /a number on one side/],
    ["process_uptime_seconds + 1 > 2", /\+ between series/],
    ["process_uptime_seconds offset 1h > 2", /offset/],
    ["avg_over_time(process_cpu_utilization_ratio[1h]) > 2", /at most 15 minutes/],
    ["websocket_server_messages_total > 5", /only grows/],
    ["avg(rate(websocket_server_messages_total[5m])) > 5", /put together by sum, not by avg/],
    ["rate(process_uptime_seconds[5m]) > 1", /a reading/],
    ["irate(websocket_server_messages_total[5m]) > 1", /irate/],
    ["websocket_server_message_latency_seconds_bucket > 1", /is a distribution/],
    ["histogram_quantile(0.97, rate(websocket_server_message_latency_seconds_bucket[5m])) > 1", /one of 0.5, 0.75/],
    [
      "histogram_quantile(0.5, sum by (node) (rate(websocket_server_message_latency_seconds_bucket[5m]))) > 1",
      /expected le/,
    ],
    ["topk(3, process_uptime_seconds) > 1", /topk/],
    ["sum(max by (node) (process_uptime_seconds)) > 1", /aggregation of an aggregation/],
    ["sum by (colour) (queue_jobs) > 1", /no label colour/],
    ['queue_jobs{job="x"} > 1', /can't be narrowed by job; it can by queue, queue_job_state, node/],
    ['queue_jobs{queue=~"a|b"} > 1', /only = with a value/],
    ['process_uptime_seconds{node=~"shop.*"} > 1', /names and \| between/],
    [
      "sum(rate(websocket_server_messages_total[5m])) / sum(rate(websocket_server_connections_total[5m])) > 1",
      /no indicator/,
    ],
    [
      "rate(websocket_server_message_latency_seconds_sum[5m]) / rate(websocket_server_message_latency_seconds_count[1m]) > 1",
      /same labels and range/,
    ],
    ["sum by (queue) (queue_jobs) > 1 and queue_workers > 1", /the same labels on both sides/],
    ["predict_linear(process_uptime_seconds[1h], 60) > 1", /predict_linear is not supported/],
    ["process_uptime_seconds >", /1:25: parse error|unexpected end/],
    ["queue_jobs > Inf", /finite/],
    [`${"(".repeat(2000)}process_uptime_seconds > 1${")".repeat(2000)}`, /levels of nesting/],
    [`process_uptime_seconds > ${"1+".repeat(2040)}1`, /nested too deeply|nesting|at most 4096/],
  ])("what can't be told is refused with its reason (%#)", async (expr, reason) => {
    const { rules, refused } = await imported(expr);
    expect(rules).toEqual([]);
    expect(refused).toEqual([
      { where: "groups[0].rules[0], line 4", name: "A", reason: expect.stringMatching(reason) },
    ]);
  });
});

describe("rule files", () => {
  test("become rules; what is refused and left out is named with its place", async () => {
    const text = [
      "groups:",
      "- name: web sockets",
      "  interval: 30s",
      "  limit: 5",
      "  labels: { team: chat }",
      "  rules:",
      "  - alert: HighLatency",
      `    expr: ${QUANTILE} > 0.2`,
      "    for: 1m30s",
      "    keep_firing_for: 5m",
      "    labels: { severity: page, tier: one, dynamic: '{{ $labels.node }}', node: x }",
      "    annotations:",
      "      summary: '{{ $labels.node }} is slow ({{ $value | humanizeDuration }})'",
      "      description: 'P95 is {{ printf \"%.2f\" $value }}'",
      "      runbook_url: https://example.org/slow",
      "      dashboard: x",
      "  - record: a:b",
      "    expr: sum(queue_jobs)",
      "  - alert: HighLatency",
      `    expr: ${QUANTILE} > 0.5`,
      "    annotations: { summary: '{{ if gt $value 1.0 }}x{{ end }}', runbook_url: http://plain }",
      "  - alert: Libraries",
      "    expr: sum by (ws_library) (rate(websocket_server_messages_total[5m])) > 100",
      "    for: soon",
      "  - 5",
      "- name: no rules",
    ].join("\n");
    const answer = await read(text, [{ ...(await ruleOf("process_uptime_seconds > 1")), id: "high-latency" }]);
    const [first, second] = answer.rules;
    expect(first).toMatchObject({
      id: "high-latency-2",
      name: "HighLatency",
      warn: null,
      crit: 0.2,
      severity: "critical",
      everySec: 30,
      forSec: 90,
      keepFiringSec: 300,
      labels: { team: "chat", tier: "one" },
      summary: "{{labels.node}} is slow ({{value}})",
      description: "P95 is {{value}}",
      runbookUrl: "https://example.org/slow",
      createdBy: "me",
    });
    expect(second).toMatchObject({ id: "high-latency-3", warn: 0.5, summary: "", runbookUrl: "" });
    expect(answer.refused).toEqual([
      { where: "groups[0].rules[1], line 17", name: "a:b", reason: "recording rules are not supported" },
      {
        where: "groups[0].rules[3], line 22",
        name: "Libraries",
        reason: 'for: expected a duration such as 5m, got "soon"',
      },
      { where: "groups[0].rules[4], line 25", name: "", reason: "expected a name: alert" },
      { where: "groups[1], line 26", name: "", reason: "expected a group with rules" },
    ]);
    expect(answer.notes.map(({ where, reason }) => `${where.replace(/.*line /, "")}: ${reason}`)).toEqual([
      "2: limit is left out",
      "7: label dynamic is left out: it has a template",
      "7: label node is left out: it is told by what the rule is grouped by",
      "19: annotation summary: {{ if gt $value 1.0 }} is not supported; the usual text is told instead",
      "19: the address of the runbook is left out: expected https://",
    ]);
  });

  test("of the Prometheus operator are read, too", async () => {
    const text =
      "kind: PrometheusRule\nspec:\n  groups:\n  - name: g\n    rules:\n    - {alert: A, expr: process_uptime_seconds < 60}";
    expect((await read(text)).rules).toHaveLength(1);
    expect((await read(text.replace("< 60", "<"))).refused[0]?.where).toBe("spec.groups[0].rules[0], line 6");
  });

  test("labels of attributes with a dot are found in templates", async () => {
    const text = [
      "groups:",
      "- rules:",
      "  - alert: A",
      "    expr: sum by (ws_library) (rate(websocket_server_messages_total[5m])) > 100",
      "    annotations: { summary: '{{ $labels.ws_library }}' }",
    ].join("\n");
    expect((await read(text)).rules[0]?.summary).toBe("{{labels.ws.library}}");
  });

  test.each<readonly [string, string, RegExp]>([
    ["no YAML", "groups: [", /expected YAML: .* at line 1/],
    ["another file", "scrape_configs: []", /groups: expected an array, got undefined/],
    ["a list", "- a", /rule file: expected an object/],
    ["nothing", "", /rule file: expected an object, got null/],
    ["two documents", "groups: []\n---\ngroups: []", /expected YAML/],
    ["the same key twice", "groups: []\ngroups: []", /the key groups is there twice, again at line 2/],
    ["an alias without an anchor", "groups: *a", /alias/i],
    ["too many rules", `groups: [{rules: [${"1,".repeat(501)}]}]`, /at most 500 rules/],
    ["a spec of another shape", "kind: PrometheusRule\nspec: 5", /spec: expected an object/],
  ])("%s is refused whole", async (_name, text, message) => {
    await expect(read(text)).rejects.toMatchObject({ code: "BAD_REQUEST", message: expect.stringMatching(message) });
  });

  test.each<readonly [string, string, RegExp]>([
    ["brackets that end the stack", "[".repeat(250_000), /nested too deeply/],
    ["maps in maps", `groups: ${"{a: ".repeat(20_000)}`, /nested too deeply/],
    ["lists in lists", "- ".repeat(100_000), /nested too deeply/],
    ["indentation", Array.from({ length: 600 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"), /nested too deeply/],
    ["aliases of aliases", laughs(), /alias/],
    ["many aliases", `a: &a x\nb: [${"*a, ".repeat(20_000)}]`, /at most 100 aliases/],
    ["many keys", Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join("\n"), /too long/],
    ["many lines", "#\n".repeat(130_000), /too long/],
    ["much text", "x".repeat(262_145), /at most 262144/],
  ])("%s are refused soon", async (_name, text, message) => {
    const began = performance.now();
    await expect(read(text)).rejects.toThrow(message);
    expect(performance.now() - began).toBeLessThan(3000);
  });

  test("what steers JavaScript is but a name", async () => {
    const text =
      "__proto__: { polluted: 1 }\ngroups:\n- rules:\n  - alert: A\n    expr: process_uptime_seconds < 60\n    labels: { __proto__: x, constructor: y }";
    const { rules, refused } = await read(text);
    expect({}).not.toHaveProperty("polluted");
    expect([rules, refused[0]?.reason]).toEqual([[], expect.stringMatching(/labels.__proto__/)]);
  });
});

function laughs(): string {
  const lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"];
  for (let i = 1; i < 10; i++) lines.push(`a${i}: &a${i} [${new Array(9).fill(`*a${i - 1}`).join(",")}]`);
  return `${lines.join("\n")}\ngroups: *a9`;
}

function read(text: string, rules: readonly AlertRule[] = []): Promise<ImportAnswer> {
  return importPrometheusRules(text, { by: "me", now: NOW, rules });
}

function imported(expr: string): Promise<ImportAnswer> {
  return read(`groups:\n- name: g\n  rules:\n  - alert: A\n    expr: ${JSON.stringify(expr)}\n`);
}

async function ruleOf(expr: string): Promise<AlertRule> {
  const [rule] = (await imported(expr)).rules;
  if (rule === undefined) throw new Error(`expected a rule of ${expr}`);
  return rule;
}
