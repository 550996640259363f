import { parseDuration } from "../../promql/literals.ts";
import { PromqlError } from "../../promql/promql-error.ts";
import type { NameTime, PrometheusRequest } from "../../promql/request.ts";

/** Most selectors of one question for names. */
const MAX_MATCH = 64;
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)$/i;

/** Reads what an instant query asks. @throws PromqlError `bad_data` */
export function readInstant(fields: URLSearchParams, now: number): PrometheusRequest {
  const at = readTime("time", fields.get("time")) ?? now;
  return { type: "query", query: fields.get("query") ?? "", at, timeoutMs: readTimeout(fields) };
}

/** Reads what a query over a time asks. @throws PromqlError `bad_data` */
export function readRange(fields: URLSearchParams): PrometheusRequest {
  const fromAt = needed("start", readTime("start", fields.get("start")), fields);
  const toAt = needed("end", readTime("end", fields.get("end")), fields);
  if (toAt < fromAt) throw invalid("end", "end timestamp must not be before start time");
  const stepMs = needed("step", readDuration("step", fields.get("step")), fields);
  if (stepMs <= 0)
    throw invalid("step", "zero or negative query resolution step widths are not accepted. Try a positive integer");
  return {
    type: "query_range",
    query: fields.get("query") ?? "",
    fromAt,
    toAt,
    stepMs,
    timeoutMs: readTimeout(fields),
  };
}

/** Reads `match[]`, of which there must be some unless they are told to be optional. @throws PromqlError `bad_data` */
export function readMatch(fields: URLSearchParams, isOptional = false): readonly string[] {
  const match = fields.getAll("match[]");
  if (match.length === 0 && !isOptional) throw new PromqlError("bad_data", "no match[] parameter provided");
  if (match.length > MAX_MATCH) throw invalid("match[]", `expected at most ${MAX_MATCH}, got ${match.length}`);
  return match;
}

/** Reads which time names are looked for in, and how many. @throws PromqlError `bad_data` */
export function readNameTime(fields: URLSearchParams): NameTime {
  return {
    fromAt: readTime("start", fields.get("start")),
    toAt: readTime("end", fields.get("end")),
    limit: readLimit(fields.get("limit")),
  };
}

/** Reads how many are enough; 0 means all, as in Prometheus. @throws PromqlError `bad_data` */
export function readLimit(text: string | null): number | null {
  if (text === null || text === "0") return null;
  if (!/^\d{1,9}$/.test(text)) throw new PromqlError("bad_data", "limit must be a number");
  return Number(text);
}

/** The name of a label. @throws PromqlError `bad_data` */
export function readLabel(name: string): string {
  if (!/^[a-z_]\w*$/i.test(name)) throw new PromqlError("bad_data", `invalid label name: ${JSON.stringify(name)}`);
  return name;
}

function readTimeout(fields: URLSearchParams): number | null {
  return readDuration("timeout", fields.get("timeout"));
}

function needed(name: string, value: number | null, fields: URLSearchParams): number {
  if (value === null) throw invalid(name, `cannot parse ${JSON.stringify(fields.get(name) ?? "")} to a valid value`);
  return value;
}

/** ms epoch, of seconds or a date. */
function readTime(name: string, text: string | null): number | null {
  if (text === null) return null;
  const at = RFC3339.test(text) ? Date.parse(text) : seconds(text);
  if (Math.abs(at) < 8.64e15) return at;
  throw invalid(name, `cannot parse ${JSON.stringify(text.slice(0, 64))} to a valid timestamp`);
}

function readDuration(name: string, text: string | null): number | null {
  if (text === null) return null;
  const durationMs = parseDuration(text) ?? seconds(text);
  if (Number.isFinite(durationMs)) return durationMs;
  throw invalid(name, `cannot parse ${JSON.stringify(text.slice(0, 64))} to a valid duration`);
}

/** Seconds as ms; NaN for what is no number. */
function seconds(text: string): number {
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(text) ? Math.round(Number(text) * 1000) : Number.NaN;
}

function invalid(name: string, message: string): PromqlError {
  return new PromqlError("bad_data", `invalid parameter ${JSON.stringify(name)}: ${message}`);
}
