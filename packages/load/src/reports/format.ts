import type { LoadFigure, LoadGate, LoadLatency, LoadPlan } from "@wsight/protocol";

/** A latency with three digits that matter: `0.412 ms`, `12.3 ms`, `1.25 s`. */
export function formatMs(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2)} ms`;
}

/** A ratio as `99.8 %`; never rounded up to all of it. */
export function formatRatio(ratio: number): string {
  return `${Number((Math.floor(ratio * 10_000) / 100).toFixed(2))} %`;
}

/** A count with thousands set apart. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** Bytes as `12.3 MB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** The value of a figure with its unit; `not measured` for none. */
export function formatFigure(figure: LoadFigure, value: number | null): string {
  if (value === null) return "not measured";
  if (figure === "connected" || figure === "messages") return formatRatio(value);
  return figure === "errors" ? formatCount(value) : formatMs(value);
}

/** What a gate asks for: `< 200 ms`. */
export function formatGate({ figure, comparison, limit }: LoadGate): string {
  return `${comparison} ${formatFigure(figure, limit)}`;
}

/** What is run against what, in a line. */
export function describePlan({
  profile,
  target,
  connections,
  intervalSeconds,
  durationSeconds,
  shape,
}: LoadPlan): string {
  const each = shape === "broadcast-lag" ? "a broadcast each" : "a message each";
  return `${profile} · ${target.library === "ws" ? "WebSocket" : "Socket.IO"} ${target.url} · ${formatCount(connections)} connections, ${each} ${intervalSeconds} s, for ${durationSeconds} s`;
}

/** The figures of a distribution that people ask for, with their names. */
export function latencyColumns(latency: LoadLatency): readonly (readonly [name: string, ms: number])[] {
  const { avg, p50, p90, p95, p99, p999, max } = latency;
  return [
    ["avg", avg],
    ["p50", p50],
    ["p90", p90],
    ["p95", p95],
    ["p99", p99],
    ["p99.9", p999],
    ["max", max],
  ];
}
