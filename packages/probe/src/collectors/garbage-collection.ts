import { constants, type PerformanceEntry, PerformanceObserver } from "node:perf_hooks";
import type { Distribution } from "../instruments/instruments.ts";
import type { ProbeContext } from "../integration.ts";

/** Kinds of collections by the flag that Node gives them; 2 is another way to collect the young generation. */
const TYPES: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, "minor"],
  [2, "minor"],
  [constants.NODE_PERFORMANCE_GC_MAJOR, "major"],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, "incremental"],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, "weakcb"],
]);

const SOURCE = "garbage collection";

/**
 * Times every garbage collection of this thread. Several may come in one call
 * of the observer: looking at the first only, as is common, misses most of them. Returns how to end it.
 */
export function collectGarbageCollection(context: ProbeContext): () => void {
  const durations = new Map<number, Distribution>();
  for (const [kind, type] of TYPES) {
    durations.set(kind, context.registry.histogram("v8js.gc.duration", { "v8js.gc.type": type }));
  }
  const { guard, hookCalls } = context;
  const record = (entries: readonly PerformanceEntry[]): void => {
    for (const entry of entries) {
      hookCalls.value++;
      durations.get(kindOf(entry))?.record(entry.duration / 1000);
    }
  };
  const observer = new PerformanceObserver((list) => {
    if (!guard.isOpen(SOURCE)) guard.run("hook", () => record(list.getEntries()), undefined, SOURCE);
  });
  observer.observe({ entryTypes: ["gc"] });
  return () => observer.disconnect();
}

function kindOf(entry: object): number {
  const detail: unknown = "detail" in entry ? entry.detail : null;
  const isDetail = typeof detail === "object" && detail !== null && "kind" in detail;
  return isDetail && typeof detail.kind === "number" ? detail.kind : -1;
}
