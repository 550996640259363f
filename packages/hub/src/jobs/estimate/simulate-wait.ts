import type { DurationEstimate } from "@wsight/protocol";
import type { QueueOutlook } from "./estimator.ts";

/** When a job behind all those of the outlook begins: `workers` places, each taken again as soon as it is free. ms. */
export function simulateWait(outlook: QueueOutlook): DurationEstimate {
  const at = (pick: (run: DurationEstimate) => number): number => {
    const places = Math.max(1, outlook.workers);
    const free = outlook.running.map(pick).sort((a, b) => a - b);
    while (free.length < places) free.unshift(0);
    let listed = 0;
    for (const run of outlook.ahead) {
      listed += pick(run);
      free.sort((a, b) => a - b);
      free[0] = (free[0] ?? 0) + pick(run);
    }
    const each = outlook.ahead.length === 0 ? 0 : listed / outlook.ahead.length;
    return Math.max(outlook.notBeforeMs, Math.min(...free) + (outlook.more * each) / places);
  };
  return { p10: at((run) => run.p10), p50: at((run) => run.p50), p90: at((run) => run.p90) };
}
