import {
  DEFAULT_RULES,
  parseBackTest,
  parseBackTestOf,
  parseChannelDraft,
  parseInhibitions,
  parseNote,
  parseNoteText,
  parseRoute,
  parseRule,
  parseRulePatch,
  parseSilence,
  parseSnooze,
  type RuleContext,
} from "@wsight/hub";
import { type AlertChannel, type AlertRule, findIndicator, WsightError } from "@wsight/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const DAY_MS = 86_400_000;
const SLOW = { name: "Slow messages", metric: "websocket.server.message.latency", agg: "p95", op: "gt", warn: 0.2 };
const RATIO = "websocket.server.error_ratio";

describe("rules", () => {
  test("have a sane default for all that is left out", () => {
    expect(parseRule(SLOW, context())).toEqual({
      id: "slow-messages",
      name: "Slow messages",
      kind: "threshold",
      metric: "websocket.server.message.latency",
      agg: "p95",
      filter: {},
      windowSec: 60,
      groupBy: [],
      op: "gt",
      warn: 0.2,
      crit: null,
      recovery: null,
      severity: "warning",
      wilson: false,
      burnRate: null,
      expression: null,
      forSec: 60,
      keepFiringSec: 60,
      everySec: 5,
      minSamples: 1,
      noData: { mode: "keep", afterSec: 300 },
      flap: { transitions: 4, windowSec: 1800, holdSec: 900 },
      labels: {},
      summary: "",
      description: "",
      runbookUrl: "",
      repeatSec: 14_400,
      maxRepeats: null,
      enabled: true,
      builtin: false,
      version: 1,
      createdBy: "me",
      updatedAt: NOW,
    } satisfies AlertRule);
  });

  test("can be sent back as they are shown; who made them and what came with wsight is not for clients to say", () => {
    const base = { ...parseRule(SLOW, context()), builtin: true, version: 7, createdBy: "wsight" };
    const forged = { ...base, builtin: false, version: 99, createdBy: "somebody", updatedAt: 0 };
    expect(parseRule(forged, context({ id: base.id, base, by: "me" }))).toEqual({
      ...base,
      version: 8,
      updatedAt: NOW,
    });
  });

  test("changed in part keep the rest", () => {
    const base = parseRule({ ...SLOW, forSec: 7, groupBy: ["node"] }, context());
    const changed = parseRulePatch({ warn: 0.5, crit: 0.9 }, { ...context({ id: base.id }), base });
    expect(changed).toMatchObject({ forSec: 7, groupBy: ["node"], warn: 0.5, crit: 0.9, version: 2 });
    expect(faultsOf(() => parseRulePatch({ warn: null }, { ...context({ id: base.id }), base }))).toEqual({
      warn: "expected a limit here, or for crit",
    });
  });

  test("that come with wsight can be sent back, switched off and on", () => {
    for (const base of DEFAULT_RULES) {
      const known = { ...context({ id: base.id, rules: DEFAULT_RULES }), base };
      const off = parseRulePatch({ enabled: false }, known);
      expect(off).toEqual({ ...base, enabled: false, version: base.version + 1, updatedAt: NOW });
      expect(parseRule(off, known)).toEqual(off);
    }
  });

  test("every wrong field is named at once", () => {
    const faults = faultsOf(() =>
      parseRule(
        {
          id: "Not An Id",
          name: "",
          metric: "no.such.metric",
          filter: { where: [], nodes: [""] },
          windowSec: 901,
          op: "beyond",
          warn: "10",
          forSec: 1.5,
          everySec: 0,
          noData: { mode: "never", afterSec: 0 },
          flap: { transitions: 1 },
          labels: { severity: "x", "bad name": "y", __proto: 1, ok: 5 },
          summary: "two\nlines",
          description: "{{nope}}",
          runbookUrl: "http://plain.example",
          repeatSec: 299,
          maxRepeats: -1,
          enabled: "yes",
          colour: "red",
        },
        context(),
      ),
    );
    expect(faults).toEqual({
      colour: expect.stringMatching(/^expected no such field; there are metric, /),
      id: 'expected 1 to 64 of a-z 0-9 . _ -, a letter or digit first, got "Not An Id"',
      name: 'expected some text, got ""',
      metric: 'expected a metric of the catalogue or an indicator, got "no.such.metric"',
      "filter.where": "expected an object, got an array of 0",
      "filter.nodes[0]": 'expected some text, got ""',
      windowSec: "expected a number from 1 to 900, got 901",
      op: 'expected one of gt, gte, lt, lte, eq, ne, inside, outside, got "beyond"',
      warn: 'expected a finite number, got "10"',
      forSec: "expected a whole number, got 1.5",
      everySec: "expected a number from 1 to 3600, got 0",
      "noData.mode": 'expected one of ok, keep, no_data, firing, got "never"',
      "noData.afterSec": expect.any(String),
      "flap.transitions": "expected a number from 2 to 20, got 1",
      "labels.severity": "expected another name: every notice has severity already",
      "labels.bad name": expect.stringMatching(/^expected letters/),
      "labels.__proto": expect.stringMatching(/^expected letters/),
      "labels.ok": "expected a string, got 5",
      summary: 'expected one line, got "two\\nlines"',
      description: "there is no {{nope}}",
      runbookUrl: 'expected an address that begins with https://, got "http://plain.example"',
      repeatSec: "expected 0 for never, or at least 300, got 299",
      maxRepeats: expect.any(String),
      enabled: 'expected true or false, got "yes"',
    });
  });

  test.each<readonly [object, string, RegExp]>([
    [{ agg: "sum" }, "agg", /one of rate, count, mean/],
    [{ agg: "octave" }, "agg", /one of/],
    [{ agg: undefined }, "agg", /expected a value, got none/],
    [{ filter: { where: { queue: "x" } } }, "filter.where.queue", /an attribute of the metric \(source\)/],
    [{ groupBy: ["queue"] }, "groupBy[0]", /one of node, service, source/],
    [
      { metric: "websocket.server.worker.imbalance", agg: undefined, groupBy: ["service", "node"] },
      "groupBy[1]",
      /one of service, ws\.library, ws\.server, got "node"/,
    ],
    [{ groupBy: ["node", "service", "source", "x", "y"] }, "groupBy", /at most 4/],
    [{ crit: 0.2 }, "crit", /above warn \(0.2\)/],
    [{ op: "lt", crit: 0.3 }, "crit", /below warn/],
    [{ recovery: 0.3 }, "recovery", /at most the lowest limit \(0.2\)/],
    [{ op: "lte", recovery: 0.1 }, "recovery", /at least the highest limit/],
    [{ op: "eq", recovery: 0.1 }, "recovery", /none for eq/],
    [{ op: "ne", crit: 3 }, "crit", /one limit for ne/],
    [{ op: "inside" }, "warn", /two numbers for inside/],
    [{ op: "inside", warn: [2, 1] }, "warn", /the lower end first/],
    [{ op: "outside", warn: [1, 2], crit: [1.2, 1.8] }, "crit", /around that of warn/],
    [{ op: "inside", warn: [1, 2], crit: [0, 3] }, "crit", /within that of warn/],
    [{ warn: Number.NaN }, "warn", /finite/],
    [{ warn: null }, "warn", /expected a limit/],
    [{ wilson: true }, "wilson", /only ratios/],
    [{ burnRate: { objective: 0.9 } }, "burnRate", /null for kind threshold/],
    [{ kind: "no_data" }, "warn", /null for kind no_data/],
    [{ labels: { node: "x" }, groupBy: ["node"] }, "labels.node", /told by what it is grouped by/],
    [{ runbookUrl: "https://me:secret@example.org" }, "runbookUrl", /without a user and password/],
    [{ runbookUrl: "javascript:alert(1)" }, "runbookUrl", /https/],
    [{ summary: "x".repeat(501) }, "summary", /at most 500/],
    [{ description: "x".repeat(1_000_000) }, "description", /at most 4000/],
    [{ description: "{{^firing}}{{oops}}{{/firing}}" }, "description", /no \{\{oops\}\}/],
    [{ name: "a\u0000b" }, "name", /control characters/],
    [{ id: "other" }, "id", /expected slow, as the address says/],
  ])("what makes no sense is found fault with (%#)", (given, field, message) => {
    const draft = { ...SLOW, ...given };
    const id = "id" in given ? "slow" : null;
    expect(faultsOf(() => parseRule(draft, context({ id })))[field]).toMatch(message);
  });

  test.each(["..", ".", "-a", "__proto__", "", "x".repeat(65)])("an id can't be %j", (id) => {
    expect(faultsOf(() => parseRule({ ...SLOW, id }, context()))).toMatchObject({
      id: expect.stringMatching(/a letter or digit first/),
    });
  });

  test("a password in an address is not told again", () => {
    const faults = faultsOf(() => parseRule({ ...SLOW, runbookUrl: "https://me:secret@example.org" }, context()));
    expect(JSON.stringify(faults)).not.toContain("secret@");
  });

  test("of a ratio can ask for proof, and of its budget", () => {
    expect(findIndicator(RATIO)?.kind).toBe("ratio");
    const ratio = { name: "Errors", metric: RATIO, op: "gt", warn: 0.01, wilson: true };
    expect(parseRule(ratio, context())).toMatchObject({ agg: "value", wilson: true });
    const window = { longSec: 3600, shortSec: 300, factor: 14.4, severity: "critical" };
    const burn = { name: "Budget", kind: "burn_rate", metric: RATIO, burnRate: { objective: 0.99, windows: [window] } };
    expect(parseRule(burn, context()).burnRate).toEqual(burn.burnRate);
    const wrong = { ...window, shortSec: 3600, factor: 100 };
    expect(faultsOf(() => parseRule({ ...burn, burnRate: { objective: 0.99, windows: [wrong] } }, context()))).toEqual({
      "burnRate.windows[0].shortSec": "expected less than longSec (3600), got 3600",
      "burnRate.windows[0].factor": "expected less than 100: nothing can burn faster, got 100",
    });
    expect(faultsOf(() => parseRule({ ...burn, metric: "queue.jobs", agg: "max" }, context())).metric).toMatch(
      /a ratio/,
    );
    expect(faultsOf(() => parseRule({ ...burn, burnRate: { objective: 1, windows: [] } }, context()))).toMatchObject({
      "burnRate.objective": expect.stringMatching(/above 0 and below 1/),
      "burnRate.windows": "expected at least one pair of windows",
    });
  });

  test("of several conditions are grouped by labels of any of them, and shown by the first", () => {
    const waiting = {
      metric: "queue.jobs",
      agg: "max",
      filter: { where: { "queue.job.state": "waiting" } },
      op: "gt",
      limit: 0,
    };
    const workers = { metric: "queue.workers", agg: "max", op: "eq", limit: 0 };
    const rule = parseRule(
      {
        name: "Stuck",
        kind: "composite",
        groupBy: ["queue"],
        expression: { all: [{ when: waiting }, { not: { any: [{ when: workers }, { rule: "slow" }] } }] },
      },
      context({ rules: [{ ...parseRule(SLOW, context()), id: "slow" }] }),
    );
    expect(rule).toMatchObject({ metric: "queue.jobs", agg: "max", groupBy: ["queue"], warn: null });
    expect(rule.expression).toMatchObject({
      all: [{ when: { ...waiting, windowSec: 60 } }, { not: { any: [{}, { rule: "slow" }] } }],
    });
  });

  test.each<readonly [unknown, string, RegExp]>([
    [{ rule: "gone" }, "expression.rule", /a rule that is there, got "gone"/],
    [{ rule: "loop" }, "expression.rule", /another rule, got this one/],
    [{ rule: "back" }, "expression", /circle, got loop → back → loop/],
    [{}, "expression", /exactly one of when, rule, all, any, not/],
    [{ all: [], any: [] }, "expression", /exactly one/],
    [{ all: [] }, "expression.all", /at least one part/],
    [{ when: { metric: "queue.jobs", agg: "max", op: "gt" } }, "expression.when.limit", /expected a value/],
    [nested(6), "expression.not.not.not.not.not", /at most 5 levels/],
    [nested(100_000), "expression.not.not.not.not.not", /at most 5 levels/],
    [{ all: new Array(20).fill({ rule: "back" }) }, "expression.all[19]", /at most 20 parts/],
    [null, "expression", /expected an object, got null/],
  ])("an expression that makes no sense is found fault with (%#)", (expression, field, message) => {
    const back = {
      ...parseRule(SLOW, context()),
      id: "back",
      kind: "composite" as const,
      expression: { rule: "loop" },
    };
    const draft = { id: "loop", name: "Loop", kind: "composite", expression };
    expect(faultsOf(() => parseRule(draft, context({ rules: [back] })))[field]).toMatch(message);
  });

  test("there are at most a thousand of them", () => {
    const one = parseRule(SLOW, context());
    const rules = new Array<AlertRule>(1000).fill(one);
    expect(faultsOf(() => parseRule(SLOW, context({ rules }))).id).toMatch(/at most 1000 rules/);
    expect(parseRule(SLOW, context({ rules, base: one })).version).toBe(2);
  });

  test("names in other scripts need an id of their own", () => {
    expect(faultsOf(() => parseRule({ ...SLOW, name: "遅い" }, context())).id).toMatch(/no letters or digits/);
    expect(parseRule({ ...SLOW, name: "Größe — Über 50 %" }, context()).id).toBe("gro-e-uber-50");
  });

  test.each([null, [], "x", 5, undefined])("%j is no rule", (value) => {
    expect(() => parseRule(value, context())).toThrow(/rule: expected an object/);
  });

  test("whatever is sent, it is a rule or BAD_REQUEST, and a rule reads as itself again", () => {
    const keys = Object.keys(parseRule(SLOW, context()));
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom<unknown>("gt", "composite", "p95", RATIO, 1, null, ["node"]),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys, "__proto__", "toString"), value, { maxKeys: 6 }), (some) => {
        try {
          const rule = parseRule({ ...SLOW, ...some }, context());
          expect(parseRule(rule, context({ id: rule.id }))).toEqual(rule);
        } catch (error) {
          expect(error).toBeInstanceOf(WsightError);
          expect(error).toMatchObject({ code: "BAD_REQUEST" });
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("silences", () => {
  const matchers = [{ label: "queue", op: "=", value: "mail" }];
  const who = { id: "s1", by: "me", now: NOW };

  test("begin now unless told otherwise", () => {
    expect(parseSilence({ matchers, durationSec: 3600 }, who)).toEqual({
      id: "s1",
      matchers,
      kind: "silence",
      startsAt: "2026-11-21T12:00:00",
      timeZone: "UTC",
      durationSec: 3600,
      recurrence: null,
      comment: "",
      createdBy: "me",
      createdAt: NOW,
    });
    const berlin = parseSilence({ matchers, durationSec: 3600, timeZone: "Europe/Berlin" }, who);
    expect(berlin).toMatchObject({ startsAt: "2026-11-21T13:00:00", timeZone: "Europe/Berlin" });
  });

  test("that begin within the second of two equal hours are told in UTC, so that they begin now and not an hour ago", () => {
    const again = { ...who, now: Date.parse("2026-10-25T01:30:00Z") };
    expect(parseSilence({ matchers, durationSec: 3600, timeZone: "Europe/Berlin" }, again)).toMatchObject({
      startsAt: "2026-10-25T01:30:00",
      timeZone: "UTC",
    });
  });

  test("that come again", () => {
    const recurrence = { every: "week", days: [6, 0, 6], until: "2027-01-31" };
    const silence = parseSilence(
      { kind: "maintenance", startsAt: "2026-03-29T02:30", timeZone: "Europe/Berlin", durationSec: 3600, recurrence },
      who,
    );
    expect(silence).toMatchObject({ matchers: [], recurrence: { every: "week", days: [0, 6], until: "2027-01-31" } });
  });

  test.each<readonly [object, string, RegExp]>([
    [{ matchers: [] }, "matchers", /at least one; only kind maintenance/],
    [{ matchers: "all" }, "matchers", /an array, got "all"/],
    [{ matchers: [{ label: "1a", value: "x" }] }, "matchers[0].label", /a label/],
    [{ matchers: [{ label: "a", op: "=~", value: "(" }] }, "matchers[0].value", /missing \)/],
    [{ matchers: [{ label: "a", op: "=~", value: "((a{30}){30}){30}" }] }, "matchers[0].value", /too large/],
    [{ matchers: [{ label: "a", op: "=~", value: "(?=x)" }] }, "matchers[0].value", /not supported/],
    [{ matchers: [{ label: "a", op: "~", value: "x" }] }, "matchers[0].op", /one of =, !=/],
    [{ matchers: new Array(21).fill(matchers[0]) }, "matchers", /at most 20/],
    [{ durationSec: 59 }, "durationSec", /from 60 to 2678400/],
    [{ durationSec: undefined }, "durationSec", /expected a value/],
    [{ timeZone: "Mars/Olympus" }, "timeZone", /an IANA time zone/],
    [{ timeZone: "" }, "timeZone", /some text/],
    [{ startsAt: "2026-02-30T00:00" }, "startsAt", /a wall-clock time/],
    [{ startsAt: "2026-11-21T12:00Z" }, "startsAt", /without an offset/],
    [{ startsAt: "12026-01-01T00:00" }, "startsAt", /from 2000 to 2199/],
    [{ startsAt: "2200-01-01T00:00" }, "startsAt", /from 2000 to 2199/],
    [{ startsAt: "2026-11-21T09:00" }, "startsAt", /has not ended yet/],
    [{ startsAt: 5 }, "startsAt", /a wall-clock time/],
    [{ recurrence: { every: "year" } }, "recurrence.every", /one of day, week, month/],
    [{ recurrence: { every: "week", days: [7] } }, "recurrence.days[0]", /from 0 to 6/],
    [{ recurrence: { every: "week", days: [-1] } }, "recurrence.days[0]", /from 0 to 6/],
    [{ recurrence: { every: "month", days: [0] } }, "recurrence.days[0]", /from 1 to 31/],
    [{ recurrence: { every: "week" } }, "recurrence.days", /0 \(Sunday\) to 6/],
    [{ recurrence: { every: "day", days: [1] } }, "recurrence.days", /none for every day/],
    [{ recurrence: { every: "day", until: "2026-13-01" } }, "recurrence.until", /a day such as/],
    [{ recurrence: { every: "day", until: "2026-11-20" } }, "recurrence", /has not ended yet/],
    [{ recurrence: { every: "day" }, durationSec: 86_401 }, "durationSec", /at most 86400: it comes again every day/],
    [{ recurrence: "daily" }, "recurrence", /an object/],
    [{ comment: "x".repeat(1001) }, "comment", /at most 1000/],
  ])("what makes no sense is found fault with (%#)", (given, field, message) => {
    expect(faultsOf(() => parseSilence({ matchers, durationSec: 3600, ...given }, who))[field]).toMatch(message);
  });
});

describe("channels", () => {
  const mail = {
    name: "Mail to ops",
    type: "email",
    config: { host: "mail.example", from: "a@example.org", to: ["b@example.org"], port: 587, user: "" },
    secrets: { password: "geheim" },
  };
  const base: AlertChannel = {
    id: "mail-to-ops",
    name: "Mail to ops",
    type: "email",
    enabled: true,
    config: { host: "mail.example", port: 587 },
    secrets: { password: true },
    version: 3,
    health: {
      state: "ok",
      sent: 0,
      failed: 0,
      dead: 0,
      queued: 0,
      lastSentAt: null,
      lastError: null,
      lastErrorAt: null,
    },
  };

  test("keep what they are told, and leave out what is empty", () => {
    expect(parseChannelDraft(mail, { id: null, base: null })).toEqual({
      id: "mail-to-ops",
      name: "Mail to ops",
      type: "email",
      enabled: true,
      config: { host: "mail.example", from: "a@example.org", to: ["b@example.org"], port: 587 },
      secrets: { password: "geheim" },
    });
  });

  test("a secret that is kept goes only where it was entered for", () => {
    const moved = (config: object, secrets: object = { password: true }) => ({
      ...mail,
      config: { ...mail.config, ...config },
      secrets,
    });
    const context = { id: "mail-to-ops", base };
    for (const config of [{ host: "evil.example" }, { port: 2525 }, { verify: false }]) {
      expect(faultsOf(() => parseChannelDraft(moved(config), context))["secrets.password"]).toMatch(
        /expected it again/,
      );
      expect(parseChannelDraft(moved(config, { password: "neu" }), context).secrets).toEqual({ password: "neu" });
    }
    expect(parseChannelDraft(moved({ from: "b@example.org", verify: true }), context).secrets).toEqual({});
  });

  test("secrets that are left out, or shown as they are shown, stay; null and empty take one away", () => {
    const secretsOf = (secrets: unknown) =>
      parseChannelDraft({ ...mail, secrets }, { id: "mail-to-ops", base }).secrets;
    expect(secretsOf(undefined)).toEqual({});
    expect(secretsOf({ password: true })).toEqual({});
    expect(secretsOf({ password: null })).toEqual({ password: null });
    expect(secretsOf({ password: "" })).toEqual({ password: null });
  });

  test("a secret that there must be can't be taken away", () => {
    const slack = { name: "Chat", type: "slack", config: {} };
    expect(faultsOf(() => parseChannelDraft(slack, { id: null, base: null }))).toEqual({
      "secrets.url": "expected a value, got none",
    });
    const known = { ...base, type: "slack" as const, secrets: { url: true } };
    expect(parseChannelDraft(slack, { id: "chat", base: known }).secrets).toEqual({});
    expect(
      faultsOf(() => parseChannelDraft({ ...slack, secrets: { url: null } }, { id: "chat", base: known })),
    ).toEqual({
      "secrets.url": "expected a value, got none",
    });
  });

  test("never tell a secret in what they find fault with", () => {
    for (const password of ["geheim\u0000", ["geheim"], "geheim".repeat(2000), { geheim: 1 }]) {
      const draft = { ...mail, secrets: { password } };
      const error = failure(() => parseChannelDraft(draft, { id: null, base: null }));
      expect(JSON.stringify([error.message, error.details])).not.toContain("geheim");
    }
  });

  test.each<readonly [object, string, RegExp]>([
    [{ type: "fax" }, "type", /one of email, slack/],
    [{ type: undefined }, "type", /got none/],
    [{ config: { ...mail.config, host: "" } }, "config.host", /expected a value/],
    [{ config: { ...mail.config, host: "a\r\nRCPT TO:<x>" } }, "config.host", /control characters|one line/],
    [{ config: { ...mail.config, to: "b@example.org" } }, "config.to", /a list/],
    [{ config: { ...mail.config, port: "587" } }, "config.port", /a finite number/],
    [{ config: { ...mail.config, security: "maybe" } }, "config.security", /one of starttls, tls, none/],
    [{ config: { ...mail.config, password: "x" } }, "config.password", /no such field/],
    [{ secrets: { host: "x" } }, "secrets.host", /no such field/],
    [{ type: "webhook", config: { url: "ftp://x" }, secrets: {} }, "config.url", /https:\/\/ or http:\/\//],
    [{ id: "No" }, "id", /1 to 64/],
  ])("what makes no sense is found fault with (%#)", (given, field, message) => {
    expect(faultsOf(() => parseChannelDraft({ ...mail, ...given }, { id: null, base: null }))[field]).toMatch(message);
  });

  test("can't become another type", () => {
    const draft = { name: "x", type: "slack", config: {}, secrets: { url: "https://x.example" } };
    expect(faultsOf(() => parseChannelDraft(draft, { id: base.id, base })).type).toMatch(
      /expected email, which can't be changed/,
    );
  });
});

describe("routes and inhibitions", () => {
  const channels = ["mail", "chat"];
  const matchers = [{ label: "team", op: "=", value: "chat" }];

  test("a route takes from its parent what it does not say", () => {
    const route = parseRoute(
      { groupBy: ["node"], groupWaitSec: 0, routes: [{ matchers, channels: ["chat"], groupIntervalSec: 300 }] },
      { channels },
    );
    expect(route).toEqual({
      matchers: [],
      channels: [],
      groupBy: ["node"],
      groupWaitSec: 0,
      groupIntervalSec: 60,
      continue: false,
      routes: [
        {
          matchers,
          channels: ["chat"],
          groupBy: ["node"],
          groupWaitSec: 0,
          groupIntervalSec: 300,
          continue: false,
          routes: [],
        },
      ],
    });
    expect(parseRoute(route, { channels })).toEqual(route);
  });

  test.each<readonly [object, string, RegExp]>([
    [{ matchers }, "matchers", /expected none/],
    [{ continue: true }, "continue", /expected false/],
    [{ channels: ["gone"] }, "channels[0]", /a channel that is there, got "gone"/],
    [{ groupIntervalSec: 9 }, "groupIntervalSec", /from 10/],
    [{ routes: [{ channels: ["chat"] }] }, "routes[0].matchers", /at least one/],
    [{ routes: [{ matchers: [{ label: "a", op: "=~", value: "[" }] }] }, "routes[0].matchers[0].value", /missing \]/],
    [{ routes: new Array(201).fill({ matchers }) }, "routes", /at most 200/],
    [
      { routes: new Array(20).fill({ matchers, routes: new Array(20).fill({ matchers }) }) },
      "routes",
      /200 routes in all/,
    ],
    [deepRoute(6), "routes[0].routes[0].routes[0].routes[0].routes[0].routes", /at most 5 deep/],
    [deepRoute(20_000), "routes[0].routes[0].routes[0].routes[0].routes[0].routes", /at most 5 deep/],
  ])("a tree that makes no sense is found fault with (%#)", (route, field, message) => {
    const faults = faultsOf(() => parseRoute(route, { channels }));
    expect(faults[field], JSON.stringify(faults)).toMatch(message);
  });

  test("inhibitions are a list, by itself or within an object", () => {
    const one = { source: matchers, target: [{ label: "a", op: "=~", value: "b|c" }], equal: ["node"] };
    expect(parseInhibitions([one])).toEqual([one]);
    expect(parseInhibitions({ inhibitions: [one] })).toEqual([one]);
    expect(faultsOf(() => parseInhibitions([{ source: [], target: matchers, equal: ["0"] }]))).toEqual({
      "inhibitions[0].source": "expected at least one matcher",
      "inhibitions[0].equal[0]": expect.stringMatching(/a label/),
    });
  });
});

describe("commands", () => {
  test("a back-test is of the last seven days unless told otherwise", () => {
    expect(parseBackTest({ rule: SLOW }, context())).toMatchObject({
      fromAt: NOW - 7 * DAY_MS,
      toAt: NOW,
      rule: { id: "slow-messages" },
    });
    const rule = parseRule(SLOW, context());
    expect(parseBackTestOf({ hours: 2 }, rule, NOW)).toEqual({ rule, fromAt: NOW - 7_200_000, toAt: NOW });
    expect(parseBackTestOf(undefined, rule, NOW).fromAt).toBe(NOW - 7 * DAY_MS);
    expect(faultsOf(() => parseBackTestOf({ fromAt: 5, toAt: 5 }, rule, NOW)).toAt).toMatch(/after fromAt/);
    expect(faultsOf(() => parseBackTestOf({ fromAt: 0 }, rule, NOW)).fromAt).toMatch(/at most 35 days/);
    expect(faultsOf(() => parseBackTest({ rule: { ...SLOW, warn: null } }, context()))).toHaveProperty("warn");
    expect(() => parseBackTest({}, context())).toThrow(/rule: expected an object/);
  });

  test("a snooze is from a minute to a week, and none at all ends one", () => {
    expect(parseSnooze({ forSec: 3600 }, NOW)).toBe(NOW + 3_600_000);
    expect(parseSnooze({ forSec: 0 }, NOW)).toBe(NOW);
    expect(faultsOf(() => parseSnooze({ forSec: 59 }, NOW)).forSec).toMatch(/60/);
    expect(parseSnooze({ until: NOW + DAY_MS }, NOW)).toBe(NOW + DAY_MS);
    for (const body of [{}, { forSec: 3600, until: NOW + DAY_MS }])
      expect(faultsOf(() => parseSnooze(body, NOW)).until).toMatch(/either/);
    expect(faultsOf(() => parseSnooze({ until: NOW - 1 }, NOW))).toHaveProperty("until");
    expect(faultsOf(() => parseSnooze({ forSec: 604_801 }, NOW))).toHaveProperty("forSec");
  });

  test("notes", () => {
    expect([parseNote(undefined), parseNote({ note: " on it\nnow " }), parseNoteText({ text: "x" })]).toEqual([
      "",
      "on it\nnow",
      "x",
    ]);
    expect(faultsOf(() => parseNoteText({ text: "  " })).text).toMatch(/some text/);
    expect(faultsOf(() => parseNote({ note: "x".repeat(1001) })).note).toMatch(/at most 1000/);
  });
});

function context(given: Partial<RuleContext> = {}): RuleContext {
  return { id: null, base: null, rules: [], by: "me", now: NOW, ...given };
}

function failure(run: () => unknown): WsightError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(WsightError);
    if (error instanceof WsightError) return error;
  }
  throw new Error("expected it to be refused");
}

function faultsOf(run: () => unknown): Record<string, string> {
  const { code, details } = failure(run);
  expect(code).toBe("BAD_REQUEST");
  return (details as { readonly fields: Record<string, string> }).fields;
}

function nested(depth: number): unknown {
  let expression: unknown = { rule: "back" };
  for (let i = 0; i < depth; i++) expression = { not: expression };
  return expression;
}

function deepRoute(depth: number): object {
  let route: object = { matchers: [{ label: "team", op: "=", value: "chat" }] };
  for (let i = 1; i < depth; i++) route = { matchers: [{ label: "team", op: "=", value: "chat" }], routes: [route] };
  return { routes: [route] };
}
