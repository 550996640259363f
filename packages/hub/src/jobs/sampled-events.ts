import type { HistoryEvent } from "@wsight/protocol";
import type { JobChange } from "./jobs.ts";

/** Events of jobs that history keeps a second, and at once. */
const PER_SECOND = 10;
const BURST = 50;

/** Makes events of history of some of what happens to jobs: no user, no label; what is left out is counted. */
export interface SampledEvents {
  /** An event for a change; `null` for one that is left out. */
  of(change: Pick<JobChange, "kind" | "final" | "job">, at: number): HistoryEvent | null;
  /** Once a second: what was left out since it was last said; `null` for nothing. */
  leftOut(at: number): HistoryEvent | null;
}

/** Begins with nothing left out. */
export function createSampledEvents(): SampledEvents {
  const left = new Map<string, number>();
  let allowance = BURST;
  let refilledAt: number | null = null;
  return {
    of(change, at) {
      const kind = historyKindOf(change);
      if (kind === null) return null;
      if (refilledAt !== null)
        allowance = Math.min(BURST, allowance + (Math.max(0, at - refilledAt) / 1000) * PER_SECOND);
      refilledAt = at;
      if (allowance < 1) {
        left.set(kind, (left.get(kind) ?? 0) + 1);
        return null;
      }
      allowance--;
      const { id, queue, name, attempt, runMs, waitMs, error } = change.job;
      return {
        at,
        kind,
        node: null,
        subject: id,
        text: kind === "job.failed" ? (error ?? "").slice(0, 200) : "",
        attributes: {
          queue,
          ...(name === "" ? {} : { name }),
          ...(attempt === 0 ? {} : { attempt }),
          ...(runMs === null ? {} : { runMs }),
          ...(waitMs === null ? {} : { waitMs }),
        },
      };
    },
    leftOut(at) {
      if (left.size === 0) return null;
      const attributes = Object.fromEntries(left);
      left.clear();
      return { at, kind: "left-out", node: null, subject: "", text: "", attributes };
    },
  };
}

function historyKindOf({ kind, final }: Pick<JobChange, "kind" | "final">): HistoryEvent["kind"] | null {
  if (kind === "queued" || kind === "started" || kind === "completed") return `job.${kind}`;
  return kind === "failed" && final ? "job.failed" : null;
}
