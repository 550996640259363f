import { WsightError } from "@wsight/protocol";
import type { StoredSeries, TierExtent } from "../store/reader.ts";
import type { Span } from "./spans.ts";

/** Most numbers that one question may read. */
const MAX_COST = 40_000_000;
/** What reading and merging one distribution costs, in numbers. */
const HISTOGRAM_COST = 100;
/** Most values of an answer. */
const MAX_VALUES = 1_000_000;

/** Adds up what a question would read, before it reads. */
export class Cost {
  readonly #extents: readonly TierExtent[];
  #numbers = 0;

  constructor(extents: readonly TierExtent[]) {
    this.#extents = extents;
  }

  /**
   * Counts series that will be read.
   * @throws WsightError `BAD_REQUEST` when it becomes too much, saying what to change
   */
  add(series: readonly StoredSeries[], span: Span, histograms: boolean): void {
    const { tierMs } = span;
    const extent = this.#extents.find(({ stepMs }) => stepMs === tierMs);
    const fromAt = Math.max(span.fromAt, extent?.oldestAt ?? span.fromAt);
    const toAt = Math.min(span.toAt, (extent?.newestAt ?? fromAt - tierMs) + tierMs);
    const intervals = Math.max(0, toAt - fromAt) / tierMs;
    this.#numbers += series.length * intervals * (histograms ? HISTOGRAM_COST : 1);
    if (this.#numbers <= MAX_COST) return;
    const times = Math.ceil(this.#numbers / MAX_COST);
    throw new WsightError(
      "BAD_REQUEST",
      `history: ${series.length} series at ${tierMs / 1000} s would be read, about ${times} times more than one question may. ` +
        "Ask for a shorter time, a larger stepMs, or fewer series (where, nodes)",
      { details: { series: series.length, intervals: Math.ceil(intervals), times } },
    );
  }
}

/** @throws WsightError `BAD_REQUEST` for an answer of too many values */
export function checkAnswer(lines: number, cells: number): void {
  if (lines * cells <= MAX_VALUES) return;
  throw new WsightError(
    "BAD_REQUEST",
    `history: ${lines} lines of ${cells} intervals are more than the ${MAX_VALUES} values of an answer. ` +
      "Ask for fewer selectors, a smaller top, fewer points or a larger stepMs",
    { details: { lines, intervals: cells, most: MAX_VALUES } },
  );
}
