import { type HistoryAnswer, type HistorySelector, MAX_HISTORY_SELECTORS, WsightError } from "@wsight/protocol";
import type { HistoryApi } from "../pages/history/history-api.ts";
import type { PastAnswer, PastTable } from "../state/index.ts";
import { type GridShape, type PastTableMap, tableKey } from "./past-grid.ts";
import { PAST_TABLES } from "./past-tables.ts";

/** Which tables of which time. */
interface TablesWanted {
  readonly grid: GridShape;
  readonly tables: readonly PastTable[];
  /** Only this node; `null` for all. */
  readonly node: string | null;
}

/**
 * Reads tables over the whole of a time, in as few questions as their figures
 * fit into. One that the hub refuses is `null`.
 * @throws WsightError when asking again may help
 */
export async function readTables(
  api: Pick<HistoryApi, "query">,
  { grid, tables, node }: TablesWanted,
  signal: AbortSignal,
): Promise<PastTableMap> {
  const made = new Map<string, PastAnswer<PastTable> | null>();
  for (const names of groupsOf(tables)) {
    const answer = await ask(api, { grid, tables: names, node }, signal);
    let next = 0;
    for (const name of names) {
      const results = answer?.results.slice(next, next + PAST_TABLES[name].selectors.length) ?? [];
      next += results.length;
      made.set(tableKey(name, node), answer === null ? null : PAST_TABLES[name].make(results, secondsOf(answer)));
    }
  }
  return made;
}

async function ask(
  api: Pick<HistoryApi, "query">,
  { grid, tables, node }: TablesWanted,
  signal: AbortSignal,
): Promise<HistoryAnswer | null> {
  const ofNode = node === null ? {} : { nodes: [node] };
  const selectors = tables.flatMap((name) =>
    PAST_TABLES[name].selectors.map((selector): HistorySelector => ({ ...selector, ...ofNode })),
  );
  const { fromAt, toAt } = grid;
  try {
    return await api.query({ fromAt, toAt, stepMs: longestStep(grid), selectors }, signal);
  } catch (error) {
    if (error instanceof WsightError && error.code === "BAD_REQUEST") return null;
    throw error;
  }
}

/** Figures of the whole are wanted alone, but intervals begin at multiples of their length: the longest that begins and ends with the time. */
function longestStep({ fromAt, toAt }: GridShape): number {
  let [a, b] = [fromAt, toAt - fromAt];
  while (b > 0) [a, b] = [b, a % b];
  return a;
}

/** How much of the time has data, s. */
function secondsOf({ fromAt, toAt, coverage }: HistoryAnswer): number {
  return ((toAt - fromAt) / 1000) * coverage;
}

function groupsOf(tables: readonly PastTable[]): readonly (readonly PastTable[])[] {
  const groups: PastTable[][] = [];
  let room = 0;
  for (const name of tables) {
    const { length } = PAST_TABLES[name].selectors;
    if (length > room) {
      groups.push([]);
      room = MAX_HISTORY_SELECTORS;
    }
    groups.at(-1)?.push(name);
    room -= length;
  }
  return groups;
}
