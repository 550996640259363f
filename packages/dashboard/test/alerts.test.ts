import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { AlertChannel, AlertRoute, AlertRow, AlertRule, AlertsTable, ChannelForm } from "@wsight/protocol";
import { afterEach, describe, expect, it } from "vitest";
import { createClock } from "../src/format/clock.ts";
import { createAlertsApi } from "../src/pages/alerts/alerts-api.ts";
import { aboutChannel, channelObstacle, draftOf, fieldsOf } from "../src/pages/alerts/channel-draft.ts";
import { createHubAsk, fieldErrors } from "../src/pages/alerts/hub-ask.ts";
import { figureOf } from "../src/pages/alerts/live-figure.ts";
import { momentOf } from "../src/pages/alerts/moment.ts";
import { movedUp, newChild, placed, withChild, withoutRoute, withRoute } from "../src/pages/alerts/route-tree.ts";
import {
  lengthOf,
  likeAlert,
  newSilence,
  parseMonthDays,
  recurring,
  secondsOf,
  silenceObstacle,
  wallClock,
} from "../src/pages/alerts/silence-draft.ts";
import { SparkPoints } from "../src/pages/alerts/spark-points.ts";
import { isQuiet, snoozedUntil, summaryOf } from "../src/pages/alerts/standing.ts";
import { mistakeAt } from "../src/pages/alerts/use-saving.ts";
import { figure, limitText, listed, recurrenceText, suppressionText, when } from "../src/pages/alerts/words.ts";

const NOW = Date.UTC(2026, 10, 21, 16, 0);
const MINUTE_MS = 60_000;

function row(change: Partial<AlertRow> = {}): AlertRow {
  return {
    fingerprint: "f1",
    ruleId: "event-loop-lag",
    name: "Event-loop lag",
    labels: { node: "chat/web-1" },
    status: "firing",
    severity: "critical",
    summary: "Event-loop lag p99 on chat/web-1 is 640 ms, limit 500 ms.",
    metric: "nodejs.eventloop.lag",
    unit: "s",
    value: 0.64,
    limit: 0.5,
    peak: 0.9,
    peakAt: NOW,
    activeAt: NOW - 5 * MINUTE_MS,
    firedAt: NOW - 4 * MINUTE_MS,
    evaluatedAt: NOW,
    episodeId: "e1",
    stale: false,
    flapping: false,
    ack: null,
    snoozeUntil: null,
    suppressedBy: [],
    culprits: [],
    runbookUrl: "",
    ...change,
  };
}

describe("how alerts stand", () => {
  const table: AlertsTable = {
    rows: [],
    critical: 0,
    warning: 0,
    pending: 0,
    undelivered: 0,
    state: "ok",
    problem: null,
  };

  it("is well only once the hub has said so", () => {
    expect(summaryOf(null, 3)).toMatchObject({ tone: "quiet", title: "Asking the hub" });
    expect(summaryOf({ ...table, state: "opening" }, 3).tone).toBe("quiet");
    expect(summaryOf({ ...table, state: "off" }, 0)).toMatchObject({
      tone: "quiet",
      title: "This hub keeps no alerts",
    });
    expect(summaryOf(table, 1)).toMatchObject({ tone: "ok", title: "Nothing fires" });
    expect(summaryOf(table, 1).text).toContain("1 rule is watched.");
  });

  it("is as bad as the worst of them, and tells of how many nobody is told", () => {
    const known = row({ ack: { by: "ada", at: NOW, note: "" } });
    const standing = summaryOf({ ...table, rows: [row(), known], critical: 1, warning: 2, pending: 1 }, null);
    expect(standing).toMatchObject({ tone: "crit", title: "1 critical and 2 warnings" });
    expect(standing.text).toBe("Nobody is told of 1 of them. 1 alert may fire soon.");
    expect(summaryOf({ ...table, warning: 1 }, null).tone).toBe("warn");
  });

  it("counts as quiet whatever keeps people from being told", () => {
    expect(isQuiet(row())).toBe(false);
    expect(isQuiet(row({ suppressedBy: [{ by: "snooze" }] }))).toBe(true);
    expect(snoozedUntil(row({ snoozeUntil: NOW + 1 }), NOW)).toBe(NOW + 1);
    expect(snoozedUntil(row({ snoozeUntil: NOW }), NOW)).toBe(null);
    expect(isQuiet(row({ suppressedBy: [{ by: "inhibition", id: "f2" }] }))).toBe(true);
  });
});

describe("words of alerts", () => {
  it("write figures and limits in the unit of the alert", () => {
    expect(figure(0.64, "s")).toBe("640 ms");
    expect(figure(null, "s")).toBe("–");
    expect(limitText(0.85, "1")).toBe("85 %");
    expect(limitText([1, 5], "{job}")).toBe("1 to 5");
  });

  it("say until when nobody is told, and leave to other words what has its own", () => {
    const clock = createClock("utc");
    expect(suppressionText({ by: "maintenance", id: "s", until: NOW }, clock)).toBe("in maintenance until 16:00");
    expect(suppressionText({ by: "silence", id: "s", until: null }, clock)).toBe("silenced");
    expect(suppressionText({ by: "acknowledged" }, clock)).toBe(null);
    expect(when(NOW - 86_400_000, NOW, clock)).toBe("Fri 20 Nov 16:00");
    expect(when(NOW, NOW, clock)).toBe("16:00");
  });

  it("read a window that comes again as people would say it", () => {
    expect(recurrenceText({ every: "day", days: [], until: null })).toBe("every day");
    expect(recurrenceText({ every: "week", days: [1, 4], until: "2027-01-31" })).toBe(
      "every Monday and Thursday until 2027-01-31",
    );
    expect(recurrenceText({ every: "month", days: [1, 12, 22, -1], until: null })).toBe(
      "on the 1st, the 12th, the 22nd and the last day of each month",
    );
    expect(listed(["a", "b", "c"])).toBe("a, b and c");
  });
});

describe("the moment of an alert", () => {
  it("is the page of its metric, on its node, from before it began", () => {
    expect(momentOf({ ...row({ activeAt: NOW - 60 * MINUTE_MS }), endedAt: NOW - 50 * MINUTE_MS }, NOW)).toEqual({
      page: "system",
      node: "chat/web-1",
      range: { fromAt: NOW - 65 * MINUTE_MS, toAt: NOW - 48 * MINUTE_MS },
      params: {},
    });
    const ofQueue = {
      metric: "queue.jobs",
      labels: { queue: "documents", node: "wsight/vm" },
      activeAt: NOW,
      endedAt: null,
    };
    expect(momentOf(ofQueue, NOW)).toMatchObject({ page: "jobs", node: null, params: { queue: "documents" } });
    // Links in notices once knew these pages, and links here did not.
    for (const [metric, page] of [
      ["v8js.memory.heap.utilization", "system"],
      ["websocket.server.success_ratio", "messages"],
    ] as const)
      expect(momentOf({ metric, labels: {}, activeAt: NOW, endedAt: null }, NOW)).toMatchObject({ page });
  });

  it("never reaches into the future, and not beyond six hours", () => {
    const fresh = momentOf({ ...row({ activeAt: NOW - MINUTE_MS }), endedAt: null }, NOW);
    expect(fresh.range).toEqual({ fromAt: NOW - 6 * MINUTE_MS, toAt: NOW });
    const old = momentOf({ ...row({ activeAt: NOW - 100 * 3_600_000 }), endedAt: null }, NOW);
    expect((old.range?.toAt ?? 0) - (old.range?.fromAt ?? 0)).toBe(6 * 3_600_000);
  });
});

describe("a silence that is written", () => {
  it("is of what is like an alert: its rule and its labels", () => {
    const draft = likeAlert(row(), NOW);
    expect(draft.matchers).toEqual([
      { label: "rule", op: "=", value: "event-loop-lag" },
      { label: "node", op: "=", value: "chat/web-1" },
    ]);
    expect(silenceObstacle(draft)).toBe(null);
  });

  it("begins by the wall clock of its zone, on the day clocks are put back too", () => {
    expect(newSilence("silence", NOW, "Asia/Kolkata").startsAt).toBe("2026-11-21T21:30");
    expect(wallClock(Date.UTC(2026, 9, 25, 0, 30), "Europe/Berlin")).toBe("2026-10-25T02:30");
    expect(wallClock(Date.UTC(2026, 9, 25, 1, 30), "Europe/Berlin")).toBe("2026-10-25T02:30");
    expect(wallClock(Date.UTC(2026, 9, 25, 23, 5), "Europe/Berlin")).toBe("2026-10-26T00:05");
  });

  it("must say of what, unless it is maintenance, and for how long", () => {
    const draft = newSilence("silence", NOW, "UTC");
    expect(silenceObstacle(draft)).toMatch(/^Say which alerts/);
    expect(silenceObstacle({ ...draft, kind: "maintenance" })).toBe(null);
    const matchers = [{ label: "rule", op: "=", value: "x" }] as const;
    expect(silenceObstacle({ ...draft, matchers, durationSec: 59 })).toMatch(/^It lasts/);
    expect(silenceObstacle({ ...draft, matchers, durationSec: Number.NaN })).toMatch(/^It lasts/);
    expect(silenceObstacle({ ...draft, matchers: [{ ...matchers[0], label: " " }] })).toMatch(/no label/);
  });

  it("has lengths in the unit that suits them", () => {
    expect(lengthOf(7200)).toEqual({ count: "2", unit: "3600" });
    expect(lengthOf(172_800)).toEqual({ count: "2", unit: "86400" });
    expect(lengthOf(90)).toEqual({ count: "1.5", unit: "60" });
    expect(secondsOf({ count: "1.5", unit: "3600" })).toBe(5400);
    expect(secondsOf({ count: " ", unit: "60" })).toBeNaN();
  });

  it("comes again on the day that it first is on", () => {
    expect(recurring("week", "2026-11-21T02:30")).toEqual({ every: "week", days: [6], until: null });
    expect(recurring("month", "2026-11-21T02:30")).toEqual({ every: "month", days: [21], until: null });
    expect(recurring("day", "2026-11-21T02:30")?.days).toEqual([]);
    expect(recurring("never", "2026-11-21T02:30")).toBe(null);
    expect(parseMonthDays("1, 15 -1")).toEqual([1, 15, -1]);
    expect(parseMonthDays("32")).toBe(null);
    expect(parseMonthDays("")).toBe(null);
  });
});

const MAIL: ChannelForm = {
  type: "email",
  title: "E-mail",
  fields: [
    { name: "host", label: "Mail server", type: "text", required: true, help: "" },
    { name: "port", label: "Port", type: "number", required: false, help: "" },
    {
      name: "security",
      label: "Security",
      type: "text",
      required: false,
      help: "",
      choices: ["starttls", "none"],
      fallback: "starttls",
    },
    { name: "verify", label: "Check", type: "switch", required: false, help: "", fallback: true },
    { name: "password", label: "Password", type: "secret", required: true, help: "" },
    { name: "to", label: "To", type: "list", required: true, help: "" },
  ],
};

function mail(change: Partial<AlertChannel> = {}): AlertChannel {
  return {
    id: "ops",
    name: "Ops",
    type: "email",
    enabled: true,
    config: { host: "mail.example.org", to: ["a@example.org", "b@example.org"] },
    secrets: { password: true },
    version: 2,
    health: {
      state: "ok",
      sent: 1,
      failed: 0,
      dead: 0,
      queued: 0,
      lastSentAt: null,
      lastError: null,
      lastErrorAt: null,
    },
    ...change,
  };
}

describe("the form of a channel", () => {
  it("opens with what holds, be it only what is taken when nothing is set", () => {
    expect(fieldsOf(MAIL, null)).toMatchObject({
      name: "E-mail",
      config: { host: "", port: "", security: "starttls", verify: "true", to: "" },
    });
    expect(fieldsOf(MAIL, mail()).config).toMatchObject({ to: "a@example.org, b@example.org", verify: "true" });
    expect(fieldsOf(MAIL, mail({ config: { verify: false } })).config.verify).toBe("");
  });

  it("sends numbers as numbers, lists as lists, and leaves out what is empty", () => {
    const fields = fieldsOf(MAIL, null);
    const typed = {
      ...fields,
      config: { ...fields.config, host: " m ", port: "2525", verify: "", to: "a@x.org; b@x.org,\nc@x.org" },
    };
    expect(draftOf(MAIL, typed)).toEqual({
      name: "E-mail",
      type: "email",
      enabled: true,
      config: { host: "m", port: 2525, security: "starttls", verify: false, to: ["a@x.org", "b@x.org", "c@x.org"] },
      secrets: {},
    });
  });

  it("keeps a secret that is not typed, and takes it away when that is said", () => {
    const fields = fieldsOf(MAIL, mail());
    expect(draftOf(MAIL, fields).secrets).toEqual({});
    expect(draftOf(MAIL, { ...fields, removed: ["password"] }).secrets).toEqual({ password: null });
    expect(draftOf(MAIL, { ...fields, secrets: { password: "new" } }).secrets).toEqual({ password: "new" });
  });

  it("says what is missing; a secret that is kept is not", () => {
    expect(channelObstacle(MAIL, fieldsOf(MAIL, null), null)).toBe("Mail server is needed.");
    const fields = fieldsOf(MAIL, mail());
    expect(channelObstacle(MAIL, fields, mail())).toBe(null);
    expect(channelObstacle(MAIL, { ...fields, removed: ["password"] }, mail())).toBe("Password is needed.");
    expect(aboutChannel(mail())).toBe("a@example.org, b@example.org");
  });

  it("shows what the hub found wrong with a field, or with anything within it", () => {
    const mistakes = { "config.to[1]": "expected an address", "config.token": "other", matchers: "none" };
    expect(mistakeAt(mistakes, "config.to")).toBe("expected an address");
    expect(mistakeAt(mistakes, "config.host")).toBe(undefined);
    expect(mistakeAt(mistakes, "matchers")).toBe("none");
  });
});

describe("a tree of routes", () => {
  const leaf = (name: string, routes: readonly AlertRoute[] = []): AlertRoute => ({
    matchers: [],
    channels: [name],
    groupBy: ["rule"],
    groupWaitSec: 10,
    groupIntervalSec: 60,
    continue: false,
    routes,
  });
  const tree = leaf("root", [leaf("a", [leaf("a1")]), leaf("b")]);
  const names = (root: AlertRoute) => placed(root).map(({ path, route }) => `${path.join(".")} ${route.channels}`);

  it("is listed in the order it is asked", () => {
    expect(names(tree)).toEqual(["0 a", "0.0 a1", "1 b"]);
  });

  it("is changed in one place, the rest stays", () => {
    expect(names(withRoute(tree, [0], { channels: ["x"] }))).toEqual(["0 x", "0.0 a1", "1 b"]);
    expect(names(withoutRoute(tree, [0, 0]))).toEqual(["0 a", "1 b"]);
    expect(names(withChild(tree, [1], leaf("b1")))).toEqual(["0 a", "0.0 a1", "1 b", "1.0 b1"]);
    expect(names(movedUp(tree, [1]))).toEqual(["0 b", "1 a", "1.0 a1"]);
    expect(movedUp(tree, [0])).toBe(tree);
    expect(withoutRoute(tree, [])).toBe(tree);
    expect(newChild(tree)).toMatchObject({ channels: [], routes: [], groupBy: ["rule"] });
  });
});

describe("the course of an alert", () => {
  const rule = (change: Partial<AlertRule>): AlertRule =>
    ({
      kind: "threshold",
      metric: "websocket.server.message.latency",
      agg: "p95",
      filter: {},
      windowSec: 60,
      ...change,
    }) as AlertRule;

  it("is the live series of what its rule looks at, for its labels", () => {
    expect(
      figureOf(rule({ filter: { where: { source: "ack" } } }), { node: "chat/web-1", "ws.library": "ws" }),
    ).toEqual({
      metric: "websocket.server.message.latency",
      agg: "p95",
      where: { source: "ack", "ws.library": "ws" },
      node: "chat/web-1",
      window: 60,
    });
  });

  it("is none where no live series is the same", () => {
    expect(figureOf(rule({ metric: "websocket.server.error_ratio", agg: "value" }), {})).toBe(null);
    expect(figureOf(rule({ agg: "p90" }), {})).toBe(null);
    expect(figureOf(rule({ kind: "burn_rate" }), {})).toBe(null);
    expect(figureOf(rule({ filter: { nodes: ["a/1", "a/2"] } }), {})).toBe(null);
    expect(figureOf(rule({}), { service: "chat" })).toBe(null);
  });

  it("is remembered from when the page was opened, a value until the next one", () => {
    const points = new SparkPoints();
    points.follow([row({ evaluatedAt: NOW - 30_000, value: 1 })]);
    points.follow([row({ evaluatedAt: NOW - 30_000, value: 1 })]);
    points.follow([row({ evaluatedAt: NOW, value: 2 })]);
    expect(points.of("f1", NOW, 10_000, 5)).toEqual([null, 1, 1, 1, 2]);
    expect(points.of("unknown", NOW, 10_000, 2)).toEqual([null, null]);
    points.follow([]);
    expect(points.of("f1", NOW, 10_000, 2)).toEqual([null, null]);
  });
});

describe("questions about alerts", () => {
  let server: Server;
  afterEach(() => server.close());

  /** A hub that answers everything alike, and what it was asked. */
  async function hub(status: number, body: unknown): Promise<{ readonly base: URL; readonly asked: string[] }> {
    const asked: string[] = [];
    server = createServer((request, response) => {
      let text = "";
      request.on("data", (part) => {
        text += part;
      });
      request.on("end", () => {
        asked.push([request.method, request.url, request.headers["if-match"], text].filter(Boolean).join(" "));
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { base: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mounted/dashboard`), asked };
  }

  it("go to the hub beside the page, with the version that is changed", async () => {
    const { base, asked } = await hub(200, { id: "ops", episodes: [], next: null, silences: [] });
    const api = createAlertsApi(createHubAsk(base, fetch));
    const { signal } = new AbortController();
    await api.saveChannel(
      { id: "ops", version: 7 },
      { name: "Ops", type: "file", enabled: true, config: {}, secrets: {} },
    );
    await api.act("e 1", "ack", { note: "mine" });
    await api.history({ fromAt: 1, toAt: 2, rule: "r", before: "e9" }, signal);
    expect(await api.silences(signal)).toEqual([]);
    expect(asked).toEqual([
      'PUT /mounted/dashboard/api/alerts/channels/ops "7" {"name":"Ops","type":"file","enabled":true,"config":{},"secrets":{}}',
      'POST /mounted/dashboard/api/alerts/episodes/e%201/ack {"note":"mine"}',
      "GET /mounted/dashboard/api/alerts/history?from=1&to=2&limit=50&rule=r&before=e9",
      "GET /mounted/dashboard/api/alerts/silences",
    ]);
  });

  it("fail with what is wrong with each field", async () => {
    const fields = { "config.to": "expected a list" };
    const { base } = await hub(400, { error: { code: "BAD_REQUEST", message: "The channel", details: { fields } } });
    const failed = await createHubAsk(base, fetch)("POST", "channels", { body: {} }).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: "BAD_REQUEST", message: "The channel" });
    expect(fieldErrors(failed)).toEqual(fields);
    expect(fieldErrors(new Error("other"))).toEqual({});
  });

  it("fail with words when nobody answers, or something that is no hub", async () => {
    const { base } = await hub(502, "no JSON object");
    await expect(createHubAsk(base, fetch)("GET", "rules")).rejects.toMatchObject({ message: "The hub answered 502" });
    const nobody = createHubAsk(base, () => Promise.reject(new Error("refused")));
    await expect(nobody("GET", "rules")).rejects.toMatchObject({ code: "INTERNAL", message: "The hub did not answer" });
  });
});
