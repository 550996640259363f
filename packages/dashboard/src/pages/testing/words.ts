import type { LoadFigure, LoadGate, TestState, TestSummary } from "@wsight/protocol";
import type { IconName } from "../../components/icons.ts";
import type { Tone } from "../../components/tone.ts";
import { count, duration, join } from "../../format/quantity.ts";

/** What the kinds of tests are called. */
export const KIND_NAMES: Readonly<Record<TestSummary["kind"], string>> = {
  load: "Load",
  echo: "Echo",
  server: "Server",
  pool: "Pool",
};

/** How states look and read. */
export const STATES: Readonly<
  Record<TestState, { readonly icon: IconName; readonly tone: Tone; readonly word: string }>
> = {
  running: { icon: "timer", tone: "quiet", word: "Running" },
  passed: { icon: "ok", tone: "ok", word: "Passed" },
  failed: { icon: "alert", tone: "crit", word: "Failed" },
  cancelled: { icon: "pause", tone: "warn", word: "Cancelled" },
  error: { icon: "warn", tone: "crit", word: "Could not run" },
};

/** `12 ms`, from ms. */
export function ms(value: number | null | undefined): string {
  return join(duration(value == null ? null : value / 1000));
}

/** A ratio as percent, never rounded up to all of it. */
export function ratio(value: number | null): string {
  return value === null ? "–" : `${Number((Math.floor(value * 10_000 + 1e-6) / 100).toFixed(2))} %`;
}

/** A number of things. */
export function number(value: number | null): string {
  return count(value).text;
}

/** What a gate looks at, in words. */
export const FIGURE_NAMES: Readonly<Record<LoadFigure, string>> = {
  connected: "Connections that opened and stayed",
  messages: "Messages answered",
  avg: "Latency, average",
  p50: "Latency p50",
  p90: "Latency p90",
  p95: "Latency p95",
  p99: "Latency p99",
  p999: "Latency p99.9",
  max: "Latency, longest",
  "service-p95": "Service time p95",
  "connect-p95": "Time to connect p95",
  "send-lag-p99": "Lag of the tool itself p99",
  errors: "Failed, dropped and lost",
};

/** A figure with its unit. */
export function figure(name: LoadFigure, value: number | null): string {
  if (value === null) return "not measured";
  if (name === "connected" || name === "messages") return ratio(value);
  return name === "errors" ? number(value) : ms(value);
}

/** What a gate asks for: `< 200 ms`. */
export function limit({ figure: name, comparison, limit: value }: LoadGate): string {
  return `${comparison.replace("<=", "≤").replace(">=", "≥")} ${figure(name, value)}`;
}

/** A test in a few words: `Load heavy`. */
export function nameOf({ kind, profile }: Pick<TestSummary, "kind" | "profile">): string {
  return profile === null ? `${KIND_NAMES[kind]} test` : `${KIND_NAMES[kind]} ${profile}`;
}
