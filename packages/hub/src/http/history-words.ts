import { expected } from "@wsight/protocol";
import { readTime } from "../takeout/takeout-query.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: HOUR_MS, d: DAY_MS };
/** Periods that a comparison may be named after. */
export const AGAINST: readonly string[] = ["hour", "day", "week"];
const AGAINST_MS: Readonly<Record<string, number>> = { hour: HOUR_MS, day: DAY_MS, week: 7 * DAY_MS };

/** A question as parsed from JSON, not yet looked at. */
type Unparsed = Readonly<Record<string, unknown>>;

/** Reads a range as it stands in an address: the last hour unless told otherwise. @throws WsightError `BAD_REQUEST` */
export function readRangeWords(query: URLSearchParams, now: number): Unparsed {
  return {
    ...readTimeRange(query, now, HOUR_MS),
    ...given("stepMs", durationOf(query, "step")),
    ...given("points", numberOf(query, "points")),
  };
}

/** Reads `from` and `to`, ms epoch: the last `usualMs` unless told otherwise. @throws WsightError `BAD_REQUEST` */
export function readTimeRange(
  query: URLSearchParams,
  now: number,
  usualMs: number,
): { readonly fromAt: number; readonly toAt: number } {
  const toAt = timeOf(query, "to", now) ?? now;
  return { fromAt: timeOf(query, "from", now) ?? toAt - usualMs, toAt };
}

/** Reads a selector as it stands in an address. @throws WsightError `BAD_REQUEST` */
export function readSelectorWords(query: URLSearchParams): Unparsed {
  return {
    ...given("metric", query.get("metric")),
    ...given("agg", query.get("agg")),
    ...readPlaceWords(query),
    ...listOf("by", query, "by"),
    ...given("top", numberOf(query, "top")),
    ...given("octave", numberOf(query, "octave")),
  };
}

/** Reads which series are meant. @throws WsightError `BAD_REQUEST` */
export function readPlaceWords(query: URLSearchParams): Unparsed {
  const where = query.getAll("where");
  const nodes = query.getAll("node");
  return {
    ...(where.length === 0 ? {} : { where: Object.fromEntries(where.map(pairOf)) }),
    ...(nodes.length === 0 ? {} : { nodes }),
  };
}

/** Reads what a period is compared with. @throws WsightError `BAD_REQUEST` */
export function readAgainstWord(query: URLSearchParams, fromAt: unknown, now: number): unknown {
  const word = query.get("against") ?? "day";
  const back = AGAINST_MS[word];
  return back === undefined || typeof fromAt !== "number" ? readTime(word, now, "against") : fromAt - back;
}

/** Items of a parameter that may be given several times, or once with commas. */
export function listOf(name: string, query: URLSearchParams, word: string): Unparsed {
  const texts = query.getAll(word).flatMap((text) => text.split(","));
  return texts.length === 0 ? {} : { [name]: texts.filter((text) => text !== "") };
}

/** Reads a number as it stands in an address; `undefined` for none. @throws WsightError `BAD_REQUEST` */
export function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw expected("BAD_REQUEST", name, "a number", text);
}

/** A field that is there when its value is. */
export function given(name: string, value: unknown): Unparsed {
  return value === null || value === undefined ? {} : { [name]: value };
}

function timeOf(query: URLSearchParams, name: string, now: number): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  return text === "now" ? now : readTime(text, now, name);
}

/** `10s`, `5m`, `1h`, or ms. */
function durationOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const [, digits = "", unit = "ms"] = /^(\d{1,12})(ms|s|m|h|d)?$/.exec(text) ?? [];
  if (digits !== "") return Number(digits) * (UNITS_MS[unit] ?? 1);
  throw expected("BAD_REQUEST", name, "a time like 10s, 5m or 1h, or ms", text);
}

function pairOf(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw expected("BAD_REQUEST", "where", "attribute=value", text);
}
