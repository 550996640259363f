import type { JobRecord, LedgerQuery } from "./ledger.ts";

/** Of jobs that ended, the newest that are given back at the start. */
export const MAX_LOADED_ENDED = 1000;

/** True for a job that is at its end. */
export function hasEnded({ state }: Pick<JobRecord, "state">): boolean {
  return state === "completed" || state === "failed" || state === "removed";
}

/** What of a job is searched, in small letters. */
export function wordsOf({ id, name, label }: Pick<JobRecord, "id" | "name" | "label">): string {
  return [id, name, label ?? ""].join("\n").toLowerCase();
}

/** True for a job that the query takes. */
export function matches(record: JobRecord, { queue, states, userId, search }: LedgerQuery): boolean {
  return (
    (queue === null || record.queue === queue) &&
    (userId === null || record.userId === userId) &&
    (states.length === 0 || states.includes(record.state)) &&
    wordsOf(record).includes(search.toLowerCase())
  );
}
