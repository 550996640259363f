/** Parts of a value that are looked at, and how deep: it may be the whole of an application's memory. */
const MAX_PARTS = 2000;
const MAX_DEPTH = 16;

/** A value as JSON text, or why there is none. */
export type JsonText = { readonly text: string } | { readonly problem: string };

/**
 * Makes JSON of a value that may hold anything: circles, big integers, getters that throw, far too much. Whole or not
 * at all, as half a result would look like one; bytes are told by their number.
 * @param max longest text, in characters
 */
export function toJsonText(value: unknown, max: number): JsonText {
  try {
    const text = JSON.stringify(new PlainCopy(max).of(value, "", 0));
    if (text === undefined) return { problem: "a value that has no JSON" };
    return text.length > max ? { problem: tooLong(max) } : { text };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

/**
 * Copies what JSON would hold. `JSON.stringify` by itself would ask a buffer of a hundred megabytes for a list of its
 * bytes before anybody could say no.
 */
class PlainCopy {
  readonly #max: number;
  #characters = 0;
  #parts = 0;

  constructor(max: number) {
    this.#max = max;
  }

  of(value: unknown, key: string, depth: number): unknown {
    this.#characters += key.length + (typeof value === "string" ? value.length : 1);
    if (++this.#parts > MAX_PARTS || this.#characters > this.#max) throw new Error(tooLong(this.#max));
    if (typeof value === "bigint") return value.toString();
    if (typeof value !== "object" || value === null) return value;
    if (depth > MAX_DEPTH) throw new Error(`a circle, or more than ${MAX_DEPTH} levels`);
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `${value.byteLength} bytes`;
    if ("toJSON" in value && typeof value.toJSON === "function") return this.of(value.toJSON(key), "", depth + 1);
    if (value instanceof String) return this.of(value.valueOf(), "", depth + 1);
    // A list of a thousand million holes is one of none, to be walked through all the same.
    if (Array.isArray(value) && value.length > MAX_PARTS) throw new Error(tooLong(this.#max));
    if (Array.isArray(value)) return value.map((part, i) => this.of(part, String(i), depth + 1));
    const copy: Record<string, unknown> = Object.create(null);
    for (const name of Object.keys(value)) copy[name] = this.of(Reflect.get(value, name), name, depth + 1);
    return copy;
  }
}

function tooLong(max: number): string {
  return `longer than ${max} characters as JSON`;
}

/** The text of anything that was thrown, also of what throws when it is looked at. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.message}` : String(error);
  } catch {
    return "an error that can't be read";
  }
}
