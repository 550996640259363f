import { asInteger, asNumber, asOneOf, asText, describe, expected } from "@wsight/protocol";
import type { Read } from "./form.ts";

const CODE = "BAD_REQUEST";
/** Begins with a letter or digit: `..` in an address leads elsewhere. */
const ID = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const MAX_URL = 2048;

/** A whole number within bounds. */
export function whole(min: number, max: number): Read<number> {
  return (where, value) => asInteger(CODE, where, value, min, max);
}

/** A finite number within bounds. */
export function number(min: number = -Number.MAX_VALUE, max: number = Number.MAX_VALUE): Read<number> {
  return (where, value) => asNumber(CODE, where, value, min, max);
}

/** A text of at most so many characters, white space around it taken away, and no control characters but line ends in it. */
export function text(max: number, min = 0): Read<string> {
  return (where, value) => {
    const trimmed = asText(CODE, where, value, max).trim();
    if (trimmed.length < min)
      throw expected(CODE, where, min === 1 ? "some text" : `at least ${min} characters`, value);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(trimmed.replaceAll("\r\n", "\n")))
      throw expected(CODE, where, "no control characters", value);
    return trimmed;
  };
}

/** A text on one line. */
export function line(max: number, min = 0): Read<string> {
  const read = text(max, min);
  return (where, value) => {
    const one = read(where, value);
    if (/[\n\r\u2028\u2029]/.test(one)) throw expected(CODE, where, "one line", value);
    return one;
  };
}

/** One of a closed set of words. */
export function oneOf<T extends string>(words: readonly T[]): Read<T> {
  return (where, value) => asOneOf(CODE, where, value, words);
}

/** True or false. */
export const flag: Read<boolean> = (where, value) => {
  if (typeof value !== "boolean") throw expected(CODE, where, "true or false", value);
  return value;
};

/** An id: 1 to 64 of `a-z 0-9 . _ -`, a letter or digit first. */
export const id: Read<string> = (where, value) => {
  if (typeof value !== "string" || !ID.test(value))
    throw expected(CODE, where, "1 to 64 of a-z 0-9 . _ -, a letter or digit first", value);
  return value;
};

/** `null`, or what is read. */
export function orNull<T>(read: Read<T>): Read<T | null> {
  return (where, value) => (value === null ? null : read(where, value));
}

/** An absolute address of one of some protocols (`https:`), without a user or password in it; empty for none. */
export function address(protocols: readonly string[]): Read<string> {
  return (where, value) => {
    const given = line(MAX_URL)(where, value);
    if (given === "") return "";
    const url = URL.canParse(given) ? new URL(given) : null;
    if (url === null || !protocols.includes(url.protocol))
      throw expected(
        CODE,
        where,
        `an address that begins with ${protocols.map((one) => `${one}//`).join(" or ")}`,
        value,
      );
    if (url.username !== "" || url.password !== "")
      throw expected(CODE, where, "an address without a user and password in it", "one with them");
    return given;
  };
}

/** An id made of a name: `Queue length (eu)` → `queue-length-eu`; empty when nothing is left of it. */
export function idFrom(name: string): string {
  return name
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 64)
    .replaceAll(/^-+|-+$/g, "");
}

/** The message of a fault with a value. */
export function wanted(what: string, got: unknown): string {
  return `expected ${what}, got ${describe(got)}`;
}
