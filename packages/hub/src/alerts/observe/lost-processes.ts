import type { AlertRule, HistoryAnswer } from "@wsight/protocol";
import type { CurrentView } from "../../current-view.ts";
import type { Store } from "../../store/store.ts";

/** How far before its first second a hub looks for processes, ms. */
const LOOK_BACK_MS = 20_000;
/** Whose newest sample is older than the newest of all by more than this was silent before, ms. */
const LAST_MS = 5_000;
/** Those that live have this long to find the new hub, ms. */
const SETTLE_MS = 5_000;
/** For so long rules are told what was found, ms: the rarest look. */
const TOLD_FOR_MS = 60_000;
const MAX_NODES = 200;
const MAX_EVENTS = 1000;

/** What it takes to know them. */
export interface LostProcessesParts {
  readonly current: Pick<CurrentView, "nodes">;
  readonly history: Pick<Store, "ask">;
  readonly signal: AbortSignal;
}

/** Processes that went down with the hub before this one. */
export interface LostProcesses {
  /** Those that a rule has not been told of yet; asked each second, from the first on. */
  tell(rule: AlertRule, at: number): readonly string[];
}

/**
 * Finds out who was there until this hub took over and is not any more: the process
 * that ran the hub before reports to no other, and nobody would miss it. It is missed
 * when a process of its service that was there at the same time goes on; where all
 * of them are new, somebody has started anew. Who said goodbye is not missed.
 */
export function createLostProcesses(parts: LostProcessesParts): LostProcesses {
  const told = new WeakSet<AlertRule>();
  let firstAt: number | null = null;
  let asked = false;
  let found: readonly string[] = [];
  return {
    tell(rule, at) {
      firstAt ??= at;
      if (!asked && at - firstAt >= SETTLE_MS) {
        asked = true;
        find(parts, firstAt).then(
          (nodes) => {
            found = nodes;
          },
          // Without history nobody knows; the history says by itself that it fails.
          () => undefined,
        );
      }
      if (found.length === 0 || told.has(rule) || at - firstAt > SETTLE_MS + TOLD_FOR_MS) return [];
      told.add(rule);
      return found;
    },
  };
}

async function find({ current, history, signal }: LostProcessesParts, firstAt: number): Promise<readonly string[]> {
  const fromAt = firstAt - LOOK_BACK_MS;
  const selectors = [{ metric: "process.uptime", agg: "max", by: ["node"], top: MAX_NODES }] as const;
  const [uptimes, ends] = await Promise.all([
    history.ask("query", { fromAt, toAt: firstAt, stepMs: 1000, points: 100, selectors }, { signal }),
    history.ask(
      "events",
      { fromAt, toAt: firstAt + SETTLE_MS, kinds: ["node.gone"], limit: MAX_EVENTS, newestFirst: true },
      { signal },
    ),
  ]);
  const lastAt = newestOf(uptimes);
  const newest = Math.max(...lastAt.values());
  const nodes = current.nodes();
  const isKnown = new Set([...nodes.map(({ node }) => node), ...ends.map(({ node }) => node)]);
  const hasElder = (node: string, at: number): boolean => {
    const service = node.slice(0, node.indexOf("/") + 1);
    return nodes.some((one) => one.state === "live" && one.node.startsWith(service) && one.hello.startedAt < at);
  };
  return [...lastAt]
    .filter(([node, at]) => newest - at <= LAST_MS && !isKnown.has(node) && hasElder(node, at))
    .map(([node]) => node);
}

/** When each node was last heard of, ms epoch. */
function newestOf({ fromAt, stepMs, results }: HistoryAnswer): ReadonlyMap<string, number> {
  const lastAt = new Map<string, number>();
  for (const { labels, values } of results[0]?.lines ?? []) {
    const last = values.findLastIndex((value) => value !== null);
    if (labels.node !== undefined && last >= 0) lastAt.set(labels.node, fromAt + last * stepMs);
  }
  return lastAt;
}
