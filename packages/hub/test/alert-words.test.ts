import {
  composeNotice,
  composeSummary,
  formatDuration,
  formatLimit,
  formatValue,
  type NoticeFacts,
  parseRule,
} from "@wsight/hub";
import type { AlertLimit, AlertRule } from "@wsight/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const AT = Date.parse("2026-11-21T12:00:00Z");
const HUB = { publicUrl: "https://wsight.example/" };

describe("values for people", () => {
  test.each<readonly [number | null, string, string]>([
    [0.312, "s", "312 ms"],
    [0.0000052, "s", "5.2 µs"],
    [1.2345, "s", "1.23 s"],
    [119.4, "s", "119 s"],
    [7500, "s", "2 h 5 min"],
    [-0.5, "s", "-500 ms"],
    [0, "s", "0 s"],
    [0.0134, "1", "1.34 %"],
    [1, "1", "100 %"],
    [1536, "By", "1.5 KiB"],
    [5e15, "By", "4.44 PiB"],
    [52, "{job}", "52 jobs"],
    [1, "{job}", "1 job"],
    [12_345.6, "{message}/s", "12346 messages/s"],
    [2.5, "1/s", "2.5/s"],
    [3, "{file_descriptor}", "3 file descriptors"],
    [1, "{process}", "1 process"],
    [2, "{process}", "2 processes"],
    [7, "", "7"],
    [-0.0001, "", "-0.0001"],
    [-0, "", "0"],
    [null, "s", "no value"],
    [Number.NaN, "s", "no value"],
    [Infinity, "By", "no value"],
  ])("%j in %j is %j", (value, unit, expected) => {
    expect(formatValue(value, unit)).toBe(expected);
  });

  test("limits and durations", () => {
    expect([formatLimit([0.01, 0.2], "s"), formatLimit(50, "{job}"), formatLimit(null, "s")]).toEqual([
      "10 ms to 200 ms",
      "50 jobs",
      "none",
    ]);
    expect([0, 999, 61_000, 3_600_000, 3_605_000, 90_000_000, -5].map(formatDuration)).toEqual([
      "0 s",
      "1 s",
      "1 min 1 s",
      "1 h",
      "1 h",
      "1 d 1 h",
      "0 s",
    ]);
  });
});

describe("the usual text", () => {
  test("says what, where, how much, the limit, since when, the worst and who made it", () => {
    const notice = composeNotice(facts({}), HUB);
    expect(notice.summary).toBe("Slow messages (shop/1): 312 ms, above 200 ms");
    expect(notice.description).toBe(
      "Fires since 2026-11-21 11:58:00 UTC.\n" +
        "Worst: 480 ms at 2026-11-21 11:59:00 UTC.\n" +
        "Most of it: event order (410 ms), user 7 (3 connections).",
    );
    expect(notice.url).toBe(
      `https://wsight.example/dashboard#/performance?from=${AT - 8 * 60_000}&to=${AT + 7 * 60_000}&node=shop/1`,
    );
    expect(notice.labels).toEqual({ team: "chat", node: "shop/1" });
  });

  test.each<readonly [Partial<NoticeFacts>, string, string]>([
    [
      { kind: "escalated", severity: "critical" },
      "312 ms, above 200 ms",
      "Has become critical; fires since 2026-11-21 11:58:00 UTC.",
    ],
    [{ kind: "deescalated" }, "312 ms, above 200 ms", "Is a warning now; fires since 2026-11-21 11:58:00 UTC."],
    [{ kind: "repeat" }, "312 ms, above 200 ms", "Still fires, for 2 min."],
    [
      { kind: "resolved", endedAt: AT, endReason: "recovered" },
      "ended at 312 ms",
      "Back in range at 2026-11-21 12:00:00 UTC, after 2 min.",
    ],
    [
      { kind: "resolved", endedAt: AT, endReason: "rule_deleted" },
      "ended at 312 ms",
      "Ended because its rule was deleted at 2026-11-21 12:00:00 UTC, after 2 min.",
    ],
    [{ kind: "flapping" }, "312 ms, above 200 ms", "Comes and goes; it is kept firing until it holds still."],
    [{ kind: "no_data" }, "no value", "No value since 2026-11-21 12:00:00 UTC."],
  ])("of %j", (given, statement, first) => {
    const notice = composeNotice(facts(given), HUB);
    expect(notice.summary).toBe(`Slow messages (shop/1): ${statement}`);
    expect(notice.description.split("\n")[0]).toBe(first);
  });

  test("of a rule that can't be evaluated names no instance", () => {
    const notice = composeNotice(facts({ kind: "error", error: "no such metric" }), HUB);
    expect(notice.summary).toBe("Slow messages can't be evaluated");
    expect(notice.description).toMatch(/^The rule can't be evaluated: no such metric/);
  });

  test.each<readonly [Partial<AlertRule>, number, AlertLimit, string]>([
    [{}, 0.15, 0.2, "150 ms, was above 200 ms"],
    [{ op: "gte" }, 0.2, 0.2, "200 ms, at or above 200 ms"],
    [{ op: "lt" }, 0.3, 0.2, "300 ms, was below 200 ms"],
    [{ op: "lte" }, 0.2, 0.2, "200 ms, at or below 200 ms"],
    [{ op: "eq" }, 0.2, 0.2, "200 ms, equal to 200 ms"],
    [{ op: "ne" }, 0.2, 0.2, "200 ms, was other than 200 ms"],
    [{ op: "inside" }, 0.2, [0.1, 0.2], "200 ms, within 100 ms to 200 ms"],
    [{ op: "outside" }, 0.2, [0.1, 0.2], "200 ms, was outside 100 ms to 200 ms"],
  ])("never claims what is not so any more (%j)", (rule, value, limit, statement) => {
    expect(composeSummary(facts({ limit }, { value }, rule), HUB)).toBe(`Slow messages (shop/1): ${statement}`);
  });

  test("of what fires because there is no value says so", () => {
    expect(composeSummary(facts({}, { value: null }), HUB)).toBe("Slow messages (shop/1): no value");
  });

  test("of kinds without limits says what they watch", () => {
    const burning = composeNotice(facts({ limit: null, unit: "" }, { value: 14.44 }, { kind: "burn_rate" }), HUB);
    expect(burning.summary).toBe("Slow messages (shop/1): uses its error budget 14 times as fast as allowed");
    expect(composeNotice(facts({ limit: null }, {}, { kind: "composite" }), HUB).summary).toMatch(
      /: its conditions hold$/,
    );
    expect(composeNotice(facts({ limit: null }, { value: null }, { kind: "no_data" }), HUB).summary).toMatch(
      /: no value$/,
    );
  });

  test("leads nowhere when the hub does not know its address", () => {
    expect(composeNotice(facts({}), { publicUrl: null }).url).toBe("");
  });

  test("leads to the page that shows what the rule looks at", () => {
    const pages = [
      "queue.jobs",
      "websocket.server.messages",
      "system.memory.utilization",
      "db.client.operation.duration",
    ].map((metric) => /#\/(\w+)/.exec(composeNotice(facts({}, {}, { metric }), HUB).url)?.[1]);
    expect(pages).toEqual(["jobs", "messages", "system", "data"]);
  });
});

describe("templates", () => {
  test("say what they are told to", () => {
    const rule = {
      summary: "{{name}} on {{labels.node}}: {{value}} ({{ limit }}, {{severity}}, {{labels.team}}{{labels.absent}})",
      description:
        "{{#culprits}}{{label}} {{name}}: {{value}}; {{/culprits}}{{^culprits}}nobody{{/culprits}}" +
        "{{! not told }}{{#resolved}}over{{/resolved}}{{#firing}} since {{firedAt}}{{/firing}} {{{peak}}} {{&rawValue}} {{service}}",
    };
    const notice = composeNotice(facts({}, {}, rule), HUB);
    expect(notice.summary).toBe("Slow messages on shop/1: 312 ms (200 ms, warning, chat)");
    expect(notice.description).toBe("event order: 410 ms; user 7: 3;  since 2026-11-21 11:58:00 UTC 480 ms 0.312 shop");
    expect(composeNotice(facts({}, { culprits: [] }, rule), HUB).description).toMatch(/^nobody since/);
    const ended = composeNotice(facts({ kind: "resolved", endedAt: AT }, {}, rule), HUB);
    expect(ended.description).toMatch(/; over 480 ms/);
  });

  test("tell text as it is: every channel escapes it in its own way", () => {
    const notice = composeNotice(facts({}, { labels: { node: '<b>&"{{name}}' } }, { summary: "{{labels.node}}" }), HUB);
    expect(notice.summary).toBe('<b>&"{{name}}');
  });

  test("names that would steer a terminal, break a line or turn it around can't", () => {
    const evil = "a\u001b[31mb\r\nSubject: c\u202ed\u0000\ud800";
    const notice = composeNotice(facts({}, { labels: { event: evil } }, { description: "{{labels.event}}" }), HUB);
    expect(notice.summary).toBe("Slow messages (a[31mb Subject: cd\ufffd): 312 ms, above 200 ms");
    expect(notice.description).toBe("a[31mb\nSubject: cd\ufffd");
  });

  test("the summary stays one line of at most 300 characters", () => {
    const notice = composeNotice(facts({}, {}, { summary: "a\n\tb\u2028c {{name}}", name: "n".repeat(500) }), HUB);
    expect(notice.summary).toMatch(/^a b c n+…$/);
    expect(notice.summary).toHaveLength(300);
  });

  test.each<readonly [string, RegExp]>([
    ["{{nothing}}", /there is no \{\{nothing\}\}/],
    ["{{#culprits}}", /never closed/],
    ["{{/culprits}}", /closes nothing/],
    ["{{#culprits}}{{/labels}}", /closes nothing/],
    ["{{> partial}}", /not supported/],
    ["{{=<% %>=}}", /not supported/],
    ["{{name", /has no \}\}/],
    ["{{}}", /expected a name/],
    ["{{name | upper}}", /expected a name/],
    ["{{constructor}}", /there is no/],
    ["{{__proto__}}", /there is no/],
    ["{{culprits}}", /use it as a section/],
    ["x".repeat(1_000_000), /at most 4000 characters/],
    ["{{name}}".repeat(300), /at most 200 tags/],
    [`${"{{#labels}}".repeat(8)}x${"{{/labels}}".repeat(8)}`, /at most 4 deep/],
    ["{{summary}}".repeat(200), /longer than 4000/],
    [`${"{{#labels}}".repeat(4)}${"{{/labels}}".repeat(4)}`.repeat(20), /more than 3000 parts/],
    // Says nothing, two thousand times two hundred.
    [`${"{{#labels}}".repeat(3)}${"{{error}}".repeat(190)}${"{{/labels}}".repeat(3)}`, /more than 3000 parts/],
  ])("one that can't be used is replaced by the usual text, which says so (%#)", (template, fault) => {
    const usual = composeNotice(facts({}), HUB);
    const notice = composeNotice(facts({}, { labels: manyLabels() }, { description: template }), HUB);
    const lines = notice.description.split("\n");
    expect(lines[0]).toBe(usual.description.split("\n")[0]);
    expect(lines.at(-1)).toMatch(/^\(The description of this rule could not be used: /);
    expect(lines.at(-1)).toMatch(fault);
  });

  test("a bad summary is told of in the description", () => {
    const notice = composeNotice(facts({}, {}, { summary: "{{nope}}" }), HUB);
    expect(notice.summary).toBe(composeSummary(facts({}), HUB));
    expect(notice.description).toMatch(/\(The summary of this rule could not be used: there is no \{\{nope\}\}\)$/);
  });

  test("whatever stands in them, a notice comes of it, quickly", () => {
    const pieces = fc.constantFrom(
      "{{",
      "}}",
      "{{{",
      "}}}",
      "#",
      "/",
      "^",
      "name",
      "labels",
      "culprits",
      "labels.node",
      " ",
      "x",
      "!",
      "&",
    );
    const template = fc.array(pieces, { maxLength: 60 }).map((some) => some.join(""));
    fc.assert(
      fc.property(template, template, (summary, description) => {
        const notice = composeNotice(facts({}, {}, { summary, description }), HUB);
        expect(notice.summary.length).toBeLessThanOrEqual(300);
        expect(notice.description.length).toBeLessThan(5000);
      }),
      { numRuns: 500 },
    );
    const began = performance.now();
    for (const evil of [
      "{{".repeat(500_000),
      "{{#labels}}".repeat(90_000),
      `{{${"a".repeat(900_000)}}}`,
      " {{ ".repeat(1000),
    ])
      composeNotice(facts({}, {}, { summary: evil, description: evil }), HUB);
    expect(performance.now() - began).toBeLessThan(3000);
  });
});

function facts(
  given: Partial<NoticeFacts>,
  state: Partial<NoticeFacts["state"]> = {},
  rule: Partial<AlertRule> = {},
): NoticeFacts {
  return {
    kind: "firing",
    rule: { ...slow(), ...rule },
    state: {
      fingerprint: "f",
      ruleId: "slow",
      ruleVersion: 1,
      labels: { node: "shop/1" },
      status: "firing",
      level: "warning",
      limit: 0.2,
      activeAt: AT - 180_000,
      firedAt: AT - 120_000,
      recoverAt: null,
      lowerAt: null,
      value: 0.312,
      sampleAt: AT,
      evaluatedAt: AT,
      stale: false,
      peak: 0.48,
      peakAt: AT - 60_000,
      episodeId: "E1",
      transitions: [],
      flappingAt: null,
      holds: 0,
      ack: null,
      snoozeUntil: null,
      told: { firing: false, level: null, seq: 0, at: null, repeats: 0 },
      culprits: [
        { label: "event", name: "order", value: 0.41 },
        { label: "user", name: "7", value: 3 },
      ],
      ...state,
    },
    at: AT,
    seq: 1,
    episodeId: "E1",
    severity: "warning",
    limit: 0.2,
    activeAt: AT - 180_000,
    firedAt: AT - 120_000,
    endedAt: null,
    endReason: null,
    unit: "s",
    error: "",
    ...given,
  };
}

function slow(): AlertRule {
  const draft = {
    name: "Slow messages",
    metric: "websocket.server.message.latency",
    agg: "p95",
    op: "gt",
    warn: 0.2,
    groupBy: ["node"],
    labels: { team: "chat" },
  };
  return parseRule(draft, { id: "slow", base: null, rules: [], by: "me", now: AT });
}

function manyLabels(): Record<string, string> {
  const labels = Array.from({ length: 12 }, (_, i) => [`label${i}`, "x"]);
  return { node: "n".repeat(120), ...Object.fromEntries(labels) };
}
