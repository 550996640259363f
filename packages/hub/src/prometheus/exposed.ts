import type { Histogram, Series } from "@wsight/protocol";
import type { CurrentView, SeriesState } from "../current-view.ts";

/** A process that is late, and was last heard longer ago than this, has no figures. */
const STALE_AFTER_MS = 10_000;

/** The newest value of a series, as programs elsewhere may keep it. */
export interface Exposed {
  /** `service/instance`. */
  readonly node: string;
  readonly series: Series;
  /** When the value was taken, ms epoch of the hub. */
  readonly at: number;
  readonly value: number | Histogram;
}

/**
 * Visits what scrapers and collectors are told: the newest value of every
 * series of every process that is there. What could not be read is left out.
 */
export function forEachExposed(
  current: Pick<CurrentView, "at" | "nodes" | "forEachSeries">,
  visit: (exposed: Exposed) => void,
): void {
  const silent = current.nodes("all").filter(({ state }) => state === "silent");
  const late = new Set(silent.map(({ node }) => node));
  const staleAt = (current.at ?? 0) - STALE_AFTER_MS;
  current.forEachSeries((state) => {
    const { node, series, at } = state;
    if (late.has(node) && at < staleAt) return;
    const value = growthOf(state);
    if (value !== null) visit({ node, series, at, value });
  });
}

/**
 * What may be taken for growth: without what series that were folded into
 * `_other` brought along, which was told under their own names before.
 */
function growthOf({ value, folded }: SeriesState): number | Histogram | null {
  if (typeof value === "number") {
    if (!Number.isFinite(value)) return null;
    return typeof folded === "number" ? value - folded : value;
  }
  return folded === undefined || typeof folded === "number" ? value : value.since(folded);
}
