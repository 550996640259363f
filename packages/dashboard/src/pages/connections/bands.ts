import type { NodeRow } from "@wsight/protocol";
import type { SeriesRing } from "../../state/index.ts";

/** Most bands of nodes; of more nodes than that, one fewer leaves room for what is left. */
const MOST_BANDS = 6;
/** Most nodes that ended whose past is asked for. */
const MOST_ENDED = 5;

/** A node that can have a band of its own. */
export interface Band {
  readonly node: string;
  /** Open connections: now, or the most in the window of a node that ended. */
  readonly size: number;
}

/** Nodes that ended within a window. */
export interface Ended {
  /** Those whose past to ask for, the newest end first. */
  readonly asked: readonly string[];
  /** True when there are more. */
  readonly more: boolean;
}

/** No node ended. */
export const NONE_ENDED: Ended = { asked: [], more: false };

/** The nodes that are gone and reported after `fromAt`, ms epoch: their past is still in the picture. */
export function endedNodes(nodes: readonly NodeRow[], fromAt: number): Ended {
  const ended = nodes.filter(({ state, lastAt }) => state === "gone" && lastAt >= fromAt);
  ended.sort((a, b) => b.lastAt - a.lastAt || (a.node < b.node ? -1 : 1));
  return { asked: ended.slice(0, MOST_ENDED).map(({ node }) => node), more: ended.length > MOST_ENDED };
}

/** The highest value from `fromAt` to `toAt`, ms epoch; 0 while none is known. */
export function peakOf(ring: SeriesRing, fromAt: number, toAt: number): number {
  const { value, length } = ring.read(fromAt, toAt);
  let peak = 0;
  for (let i = 0; i < length; i++) if ((value[i] as number) > peak) peak = value[i] as number;
  return peak;
}

/**
 * The nodes with a band of their own, in the order of their names: all of a
 * few, else the busiest.
 * @param before kept while every one of them is there and there are as many to show
 * @param more true when there are further nodes, which need the room of a band
 */
export function pickBands(bands: readonly Band[], before: readonly string[], more: boolean): readonly string[] {
  const most = Math.min(bands.length, more || bands.length > MOST_BANDS ? MOST_BANDS - 1 : MOST_BANDS);
  const known = new Set(bands.map(({ node }) => node));
  if (before.length === most && before.every((node) => known.has(node))) return before;
  const busiest = [...bands].sort((a, b) => b.size - a.size || (a.node < b.node ? -1 : 1));
  return busiest
    .slice(0, most)
    .map(({ node }) => node)
    .sort();
}
