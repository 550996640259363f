import type { Redact } from "../redact.ts";

/** Fields told of one payload, and characters of a name and of a value. */
const MAX_FIELDS = 8;
const MAX_NAME = 64;
const MAX_VALUE = 256;
/** Longest payload that is read, characters or bytes: nobody is to wait for the tail. */
export const MAX_PAYLOAD = 65_536;
/** What stands for a value that nobody allowed. */
const HIDDEN = "•••";

/** Fields of a payload as a tail shows them. */
export type ShownFields = readonly (readonly [name: string, value: string])[];

/** What a tail needs to know of messages of one kind; asked only for messages that it shows. */
export interface PayloadReader {
  /** Namespace of the message; `null` where the library has none. */
  readonly namespaceOf: (data: unknown) => string | null;
  /** The payload as an object; `undefined` when it is none, can't be read or is too long. */
  readonly bodyOf: (data: unknown) => unknown;
}

/** Shows the fields that are allowed by name, and of others that there are some; at most eight. */
export function showFields(body: unknown, allowed: ReadonlySet<string>, redact: Redact): ShownFields {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return [];
  const shown: [string, string][] = [];
  const names = Object.keys(body).sort((a, b) => Number(allowed.has(b)) - Number(allowed.has(a)));
  for (const name of names.slice(0, MAX_FIELDS)) {
    const value = allowed.has(name) ? textOf((body as Record<string, unknown>)[name], redact) : HIDDEN;
    shown.push([redact(name.slice(0, MAX_NAME)).slice(0, MAX_NAME), value]);
  }
  return shown;
}

function textOf(value: unknown, redact: Redact): string {
  const text = typeof value === "string" ? value : writeJson(value);
  // Cut after it was redacted: half of a secret looks like none.
  return redact(text.slice(0, 4 * MAX_VALUE)).slice(0, MAX_VALUE);
}

/** Clients nest as deep as they like; to read that is one thing, to write it another. */
function writeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return "(nested too deep)";
  }
}

/** Reads JSON that came over a wire; `undefined` for anything else. */
export function readJson(text: string): unknown {
  if (text.length > MAX_PAYLOAD) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
