import { performance } from "node:perf_hooks";
import type { ProbeContext } from "../integration.ts";

/** Time between two samples, ms. */
const STEP_MS = 20;

/**
 * Event-loop lag and utilisation. A timer of 20 ms measures how late it is;
 * a stall would hide the samples it swallowed ("coordinated omission"), so
 * these are recorded too, each 20 ms less late than the one before. With a
 * stall of 1 s in 10 s the 99th percentile is then about 900 ms, where
 * `monitorEventLoopDelay` says 12.
 */
export function collectEventLoop(context: ProbeContext): () => void {
  const lag = context.registry.histogram("nodejs.eventloop.lag");
  let due = context.hr() + STEP_MS;
  const sample = (): void => {
    const now = context.hr();
    let late = Math.max(0, now - due);
    due = now + STEP_MS;
    context.loopLag.sampled(late, due);
    for (; ; late -= STEP_MS) {
      lag.record(late / 1000);
      if (late < STEP_MS) break;
    }
  };
  const timer = setInterval(() => context.guard.run("gauge", sample, undefined, "event-loop"), STEP_MS);
  timer.unref();

  let before = performance.eventLoopUtilization();
  const endGauge = context.registry.gauge("nodejs.eventloop.utilization", {}, () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  });
  return () => {
    clearInterval(timer);
    endGauge();
  };
}
