import type { JobChange } from "../jobs.ts";
import type { TrackedJob } from "./tracked-job.ts";

/** What a job was like before an event. */
export type JobBefore = Pick<
  TrackedJob["life"],
  "phase" | "phaseAt" | "attempt" | "worker" | "userId" | "percent" | "stage" | "waitMs" | "retries" | "stalls"
> & { readonly lives: number };

/** What a job is like now. */
export function beforeOf({ life, lives }: TrackedJob): JobBefore {
  const { phase, phaseAt, attempt, worker, userId, percent, stage, waitMs, retries, stalls } = life;
  return { phase, phaseAt, attempt, worker, userId, percent, stage, waitMs, retries, stalls, lives };
}

/** What is told of a change; `null`: nothing that counts. */
export function kindOf({ life }: TrackedJob, before: JobBefore | null): JobChange["kind"] | null {
  const moved =
    before === null ||
    before.phase !== life.phase ||
    before.phaseAt !== life.phaseAt ||
    before.attempt !== life.attempt ||
    // Its owner was not told so far.
    before.userId !== life.userId;
  if (!moved) {
    if (life.phase !== "active") return null;
    return before.percent !== life.percent || before.stage !== life.stage ? "progress" : null;
  }
  if (life.phase === "active") return "started";
  return life.phase === "pending" ? life.cause : life.phase;
}
