import type { MetricUnit } from "../catalogue.ts";
import type { HistoryAggregate } from "../history.ts";
import type { Labels } from "../series.ts";

/** One part of an indicator: what is taken of a metric of the catalogue. Counters and histograms give their growth within the window. */
export interface IndicatorTerm {
  readonly metric: string;
  readonly agg: HistoryAggregate;
  readonly where?: Labels;
}

/**
 * A figure made of several metrics. `ratio`: `of` events among `per` events, both counted over the window; its
 * statistics are known (Wilson) · `quotient`: one reading by another · `spread`: the largest node's `of` by the mean of all nodes'.
 */
export interface Indicator {
  readonly name: string;
  readonly kind: "ratio" | "quotient" | "spread";
  readonly unit: MetricUnit;
  /** Added up. */
  readonly of: readonly IndicatorTerm[];
  /** Added up; empty for `spread`. */
  readonly per: readonly IndicatorTerm[];
  /** Of a ratio: tell the share that is not `of` (a success ratio, of failures). @default false */
  readonly inverted?: boolean;
  /** Attributes that it can be grouped by beside `node` and `service`: those that all its terms have. */
  readonly attributes: readonly string[];
  readonly help: string;
}

/** Every indicator there is. */
export const INDICATORS: readonly Indicator[] = [
  {
    name: "websocket.server.error_ratio",
    kind: "ratio",
    unit: "1",
    of: [
      { metric: "websocket.server.handler.errors", agg: "increase" },
      { metric: "websocket.server.ack.timeouts", agg: "increase" },
    ],
    per: [{ metric: "websocket.server.messages", agg: "increase" }],
    attributes: ["ws.library", "ws.server", "event"],
    help: "Handlers that threw and acknowledgements that never came, among all messages",
  },
];

/** The indicator of a name. */
export function findIndicator(name: string): Indicator | undefined {
  return INDICATORS.find((indicator) => indicator.name === name);
}
