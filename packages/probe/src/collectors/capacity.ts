import type { HelloFrame } from "@wsight/protocol";
import type { ProbeContext } from "../integration.ts";
import { openFiles, openFilesLimit } from "./open-files.ts";

/** What a process can take, as it is told in `hello`. */
export type Capacity = HelloFrame["capacity"];

/** Intervals between two looks at what is open. */
const LOOK_TICKS = 30;
/** A smaller change is not told, share. */
const WORTH_TELLING = 0.01;

/**
 * How many connections the process can take: what the application says, else
 * on Linux the soft limit of open files less what is open now and is no
 * connection (files, database connections, the probe's own). Elsewhere nobody
 * knows. Returns a reader and how to end it.
 */
export function collectCapacity(context: ProbeContext): { readonly read: () => Capacity; readonly end: () => void } {
  const { registry, guard, options } = context;
  let capacity: Capacity = null;
  const look = (): void => {
    const next = options.capacity === null ? ofDescriptors(registry.sumGauge(OPEN)) : ofOption(options.capacity);
    if (!isNews(capacity, next)) return;
    capacity = next;
    context.foundChanged();
  };
  const safely = (): void => guard.run("gauge", look, undefined, "capacity");
  safely();
  const endGauge = registry.gauge("websocket.server.connection.limit", {}, () => capacity?.connections ?? Number.NaN);
  const endTick = context.onTick((tick) => {
    if (tick % LOOK_TICKS === 0 && options.capacity === null) safely();
  });
  return {
    read: () => capacity,
    end() {
      endTick();
      endGauge();
    },
  };
}

const OPEN = "websocket.server.active_connections";

function ofOption(connections: number): Capacity {
  return { connections, source: "the capacity option" };
}

function ofDescriptors(connections: number): Capacity {
  const limit = openFilesLimit();
  const open = openFiles(connections);
  if (limit === null || open === null) return null;
  const left = Math.max(1, limit - Math.max(0, open - connections));
  return { connections: left, source: `open files limit ${limit} (ulimit -n)` };
}

function isNews(before: Capacity, now: Capacity): boolean {
  if (now === null) return false;
  return before === null || Math.abs(now.connections - before.connections) > before.connections * WORTH_TELLING;
}
