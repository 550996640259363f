import { type ErrorCode, WsightError } from "./errors.ts";

/** Anything that came from outside, once it is known to be an object. */
export type Fields = Readonly<Record<string, unknown>>;

/** Reports what was expected and what was got, in one sentence. */
export function expected(code: ErrorCode, where: string, what: string, got: unknown): WsightError {
  return new WsightError(code, `${where}: expected ${what}, got ${describe(got)}`);
}

/** A short printable form of any value, safe to put into an error message. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (value === null) return "null";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object" || typeof value === "function")
    return `a${typeof value === "object" ? "n object" : " function"}`;
  return String(value);
}

/** Parses JSON text; a syntax error becomes a {@link WsightError} with `code`. */
export function parseJson(code: ErrorCode, where: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WsightError(code, `${where}: expected JSON, got ${describe(text)}`, { cause });
  }
}

/** Expects a plain object. */
export function asFields(code: ErrorCode, where: string, value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw expected(code, where, "an object", value);
  return value as Fields;
}

/** Expects an array of at most `max` items. */
export function asList(code: ErrorCode, where: string, value: unknown, max: number): readonly unknown[] {
  if (!Array.isArray(value)) throw expected(code, where, "an array", value);
  if (value.length > max) throw expected(code, where, `at most ${max} items`, value);
  return value;
}

/** Expects a string of at most `max` UTF-16 units. */
export function asText(code: ErrorCode, where: string, value: unknown, max = 256): string {
  if (typeof value !== "string") throw expected(code, where, "a string", value);
  if (value.length > max) throw expected(code, where, `at most ${max} characters`, value);
  return value;
}

/** Expects a finite number within the bounds. */
export function asNumber(
  code: ErrorCode,
  where: string,
  value: unknown,
  min: number = -Infinity,
  max: number = Infinity,
): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw expected(code, where, "a finite number", value);
  if (value < min || value > max) throw expected(code, where, `a number from ${min} to ${max}`, value);
  return value;
}

/** Expects a whole number within the bounds. */
export function asInteger(
  code: ErrorCode,
  where: string,
  value: unknown,
  min = 0,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  const number = asNumber(code, where, value, min, max);
  if (!Number.isInteger(number)) throw expected(code, where, "a whole number", value);
  return number;
}

/** Expects one of a closed set of words. */
export function asOneOf<T extends string>(code: ErrorCode, where: string, value: unknown, words: readonly T[]): T {
  if (typeof value !== "string" || !(words as readonly string[]).includes(value)) {
    throw expected(code, where, `one of ${words.join(", ")}`, value);
  }
  return value as T;
}
