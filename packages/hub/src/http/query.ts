import { expected } from "@wsight/protocol";

/**
 * Reads a whole number as it stands in an address.
 * @throws WsightError `BAD_REQUEST` saying what was expected
 */
export function readInteger(name: string, text: string | null, min: number, max: number, otherwise: number): number {
  if (text === null) return otherwise;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw expected("BAD_REQUEST", name, `a whole number from ${min} to ${max}`, text);
}

/**
 * Reads one of a closed set of words.
 * @throws WsightError `BAD_REQUEST` saying which
 */
export function readOneOf<T extends string>(name: string, text: string | null, words: readonly T[], otherwise: T): T {
  if (text === null) return otherwise;
  const word = words.find((one) => one === text);
  if (word === undefined) throw expected("BAD_REQUEST", name, `one of ${words.join(", ")}`, text);
  return word;
}
