import type { AlertLimit } from "@wsight/protocol";

const BYTES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
/** Several of what is counted, where that is more than an s. */
const SEVERAL: Readonly<Record<string, string>> = { file_descriptor: "file descriptors", process: "processes" };

/** A value with its unit, for people: `312 ms`, `1.3 %`, `52 jobs`. `null` is `no value`. */
export function formatValue(value: number | null, unit: string): string {
  if (value === null || !Number.isFinite(value)) return "no value";
  if (unit.endsWith("/s"))
    return unit === "1/s" ? `${formatNumber(value)}/s` : `${formatValue(value, unit.slice(0, -2))}/s`;
  if (unit === "s") return formatSeconds(value);
  if (unit === "By") return formatBytes(value);
  if (unit === "1") return `${formatNumber(value * 100)} %`;
  const [, counted] = /^\{(.+)\}$/.exec(unit) ?? [];
  if (counted === undefined) return unit === "" ? formatNumber(value) : `${formatNumber(value)} ${unit}`;
  return `${formatNumber(value)} ${value === 1 ? counted.replaceAll("_", " ") : (SEVERAL[counted] ?? `${counted}s`)}`;
}

/** A limit with its unit: `200 ms`, or `10 to 20 jobs`. */
export function formatLimit(limit: AlertLimit | null, unit: string): string {
  if (limit === null) return "none";
  if (typeof limit === "number") return formatValue(limit, unit);
  return `${formatValue(limit[0], unit)} to ${formatValue(limit[1], unit)}`;
}

/** At most four digits that say something; never in powers of ten below a million billions. */
function formatNumber(value: number): string {
  const digits = Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
  return digits === "-0" ? "0" : digits;
}

/** How long something lasted, its two largest units: `2 h 5 min`. */
export function formatDuration(durationMs: number): string {
  let seconds = Math.max(0, Math.round(durationMs / 1000));
  const parts: string[] = [];
  for (const [name, length] of [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
    ["s", 1],
  ] as const) {
    const count = Math.floor(seconds / length);
    seconds -= count * length;
    if (count > 0) parts.push(`${count} ${name}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.length === 0 ? "0 s" : parts.join(" ");
}

/** A moment, for people anywhere: `2026-11-21 02:30:00 UTC`; empty for none. */
export function formatTime(at: number | null): string {
  if (at === null || !(Math.abs(at) <= 8.64e15)) return "";
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

function formatSeconds(seconds: number): string {
  const size = Math.abs(seconds);
  if (size >= 120) return `${seconds < 0 ? "-" : ""}${formatDuration(size * 1000)}`;
  if (size >= 1 || size === 0) return `${formatNumber(seconds)} s`;
  return size >= 1e-3 ? `${formatNumber(seconds * 1e3)} ms` : `${formatNumber(seconds * 1e6)} µs`;
}

function formatBytes(bytes: number): string {
  let size = bytes;
  let unit = 0;
  for (; Math.abs(size) >= 1024 && unit < BYTES.length - 1; unit++) size /= 1024;
  return `${formatNumber(size)} ${BYTES[unit]}`;
}
