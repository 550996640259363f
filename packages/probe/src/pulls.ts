import { type CollectorRow, TIERS, type Tier } from "@wsight/protocol";
import { BREAKER_LIMIT, type Guard } from "./guard.ts";
import { PullTimes } from "./pull-times.ts";

/** Something that is read at intervals. */
export interface Pull {
  /** For people: `host`, `redis info cache`. Faults are counted under it. */
  readonly name: string;
  readonly tier: Tier;
  /**
   * Reads, and leaves what it read where gauges find it. A promise is waited
   * for, and no second read begins meanwhile. A throw and a rejection are
   * counted, and the tenth ends the reading for good: what may be away for a
   * while (a server) is caught here and told by `note`.
   */
  readonly read: () => void | Promise<void>;
  /** Time of the application's thread one read may take, ms: the part before its first `await`. Above, it is moved to the next slower tier. @default 5 */
  readonly budgetMs?: number;
  /** Why it reads less than it should; `null` when all is well. @default nothing */
  readonly note?: () => string | null;
}

/** What pulls run with. */
export interface PullsContext {
  readonly guard: Guard;
  readonly tierMs: Readonly<Record<Tier, number>>;
  /** Monotonic clock, ms. */
  readonly hr: () => number;
  /** Wall clock, ms epoch. */
  readonly now: () => number;
}

interface Entry {
  readonly pull: Pull;
  readonly budgetMs: number;
  readonly times: PullTimes;
  at: Tier;
  /** The tick of its period in which it is read; `null` until it was read once. */
  slot: number | null;
  /** Times it was moved to a slower tier: each doubles how long it has to do well before it comes back. */
  demotions: number;
  reads: number;
  failures: number;
  readAt: number | null;
  /** When the read began that is under way; `null` for none. */
  busySince: number | null;
}

const DEFAULT_BUDGET_MS = 5;
/** Reads well under the budget after which a demoted pull is tried one tier faster. */
const GOOD_READS = 6;
/** Most demotions that still make that longer. */
const MAX_DOUBLINGS = 5;
/** Intervals after which a read that has not ended is told. */
const LATE_INTERVALS = 2;

/**
 * Reads what is read at intervals: in three tiers, each read within a budget
 * of time on the application's thread.
 *
 * A pull is read for the first time at the next tick, then in the tick of its
 * period where fewest others of its tier are, so that the slower tiers do not
 * all come together. When its usual time (the median of the last five reads)
 * is over its budget, or once by far, it is *demoted*: read in the next slower tier. It is
 * *promoted* again after six reads in a row within half its budget, twelve the
 * next time, then 24, so that one at the edge does not go back and forth. One whose read
 * hangs is not read again until it has ended; one that failed ten times is
 * switched off.
 */
export class Pulls {
  /** Time of the application's thread that reads have taken so far, seconds. */
  spentSeconds = 0;
  readonly #context: PullsContext;
  readonly #entries = new Set<Entry>();
  #tick = 0;

  constructor(context: PullsContext) {
    this.#context = context;
  }

  /** Adds a pull and reads it for the first time at the next tick. Returns how to end it. */
  add(pull: Pull): () => void {
    const budgetMs = pull.budgetMs ?? DEFAULT_BUDGET_MS;
    const entry: Entry = {
      pull,
      budgetMs,
      times: new PullTimes(budgetMs),
      at: pull.tier,
      slot: null,
      demotions: 0,
      reads: 0,
      failures: 0,
      readAt: null,
      busySince: null,
    };
    this.#entries.add(entry);
    return () => {
      this.#entries.delete(entry);
    };
  }

  /** Reads what is due; called before each snapshot. */
  tick(): void {
    this.#tick++;
    for (const entry of this.#entries) if (this.#isDue(entry)) this.#read(entry);
  }

  /** How each of them fares. */
  rows(): readonly CollectorRow[] {
    return [...this.#entries].map((entry) => ({
      name: entry.pull.name.slice(0, 64),
      tier: entry.pull.tier,
      at: entry.at,
      intervalMs: this.#intervalMs(entry.at),
      budgetSeconds: entry.budgetMs / 1000,
      seconds: entry.times.mean() / 1000,
      reads: entry.reads,
      failures: entry.failures,
      readAt: entry.readAt,
      note: this.#noteOf(entry),
    }));
  }

  #isDue({ at, slot, busySince, failures }: Entry): boolean {
    if (busySince !== null || failures >= BREAKER_LIMIT) return false;
    return slot === null || this.#tick % this.#period(at) === slot;
  }

  #read(entry: Entry): void {
    const { guard, hr, now } = this.#context;
    const begin = hr();
    entry.slot ??= this.#freeSlot(entry.at);
    entry.busySince = begin;
    const done = (): void => {
      entry.busySince = null;
      entry.reads++;
      entry.readAt = now();
    };
    const failed = (error: unknown): void => {
      entry.busySince = null;
      entry.failures++;
      guard.fault("gauge", error, entry.pull.name);
    };
    try {
      const result = entry.pull.read();
      if (result === undefined) done();
      else result.then(done, failed);
    } catch (error) {
      failed(error);
    }
    const tookMs = hr() - begin;
    this.spentSeconds += tookMs / 1000;
    entry.times.add(tookMs);
    this.#judge(entry);
  }

  #judge(entry: Entry): void {
    const { times, demotions, at, pull } = entry;
    const place = TIERS.indexOf(at);
    const slower = TIERS[place + 1];
    if (slower !== undefined && times.isOver()) {
      entry.demotions++;
      this.#move(entry, slower);
      return;
    }
    const faster = TIERS[place - 1];
    if (at === pull.tier || faster === undefined) return;
    const enough = GOOD_READS * 2 ** Math.min(demotions - 1, MAX_DOUBLINGS);
    if (times.good >= enough) this.#move(entry, faster);
  }

  #move(entry: Entry, at: Tier): void {
    entry.at = at;
    entry.times.forget();
    entry.slot = null;
    entry.slot = this.#freeSlot(at);
  }

  /** The tick of a tier's period where fewest are; of the empty ones the first that comes after this tick. */
  #freeSlot(at: Tier): number {
    const period = this.#period(at);
    const taken = new Array<number>(period).fill(0);
    for (const { at: tier, slot } of this.#entries) {
      if (slot === null) continue;
      // One of another period meets this one's slot once in a while; the same tier each time.
      if (tier === at) taken[slot] = (taken[slot] as number) + 1;
    }
    let best = this.#tick % period;
    for (let step = 0; step < period; step++) {
      const slot = (this.#tick + step) % period;
      if ((taken[slot] as number) < (taken[best] as number)) best = slot;
    }
    return best;
  }

  /** Ticks between two reads of a tier. */
  #period(at: Tier): number {
    const { tierMs } = this.#context;
    return Math.max(1, Math.round(tierMs[at] / tierMs.fast));
  }

  #intervalMs(at: Tier): number {
    return this.#period(at) * this.#context.tierMs.fast;
  }

  #noteOf({ pull, at, budgetMs, times, failures, busySince }: Entry): string | null {
    const { guard, hr } = this.#context;
    if (failures >= BREAKER_LIMIT) return `switched off after ${BREAKER_LIMIT} faults`;
    const waitedMs = busySince === null ? 0 : hr() - busySince;
    if (waitedMs > LATE_INTERVALS * this.#intervalMs(at)) return `a read has not ended for ${seconds(waitedMs)}`;
    const note = guard.run("gauge", () => pull.note?.() ?? null, null, pull.name);
    if (note !== null) return note.slice(0, 256);
    // What belongs to the slowest tier has none to be moved to; it is told all the same.
    return at === pull.tier && !times.isOver() ? null : `over its budget of ${budgetMs} ms`;
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
