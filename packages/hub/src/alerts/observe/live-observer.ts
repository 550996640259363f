import { type AlertRule, type HistoryQuery, type Labels, LIVE_HISTORY_MS } from "@wsight/protocol";
import type { CurrentView } from "../../current-view.ts";
import type { Store } from "../../store/store.ts";
import type { Observation, RuleObserver } from "../observation.ts";
import { findCulprits } from "./culprits.ts";
import { createLostProcesses } from "./lost-processes.ts";
import { type AskHistory, PastCounts } from "./past-counts.ts";
import { Watches } from "./watches.ts";

/** Longest window that `current` holds, seconds. */
const REACH_SEC = LIVE_HISTORY_MS / 1000;
/** Alerts of one second whose culprits are looked for: when everything breaks at once, the first ones say it. */
const CULPRITS_A_SECOND = 50;

/** Processes that live have this long to find a new hub, ms. */
const RETURN_MS = 20_000;
/** Who began up to this long before the hub began with it, ms. */
const TOGETHER_MS = 15_000;

/** What a live observer reads. */
export interface LiveObserverParts {
  readonly current: CurrentView;
  /** For windows of burn-rate rules that are longer than `current` reaches; `null` when no history is kept. */
  readonly history: Pick<Store, "ask"> | null;
  /** Told when the past of a burn-rate rule can't be read, once until it can be again. Must not throw. */
  readonly onError: (error: unknown) => void;
}

/** A {@link RuleObserver} of the present. */
export interface LiveObserver extends RuleObserver {
  /** Label sets of a rule that had no place when it was last observed. */
  leftOut(rule: AlertRule): number;
  /** Stops reading history. */
  close(): void;
}

/**
 * Reads what rules look at from `current`. A rule is prepared when it is first
 * seen, by the identity of the object: hand in the same object each time, and
 * another one when it was changed. What several rules look at is read once.
 */
export function createLiveObserver({ current, history, onError }: LiveObserverParts): LiveObserver {
  const closing = new AbortController();
  const leftOut = new WeakMap<AlertRule, number>();
  const blamed = { at: 0, count: 0 };
  const ask = history === null ? null : oneAfterTheOther(history, closing.signal, onError);
  const watches = new Watches({
    source: current,
    reachSec: REACH_SEC,
    long: ask === null ? null : (rule) => new PastCounts(rule, { source: current, reachSec: REACH_SEC, ask }),
  });

  const lost = history === null ? null : createLostProcesses({ current, history, signal: closing.signal });

  /** Processes that were there before this hub, seen once, so that they are missed from then on. */
  function lastSeen(rule: AlertRule, at: number): readonly Observation[] {
    if (lost === null || !watchesProcesses(rule)) return [];
    const { nodes } = rule.filter;
    return lost
      .tell(rule, at)
      .filter((node) => nodes === undefined || nodes.includes(node))
      .map((node) => ({ labels: { node }, value: 0, samples: 1, level: null, good: true, limit: null }));
  }

  return {
    observe(rule, at, firing) {
      // Whether it can be evaluated at all does not depend on what there is.
      watches.of(rule);
      const { at: newest, oldestAt } = current;
      if (newest === null || oldestAt === null || at > newest || at < oldestAt) return [];
      const watched = watches.observe(rule, at, firing);
      leftOut.set(rule, watched.leftOut);
      const before = lastSeen(rule, at);
      return before.length === 0 ? watched.seen : [...watched.seen, ...before];
    },
    leftOut: (rule) => leftOut.get(rule) ?? 0,
    ended(rule, labels, at) {
      const second = Math.floor(at / 1000);
      const groups = watches
        .of(rule)
        .groups(labels)
        .filter(({ series }) => series.length > 0);
      if (groups.length > 0) return groups.every((group) => group.ended(second, rule.windowSec));
      return isForgotten(current, labels, at);
    },
    culprits(rule, labels, at) {
      if (at !== blamed.at) Object.assign(blamed, { at, count: 0 });
      if (blamed.count++ >= CULPRITS_A_SECOND) return [];
      return findCulprits(rule, labels, Math.floor(at / 1000), { figures: watches.figures, current });
    },
    close: () => closing.abort(),
  };
}

/** True for rules by which each process is missed that does not report. */
function watchesProcesses({ kind, metric, groupBy, filter }: AlertRule): boolean {
  const { where = {} } = filter;
  const isByNode = groupBy.length === 1 && groupBy[0] === "node";
  return kind === "no_data" && metric === "process.uptime" && isByNode && Object.keys(where).length === 0;
}

/**
 * A process that the hub does not know, and never will again. Either the hub
 * has watched for long and it never came back: while others of its service go
 * on without it, it has been given up; when none is left, its silence is what
 * matters. Or all processes of its service began with this hub: they were
 * started anew, under other names.
 */
function isForgotten(current: CurrentView, { node }: Labels, at: number): boolean {
  const { oldestAt } = current;
  if (node === undefined || oldestAt === null || at - oldestAt < RETURN_MS) return false;
  const nodes = current.nodes();
  if (nodes.some((one) => one.node === node)) return false;
  const service = node.slice(0, node.indexOf("/") + 1);
  const alive = nodes.filter((one) => one.node.startsWith(service) && one.state === "live");
  if (alive.length === 0) return false;
  const isLong = at - oldestAt >= LIVE_HISTORY_MS - 1000;
  return isLong || alive.every(({ hello }) => hello.startedAt >= oldestAt - TOGETHER_MS);
}

/** Questions wait for each other, so that many rules at once are no burden for the store. */
function oneAfterTheOther(
  history: Pick<Store, "ask">,
  signal: AbortSignal,
  onError: (error: unknown) => void,
): AskHistory {
  let before: Promise<unknown> = Promise.resolve();
  let failing = false;
  const ask = async (query: HistoryQuery): ReturnType<AskHistory> => {
    try {
      const answer = await history.ask("query", query, { signal });
      failing = false;
      return answer;
    } catch (error) {
      if (!failing && !signal.aborted) onError(error);
      failing = true;
      return null;
    }
  };
  return (query) => {
    const answer = before.then(() => ask(query));
    before = answer;
    return answer;
  };
}
