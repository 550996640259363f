import { composeSummary, ERRORS, Histogram, WsightError } from "@wsight/protocol";
import { describe, expect, it } from "vitest";
import { histogramOf } from "./arbitraries.ts";

const input = {
  at: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  startedAt: Date.UTC(2026, 0, 2, 3, 4, 0),
  open: 3,
  created: 10,
  closed: 7,
  users: [{ key: "ada", count: 2 }],
  channels: [{ key: "lobby", count: 3 }],
  messageRates: [1.23456, 0.5, 0.1] as const,
  latency: histogramOf([0.01, 0.02, 0.03]),
  errorsByType: new Map([
    ["ECONNRESET", 2],
    ["TypeError", 1],
  ]),
  errorsPerMinute: 3,
  recentErrors: [{ at: Date.UTC(2026, 0, 2), type: "TypeError", message: "x" }],
  duration: histogramOf([1, 2, 60]),
};

/** Every path of an object, with what kind of value is there. */
function paths(value: unknown, at = ""): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [at];
  return Object.entries(value).flatMap(([key, inner]) => paths(inner, at === "" ? key : `${at}.${key}`));
}

describe("the summary", () => {
  it("has exactly the fields of its contract", () => {
    expect(paths(composeSummary({ ...input, users: [], channels: [], errorsByType: new Map() })).sort()).toEqual(
      [
        "timestamp",
        "uptime_seconds",
        "connections.total",
        "connections.created",
        "connections.closed",
        "messages.rate_1m",
        "messages.rate_5m",
        "messages.rate_15m",
        ...["p50", "p95", "p99", "avg", "min", "max", "count"].map((name) => `messages.latency.${name}`),
        "errors.total",
        "errors.rate",
        "errors.recent",
        ...["avg", "median", "min", "max"].map((name) => `connection_duration.${name}`),
      ].sort(),
    );
    const { connections, errors } = composeSummary(input);
    expect(Object.keys(connections)).toEqual(["total", "by_user", "by_channel", "created", "closed"]);
    expect(Object.keys(errors)).toEqual(["total", "by_type", "rate", "recent"]);
    expect(Object.keys(errors.recent[0] ?? {})).toEqual(["type", "message", "timestamp"]);
  });

  it("speaks milliseconds of latency, seconds of duration, and UTC", () => {
    const summary = composeSummary(input);
    expect(summary).toMatchObject({
      timestamp: "2026-01-02T03:04:05.678Z",
      uptime_seconds: 5.678,
      connections: { total: 3, by_user: { ada: 2 }, by_channel: { lobby: 3 }, created: 10, closed: 7 },
      messages: { rate_1m: 1.235, latency: { avg: 20, min: 10, max: 30, count: 3 } },
      errors: { total: 3, by_type: { ECONNRESET: 2, TypeError: 1 }, rate: 3 },
      connection_duration: { min: 1, max: 60, avg: 21 },
    });
    expect(summary.errors.recent).toEqual([{ type: "TypeError", message: "x", timestamp: "2026-01-02T00:00:00.000Z" }]);
    expect(summary.messages.latency.p50).toBeCloseTo(20, 0);
  });

  it("says null where nothing was measured", () => {
    const { messages, connection_duration } = composeSummary({
      ...input,
      latency: new Histogram(),
      duration: new Histogram(),
    });
    expect(messages.latency).toEqual({ p50: null, p95: null, p99: null, avg: null, min: null, max: null, count: 0 });
    expect(connection_duration).toEqual({ avg: null, median: null, min: null, max: null });
  });
});

describe("errors", () => {
  it("carry a stable code, its status, and a body without what is not known", () => {
    const error = new WsightError("RATE_LIMITED", undefined, { details: { retryAfterMs: 5 } });
    expect(error.status).toBe(429);
    expect(error.toBody()).toEqual({
      error: { code: "RATE_LIMITED", message: ERRORS.RATE_LIMITED.message, details: { retryAfterMs: 5 } },
    });
    expect(new WsightError("NOT_FOUND", "gone").toBody()).toEqual({ error: { code: "NOT_FOUND", message: "gone" } });
  });
});
