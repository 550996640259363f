import { Histogram } from "@wsight/protocol";
import type { CurrentView } from "../../current-view.ts";

/** How many operations there were since the processes began, by what they were. */
export interface Totals {
  /** By `db.system.name`, then `db.operation.kind`. */
  readonly operations: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** HTTP requests by status code, and by method. */
  readonly statusCodes: ReadonlyMap<string, number>;
  readonly methods: ReadonlyMap<string, number>;
}

/** Reads totals; once within a second, as it passes over every series. */
export function createTotals(current: Pick<CurrentView, "at" | "forEachSeries">): () => Totals {
  let known: { readonly at: number | null; readonly totals: Totals } | null = null;
  return () => {
    if (known === null || known.at !== current.at || known.at === null)
      known = { at: current.at, totals: collect(current) };
    return known.totals;
  };
}

function collect(current: Pick<CurrentView, "forEachSeries">): Totals {
  const operations = new Map<string, Map<string, number>>();
  const statusCodes = new Map<string, number>();
  const methods = new Map<string, number>();
  current.forEachSeries(({ series: { metric, labels }, value }) => {
    if (!(value instanceof Histogram)) return;
    if (metric.name === "db.client.operation.duration") {
      const system = labels["db.system.name"] ?? "";
      const kinds = operations.get(system) ?? new Map<string, number>();
      operations.set(system, kinds);
      add(kinds, labels["db.operation.kind"], value.count);
    } else if (metric.name === "http.server.request.duration") {
      add(statusCodes, labels["http.response.status_code"], value.count);
      add(methods, labels["http.request.method"], value.count);
    }
  });
  return { operations, statusCodes, methods };
}

function add(counts: Map<string, number>, key = "", count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

/** All of them together. */
export function sumOf(counts: ReadonlyMap<string, number> | undefined): number {
  let sum = 0;
  for (const count of counts?.values() ?? []) sum += count;
  return sum;
}
