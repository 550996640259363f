import {
  expected,
  type HubMessage,
  type LiveTailRow,
  MAX_TAIL_FILTERS,
  parseTailSearch,
  type TailFilter,
  type TailFrame,
  type TailRow,
  type ViewerMessage,
  WsightError,
} from "@wsight/protocol";
import type { Asks } from "../asks.ts";
import type { Clock } from "../clock.ts";
import type { CurrentView } from "../current-view.ts";

/** A probe's tail ends by itself this long after it was last asked for, and is asked for again this often, ms. */
const FOR_MS = 30_000;
const PROLONG_EVERY_MS = 10_000;
/** Rows are collected this long, so that those of several nodes come in order, ms. */
const FLUSH_EVERY_MS = 250;
/** Wishes that change faster are put to the probes together, ms. */
const SYNC_EVERY_MS = 100;

/** What a viewer wants to follow. */
export type TailWish = NonNullable<Extract<ViewerMessage, { readonly type: "tail" }>["tail"]>;

/** What the tail needs of a viewer. */
export interface TailViewer {
  /** False once it has left. */
  readonly open: boolean;
  /** True when it reads what it is sent; else rows pass it by, and are counted. */
  readonly ready: boolean;
  say(message: HubMessage): void;
}

/** Lets viewers follow messages as they come. Probes do that only while somebody does. */
export interface Tail {
  /**
   * Begins, changes or (`null`) ends what a viewer follows.
   * @throws WsightError `BAD_REQUEST` for a search that makes no sense, `NOT_FOUND` for a node that is not known,
   * `RATE_LIMITED` when all viewers together follow too many different searches
   */
  set(viewer: TailViewer, wish: TailWish | null): void;
  /** The viewer is gone. */
  leave(viewer: TailViewer): void;
  close(): void;
}

/** What a tail is made from. */
export interface TailOptions {
  readonly asks: Pick<Asks, "ask" | "nodes" | "listen">;
  readonly current: Pick<CurrentView, "nodes">;
  readonly clock: Clock;
  /** How often probes are asked to go on. @default 10_000 */
  readonly prolongEveryMs?: number;
}

/** Viewers that follow the same: what they get is picked once for all of them. */
interface Group {
  readonly key: string;
  readonly filter: TailFilter;
  readonly filterKey: string;
  /** `null` for all. */
  readonly node: string | null;
  readonly perSecond: number;
  readonly viewers: Set<TailViewer>;
  rows: LiveTailRow[];
  /** Messages that fitted and are not among the rows. */
  passed: number;
  /** Rows it may still take; grows with time up to a second's worth. */
  allowance: number;
  allowedAt: number;
}

/** What a probe was asked to follow; its rows name the place in this list. */
interface Asked {
  readonly key: string;
  readonly filters: readonly { readonly key: string; readonly filter: TailFilter }[];
}

/** Makes the live tail of a hub. */
export function createTail(options: TailOptions): Tail {
  const tail = new TailGroups(options);
  return {
    set: (viewer, wish) => tail.set(viewer, wish),
    leave: (viewer) => tail.set(viewer, null),
    close: () => tail.close(),
  };
}

class TailGroups {
  readonly #asks: TailOptions["asks"];
  readonly #current: TailOptions["current"];
  readonly #clock: Clock;
  readonly #prolongEveryMs: number;
  readonly #stopListening: () => void;
  readonly #groups = new Map<string, Group>();
  readonly #following = new Map<TailViewer, { readonly group: Group; missed: number }>();
  readonly #asked = new Map<string, Asked>();
  #timers: { readonly flush: NodeJS.Timeout; readonly prolong: NodeJS.Timeout } | null = null;
  #syncing: NodeJS.Timeout | null = null;
  #syncedAt = Number.NEGATIVE_INFINITY;

  constructor({ asks, current, clock, prolongEveryMs = PROLONG_EVERY_MS }: TailOptions) {
    this.#asks = asks;
    this.#current = current;
    this.#clock = clock;
    this.#prolongEveryMs = prolongEveryMs;
    this.#stopListening = asks.listen({
      onLinked: (node) => {
        this.#asked.delete(node);
        this.#askNode(node, false);
      },
      onTail: (node, frame) => this.#take(node, frame),
    });
  }

  set(viewer: TailViewer, wish: TailWish | null): void {
    const group = wish === null ? null : this.#groupFor(viewer, wish);
    this.#drop(viewer);
    if (group !== null) {
      this.#groups.set(group.key, group);
      group.viewers.add(viewer);
      this.#following.set(viewer, { group, missed: 0 });
    }
    this.#run(this.#following.size > 0);
    this.#syncSoon();
  }

  close(): void {
    this.#stopListening();
    for (const viewer of [...this.#following.keys()]) this.#drop(viewer);
    this.#run(false);
    this.#sync(false);
  }

  /** The group of a wish, made when it is new and there is room for it. */
  #groupFor(viewer: TailViewer, { search, node, perSecond }: TailWish): Group {
    const filter = parseTailSearch(search);
    if (node !== null && !this.#current.nodes().some((known) => known.node === node))
      throw expected("NOT_FOUND", "node", "one of /api/nodes", node);
    const filterKey = JSON.stringify(filter);
    const key = JSON.stringify([filterKey, node, perSecond]);
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const before = this.#following.get(viewer)?.group;
    const others = [...this.#groups.values()].filter((group) => group !== before || group.viewers.size > 1);
    const filters = new Set(others.map((group) => group.filterKey)).add(filterKey);
    if (filters.size > MAX_TAIL_FILTERS) throw tooManySearches();
    const allowedAt = this.#clock.now();
    const viewers = new Set<TailViewer>();
    return { key, filter, filterKey, node, perSecond, viewers, rows: [], passed: 0, allowance: perSecond, allowedAt };
  }

  #drop(viewer: TailViewer): void {
    const following = this.#following.get(viewer);
    if (following === undefined) return;
    const { group } = following;
    this.#following.delete(viewer);
    group.viewers.delete(viewer);
    if (group.viewers.size === 0) this.#groups.delete(group.key);
  }

  #run(wanted: boolean): void {
    if (wanted === (this.#timers !== null)) return;
    if (this.#timers !== null) {
      clearInterval(this.#timers.flush);
      clearInterval(this.#timers.prolong);
    }
    this.#timers = wanted
      ? {
          flush: setInterval(() => this.#flush(), FLUSH_EVERY_MS),
          prolong: setInterval(() => this.#sync(true), this.#prolongEveryMs),
        }
      : null;
  }

  /** Tells the probes of a change: at once, unless changes come fast. */
  #syncSoon(): void {
    const waitMs = this.#syncedAt + SYNC_EVERY_MS - performance.now();
    if (this.#following.size === 0 || waitMs <= 0) this.#sync(false);
    else this.#syncing ??= setTimeout(() => this.#sync(false), waitMs);
  }

  #sync(prolong: boolean): void {
    if (this.#syncing !== null) clearTimeout(this.#syncing);
    this.#syncing = null;
    this.#syncedAt = performance.now();
    for (const node of this.#asks.nodes()) this.#askNode(node, prolong);
  }

  /** Asks one probe for what is wanted of it, if that changed or must be prolonged. */
  #askNode(node: string, prolong: boolean): void {
    const before = this.#asked.get(node);
    const groups = [...this.#groups.values()].filter((group) => group.node === null || group.node === node);
    if (groups.length === 0 && before === undefined) return;
    const filters = new Map(groups.map(({ filterKey, filter }) => [filterKey, filter]));
    const perSecond = groups.reduce((most, group) => Math.max(most, group.perSecond), 1);
    const key = JSON.stringify([...filters.keys(), perSecond]);
    if (before?.key === key && !prolong) return;
    if (groups.length === 0) this.#asked.delete(node);
    else this.#asked.set(node, { key, filters: [...filters].map(([one, filter]) => ({ key: one, filter })) });
    const ask = { kind: "tail", filters: [...filters.values()], perSecond, forMs: FOR_MS } as const;
    // One that can't be asked now is asked again when it must be prolonged, or has a link again.
    this.#asks.ask(node, ask).catch(ignore);
  }

  #take(node: string, { rows, passed }: TailFrame): void {
    const asked = this.#asked.get(node);
    if (asked === undefined) return;
    const takers = asked.filters.map(({ key }) =>
      [...this.#groups.values()].filter(
        (group) => group.filterKey === key && (group.node === null || group.node === node),
      ),
    );
    const now = this.#clock.now();
    for (const groups of takers) for (const group of groups) refill(group, now);
    for (const { filter: place, ...row } of rows) {
      const taken = asked.filters[place];
      // What was on its way when the list changed may name a place that now stands for another search.
      if (taken === undefined || !fits(taken.filter, row)) continue;
      for (const group of takers[place] ?? []) offer(group, { ...row, node });
    }
    passed.forEach((count, place) => {
      for (const group of takers[place] ?? []) group.passed += count;
    });
  }

  #flush(): void {
    for (const group of this.#groups.values()) {
      const { passed } = group;
      const rows = group.rows.sort((a, b) => a.at - b.at);
      group.rows = [];
      group.passed = 0;
      for (const viewer of group.viewers) this.#tell(viewer, rows, passed);
    }
  }

  #tell(viewer: TailViewer, rows: readonly LiveTailRow[], passed: number): void {
    const following = this.#following.get(viewer);
    if (following === undefined || !viewer.open) return;
    if (!viewer.ready) {
      following.missed += rows.length + passed;
      return;
    }
    if (rows.length + passed + following.missed === 0) return;
    viewer.say({ type: "tail", rows, passed: passed + following.missed });
    following.missed = 0;
  }
}

function refill(group: Group, now: number): void {
  const grown = (Math.max(0, now - group.allowedAt) / 1000) * group.perSecond;
  group.allowance = Math.min(group.perSecond, group.allowance + grown);
  group.allowedAt = now;
}

function offer(group: Group, row: LiveTailRow): void {
  if (group.allowance < 1) {
    group.passed++;
    return;
  }
  group.allowance--;
  group.rows.push(row);
}

function fits(filter: TailFilter, row: Omit<TailRow, "filter">): boolean {
  const { text, event, direction, user, namespace, connection } = filter;
  if (event !== undefined && event !== row.event) return false;
  if (direction !== undefined && direction !== row.direction) return false;
  if (user !== undefined && user !== row.user) return false;
  if (namespace !== undefined && namespace !== row.namespace) return false;
  if (connection !== undefined && connection !== row.connection) return false;
  const name = row.event.toLowerCase();
  return text.every((word) => name.includes(word));
}

function tooManySearches(): WsightError {
  return new WsightError(
    "RATE_LIMITED",
    `expected all viewers together to follow at most ${MAX_TAIL_FILTERS} different searches; use one that others use, or try again later`,
  );
}

function ignore(): void {}
