import { type ConnectionQuery, expected, WsightError } from "@wsight/protocol";
import type { Asks } from "../asks.ts";
import type { Clock } from "../clock.ts";
import type { CurrentView } from "../current-view.ts";
import { type AskPage, mergeWindow, type NodeConnectionRow, type Source } from "./merge.ts";

/** Deepest window into the lists of several nodes put together. */
const MAX_MERGED_OFFSET = 100_000;
/** How long one node may take for one page, and all of them for all pages, ms. */
const PAGE_MS = 500;
const TOTAL_MS = 2000;
/** The same question within this time is asked once, ms. */
const SAME_WITHIN_MS = 500;
/** Most different questions that are remembered for that. */
const MAX_REMEMBERED = 64;

/** What is asked for. */
export interface ConnectionListQuery extends ConnectionQuery {
  /** Only this node, as `service/instance`; `null` for all. */
  readonly node: string | null;
}

/** One page of the open connections of one or all nodes. */
export interface ConnectionList {
  /** When it was asked for, ms epoch of the hub. */
  readonly at: number;
  /** Connections open, and those that the search takes, on the nodes that answered. */
  readonly open: number;
  readonly matched: number;
  /** Times are by the clock of each process. */
  readonly rows: readonly NodeConnectionRow[];
  /** Every node that was asked; `open` and `matched` are `null` when it did not answer, and `error` says why. */
  readonly nodes: readonly {
    readonly node: string;
    readonly open: number | null;
    readonly matched: number | null;
    readonly error: string | null;
  }[];
}

/** Reads connections from the probes. */
export interface ConnectionLists {
  /**
   * Asks the nodes that are not gone; one that does not answer is named and never fails the whole.
   * @throws WsightError `NOT_FOUND` for a node that is not known, `BAD_REQUEST` for a window too deep for several nodes
   */
  read(query: ConnectionListQuery): Promise<ConnectionList>;
}

/** What lists are read from. */
export interface ConnectionListParts {
  readonly asks: Pick<Asks, "ask">;
  readonly current: Pick<CurrentView, "nodes">;
  readonly clock: Clock;
}

/** Makes the way of reading connections. Viewers with the same question share one answer. */
export function createConnectionLists({ asks, current, clock }: ConnectionListParts): ConnectionLists {
  const remembered = new Map<string, { readonly askedAt: number; readonly list: Promise<ConnectionList> }>();

  return {
    async read(query) {
      const now = clock.now();
      const nodes = chosenNodes(current, query);
      const key = JSON.stringify([nodes, query]);
      const known = remembered.get(key);
      if (known !== undefined && Math.abs(now - known.askedAt) < SAME_WITHIN_MS) return known.list;
      const list = readList(asks, nodes, query, now);
      remembered.delete(key);
      remembered.set(key, { askedAt: now, list });
      const [oldest] = remembered.keys();
      if (remembered.size > MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
      return list;
    },
  };
}

function chosenNodes(
  current: ConnectionListParts["current"],
  { node, offset }: ConnectionListQuery,
): readonly string[] {
  const known = current.nodes();
  if (node !== null) {
    if (known.some((one) => one.node === node)) return [node];
    throw expected("NOT_FOUND", "node", "one of /api/nodes", node);
  }
  const nodes = known.filter(({ state }) => state !== "gone").map((one) => one.node);
  if (nodes.length > 1 && offset > MAX_MERGED_OFFSET) {
    const what = `at most ${MAX_MERGED_OFFSET} over several nodes; choose one with node=, or narrow the search`;
    throw expected("BAD_REQUEST", "offset", what, offset);
  }
  return nodes;
}

async function readList(
  asks: ConnectionListParts["asks"],
  nodes: readonly string[],
  query: ConnectionListQuery,
  at: number,
): Promise<ConnectionList> {
  const { node: _, ...pageQuery } = query;
  const endsAt = performance.now() + TOTAL_MS;
  const ask: AskPage = (node, offset, limit) => {
    const leftMs = endsAt - performance.now();
    if (leftMs <= 0) return Promise.reject(new WsightError("NODE_AWAY", `Not done within ${TOTAL_MS} ms`));
    const options = { deadlineMs: Math.min(PAGE_MS, leftMs) };
    return asks.ask(node, { kind: "connections", query: { ...pageQuery, offset, limit } }, options);
  };
  const sources = nodes.map((node): Source => ({ node, open: null, matched: null, error: null }));
  const [only] = sources;
  const rows =
    sources.length === 1 && only !== undefined
      ? await readOne(only, pageQuery, ask)
      : await mergeWindow(sources, pageQuery, ask);
  return {
    at,
    open: sources.reduce((sum, { open }) => sum + (open ?? 0), 0),
    matched: sources.reduce((sum, { matched }) => sum + (matched ?? 0), 0),
    rows,
    nodes: sources,
  };
}

async function readOne(
  source: Source,
  { offset, limit }: ConnectionQuery,
  ask: AskPage,
): Promise<readonly NodeConnectionRow[]> {
  try {
    const page = await ask(source.node, offset, limit);
    source.open = page.open;
    source.matched = page.matched;
    return page.rows.map((row) => ({ ...row, node: source.node }));
  } catch (error) {
    source.error = error instanceof Error ? error.message : String(error);
    return [];
  }
}
