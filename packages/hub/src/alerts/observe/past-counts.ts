import type { AlertRule, HistoryAnswer, HistoryQuery, HistorySelector, Indicator, Labels } from "@wsight/protocol";
import type { LongCounts } from "./burn-watch.ts";
import { keyOf } from "./figure.ts";
import { ratioOf } from "./figures.ts";
import type { RatioCounts } from "./ratio.ts";
import { RatioFigure } from "./ratio-figure.ts";
import type { WindowSource } from "./term.ts";

/** Windows from this length on are asked for every five minutes, others every minute. */
const LONG_SECONDS = 6 * 3600;
/** History has a second at the latest so many seconds after it was. */
const LATE_SECONDS = 60;
/** Most label sets that history is asked for. */
const MOST_LINES = 500;

/** Events of one window up to a second that history knows. */
interface Past {
  readonly until: number;
  readonly counts: ReadonlyMap<string, RatioCounts>;
}

/** Asks history; the answer comes later, `null` when it can't be read. */
export type AskHistory = (query: HistoryQuery) => Promise<HistoryAnswer | null>;

/** What counts over long windows are made from. */
export interface PastParts {
  readonly source: WindowSource;
  /** Longest window of the source, seconds. */
  readonly reachSec: number;
  readonly ask: AskHistory;
}

/**
 * Counts over windows longer than the source reaches: history is asked for the
 * older part now and then, the newest minutes are read from the source.
 */
export class PastCounts implements LongCounts {
  readonly #rule: AlertRule;
  readonly #indicator: Indicator;
  readonly #parts: PastParts;
  readonly #figure: RatioFigure;
  readonly #pasts = new Map<number, Past>();
  readonly #labels = new Map<string, Labels>();
  readonly #asking = new Set<number>();

  constructor(rule: AlertRule, parts: PastParts) {
    this.#rule = rule;
    this.#parts = parts;
    this.#indicator = { ...ratioOf(rule.metric), inverted: false };
    this.#figure = new RatioFigure(parts.source, this.#indicator, rule.filter, rule.groupBy, parts.reachSec);
  }

  counts(second: number, seconds: number): ReadonlyMap<string, RatioCounts> {
    this.#refresh(second, seconds);
    const past = this.#pasts.get(seconds);
    // What lies between history and what the source still holds is lost: better nothing than too little.
    if (past === undefined || second - past.until > this.#parts.reachSec || second < past.until) return new Map();
    const counts = new Map(past.counts);
    for (const { key, part, whole } of this.#figure.rowsOver(second, second - past.until)) {
      if (whole === 0) continue;
      const before = counts.get(key);
      counts.set(key, { bad: part + (before?.bad ?? 0), total: whole + (before?.total ?? 0) });
    }
    return counts;
  }

  labels(): ReadonlyMap<string, Labels> {
    return this.#labels;
  }

  #refresh(second: number, seconds: number): void {
    const every = seconds >= LONG_SECONDS ? 300 : 60;
    // Seconds up to and without a full minute, so that coarse tiers can answer.
    const until = Math.floor((second - LATE_SECONDS) / every) * every - 1;
    if (this.#asking.has(seconds) || this.#pasts.get(seconds)?.until === until) return;
    this.#asking.add(seconds);
    void this.#read(until, seconds).finally(() => this.#asking.delete(seconds));
  }

  async #read(until: number, seconds: number): Promise<void> {
    const { of, per } = this.#indicator;
    const { groupBy, filter } = this.#rule;
    const selectors = [...of, ...per].map(
      ({ metric, agg, where }): HistorySelector => ({
        metric,
        agg,
        where: { ...filter.where, ...where },
        ...(filter.nodes === undefined ? {} : { nodes: filter.nodes }),
        by: groupBy,
        top: MOST_LINES,
      }),
    );
    const toAt = (until + 1) * 1000;
    const stepMs = seconds >= LONG_SECONDS ? 300_000 : 60_000;
    const answer = await this.#parts.ask({ selectors, fromAt: toAt - seconds * 1000, toAt, stepMs });
    if (answer === null) return;
    const bad = this.#sum(answer.results.slice(0, of.length));
    const all = this.#sum(answer.results.slice(of.length));
    const counts = new Map<string, RatioCounts>();
    for (const [key, total] of all) {
      if (total > 0) counts.set(key, { bad: Math.min(total, bad.get(key) ?? 0), total });
    }
    this.#pasts.set(seconds, { until, counts });
  }

  #sum(results: HistoryAnswer["results"]): ReadonlyMap<string, number> {
    const sums = new Map<string, number>();
    for (const { lines } of results) {
      for (const { labels, whole } of lines) {
        const key = keyOf(labels, this.#rule.groupBy);
        this.#labels.set(key, labels);
        sums.set(key, (sums.get(key) ?? 0) + (whole ?? 0));
      }
    }
    return sums;
  }
}
