import type { TierStep } from "@wsight/protocol";
import type { HistoryReader } from "../store/reader.ts";
import { WITNESSES } from "../store/witness.ts";
import { endOf, type Plan } from "./grid.ts";

/** Intervals of the witness that are read at most; a coarser tier is taken before it would be more. */
const MAX_INTERVALS = 10_000;
/** A node still belongs to the end of an interval when it was last known up to this long before others. */
const CURRENT_MS = 15_000;

/** When some nodes were there. Every array has a place for each interval and, last, one for the whole time. */
export interface Present {
  /** Seconds in which any of them was known. */
  readonly seconds: Float64Array;
  /** Start of the last interval of the witness within, ms epoch; −Infinity for none. */
  readonly lastAt: Float64Array;
}

/**
 * When nodes were known, so that growth is divided by the time in which it was
 * watched. Exact where the witness was read at one second; else, within one
 * interval of the witness, nodes that were there less than all the time are
 * taken to have been there at the same time.
 */
export class Presence {
  readonly #plan: Plan;
  readonly #stepMs: number;
  /** Seconds known in each interval of the witness, by node. */
  readonly #nodes: ReadonlyMap<string, Float64Array>;
  readonly #known = new Map<string, Present>();

  constructor(plan: Plan, stepMs: number, nodes: ReadonlyMap<string, Float64Array>) {
    this.#plan = plan;
    this.#stepMs = stepMs;
    this.#nodes = nodes;
  }

  /** When any of these nodes was there. */
  of(nodes: readonly string[]): Present {
    const key = nodes.length === 1 ? (nodes[0] as string) : nodes.join("\n");
    let present = this.#known.get(key);
    if (present === undefined) {
      present = this.#together(nodes);
      this.#known.set(key, present);
    }
    return present;
  }

  /** The same with the whole time as the only interval. */
  whole(): Presence {
    const { grid } = this.#plan;
    const one = { fromAt: grid.fromAt, stepMs: endOf(grid) - grid.fromAt, cells: 1 };
    return new Presence({ ...this.#plan, grid: one }, this.#stepMs, this.#nodes);
  }

  #together(nodes: readonly string[]): Present {
    const { grid } = this.#plan;
    const perCell = grid.stepMs / this.#stepMs;
    const seconds = new Float64Array(grid.cells + 1);
    const lastAt = new Float64Array(grid.cells + 1).fill(-Infinity);
    const rows = nodes.flatMap((node) => this.#nodes.get(node) ?? []);
    if (rows.length === 0) return { seconds, lastAt };
    for (let i = 0; i < grid.cells * perCell; i++) {
      let most = 0;
      for (const row of rows) if ((row[i] as number) > most) most = row[i] as number;
      if (most === 0) continue;
      const cell = Math.floor(i / perCell);
      seconds[cell] = (seconds[cell] as number) + most;
      seconds[grid.cells] = (seconds[grid.cells] as number) + most;
      lastAt[cell] = lastAt[grid.cells] = grid.fromAt + i * this.#stepMs;
    }
    return { seconds, lastAt };
  }
}

/** True when a node was still there at the end of what is known of an interval, by whoever was there longest. */
export function stays(node: Present, among: Present, slot: number): boolean {
  const last = node.lastAt[slot] as number;
  // A node without a witness can't be told to have left.
  return last === -Infinity || last >= (among.lastAt[slot] as number) - CURRENT_MS;
}

/** Reads when nodes were there; of a node that never said, nothing is known. */
export async function readPresence(
  reader: HistoryReader,
  plan: Plan,
  nodes: readonly string[],
  signal: AbortSignal,
): Promise<Presence> {
  const { grid } = plan;
  const stepMs = witnessTier(plan, nodes.length);
  const intervals = Math.round((endOf(grid) - grid.fromAt) / stepMs);
  const series = nodes.length === 0 ? [] : await reader.series({ metrics: WITNESSES, nodes });
  const known = new Map<string, Float64Array>();
  const range = { fromAt: grid.fromAt, toAt: endOf(grid), stepMs };
  for await (const columns of reader.columns({ ...range, series, columns: ["count"] }, signal)) {
    const seconds = known.get(columns.series.node) ?? new Float64Array(intervals);
    known.set(columns.series.node, seconds);
    for (let i = 0; i < columns.length; i++) {
      const interval = ((columns.at[i] as number) - grid.fromAt) / stepMs;
      seconds[interval] = Math.min(stepMs / 1000, Math.max(seconds[interval] as number, columns.count[i] as number));
    }
  }
  return new Presence(plan, stepMs, known);
}

function witnessTier({ grid, held, tierMs }: Plan, nodes: number): TierStep {
  const rangeMs = endOf(grid) - grid.fromAt;
  const fits = (stepMs: TierStep): boolean => (nodes * rangeMs) / stepMs <= MAX_INTERVALS;
  return held.find((stepMs) => stepMs <= tierMs && tierMs % stepMs === 0 && fits(stepMs)) ?? tierMs;
}
