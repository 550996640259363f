import type { JobRecord, LedgerQuery } from "./ledger.ts";

/** Of jobs that ended, the newest that are given back at the start. */
export const MAX_LOADED_ENDED = 1000;

/** True for a job that is at its end. */
export function hasEnded({ state }: Pick<JobRecord, "state">): boolean {
  return state === "completed" || state === "failed" || state === "removed";
}

/** Between what is shown to everybody and the label, which is not; no word holds it. */
export const LABEL_FOLLOWS = "\u0001";

/** What of a job is searched, in small letters, the label at the end. */
export function wordsOf({ id, name, label }: Pick<JobRecord, "id" | "name" | "label">): string {
  const [shown, own] = [`${id}\n${name}`, label ?? ""].map((text) => text.replaceAll(LABEL_FOLLOWS, " "));
  return `${shown}${LABEL_FOLLOWS}${own}`.toLowerCase();
}

/** True for a job that the query takes. */
export function matches(record: JobRecord, query: LedgerQuery): boolean {
  const { queue, states, userId, search, withoutLabels = false, endedFrom = 0, endedBefore = Infinity } = query;
  const endedAt = record.endedAt ?? 0;
  const words = wordsOf(record);
  const searched = withoutLabels ? words.slice(0, words.indexOf(LABEL_FOLLOWS)) : words;
  return (
    (queue === null || record.queue === queue) &&
    (userId === null || record.userId === userId) &&
    (states.length === 0 || states.includes(record.state)) &&
    endedAt >= endedFrom &&
    endedAt < endedBefore &&
    searched.includes(search.toLowerCase())
  );
}
