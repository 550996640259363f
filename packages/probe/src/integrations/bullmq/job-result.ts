import { MAX_JOB_RESULT } from "@wsight/protocol";

/** What a job returned, as JSON text; `null` for nothing, for what is no JSON, and for what is too long. */
export function resultOf(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  const text = jsonOf(value);
  return text === null || text.length > MAX_JOB_RESULT ? null : text;
}

/** A value as JSON text; `null` where it has none. */
export function jsonOf(value: unknown): string | null {
  try {
    return JSON.stringify(value) ?? null;
  } catch {
    return null;
  }
}
