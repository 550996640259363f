import { OTHER } from "@wsight/protocol";
import type { ProbeContext } from "../integration.ts";
import { Readings } from "./readings.ts";

/** Types that have a series of their own. */
const MAX_TYPES = 16;

/**
 * What keeps the event loop alive, by type. Node walks over every handle for
 * that, so it is asked seldom. Returns how to end it.
 */
export function collectActiveResources(context: ProbeContext): () => void {
  const readings = new Readings(context.registry);
  const own = new Set<string>();
  const read = (): void => {
    const counts = countByType(process.getActiveResourcesInfo());
    for (const [type] of [...counts].sort(([, a], [, b]) => b - a)) if (own.size < MAX_TYPES) own.add(type);
    for (const type of own) set(readings, type, counts.get(type) ?? 0);
    const rest = [...counts].filter(([type]) => !own.has(type));
    if (own.size >= MAX_TYPES)
      set(
        readings,
        OTHER,
        rest.reduce((sum, [, count]) => sum + count, 0),
      );
  };
  const endPull = context.pull({ name: "process handles", tier: "slow", read });
  return () => {
    endPull();
    readings.end();
  };
}

function set(readings: Readings, type: string, count: number): void {
  readings.of("v8js.resource.active", { "v8js.resource.type": type }).value = count;
}

function countByType(types: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}
