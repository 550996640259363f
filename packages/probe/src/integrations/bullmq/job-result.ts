import { MAX_JOB_RESULT } from "@wsight/protocol";
import { toJsonText } from "../../jobs/json-text.ts";

/** What a job returned, as JSON text; `null` for nothing, for what is no JSON, and for what is too long. */
export function resultOf(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  const json = toJsonText(value, MAX_JOB_RESULT);
  return "text" in json ? json.text : null;
}

/** A value as JSON text; `null` where it has none. */
export function jsonOf(value: unknown): string | null {
  try {
    return JSON.stringify(value) ?? null;
  } catch {
    return null;
  }
}
