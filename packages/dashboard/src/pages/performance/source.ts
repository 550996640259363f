import { join, share } from "../../format/quantity.ts";
import type { LiveState } from "../../state/index.ts";
import {
  LATENCY_SOURCES,
  type LatencySelectors,
  type LatencySource,
  MEASURED,
  REPORTED,
  SOURCE_RATES,
} from "./selectors.ts";

/** Timed messages a second by source, over the last minute. */
export type SourceRates = Readonly<Record<LatencySource, number | null>>;

/** Reads the rates as of now. */
export function sourceRates(live: LiveState): SourceRates {
  const rate = (source: LatencySource) => live.series(SOURCE_RATES[source]).latest();
  return { ack: rate("ack"), handler: rate("handler"), app: rate("app") };
}

/** The application's own report, where there is one, counts alone; else everything measured. */
export function shownLatency(rates: SourceRates): LatencySelectors {
  return (rates.app ?? 0) > 0 ? REPORTED : MEASURED;
}

const WORDS: Readonly<Record<LatencySource, string>> = {
  ack: "to the ack",
  handler: "to the handler's return",
  app: "as the app reports it",
};

/** What the latency shown is a latency of: `84 % to the handler's return, 16 % to the ack`. */
export function describeSource(rates: SourceRates): string {
  if ((rates.app ?? 0) > 0) return WORDS.app;
  const measured = LATENCY_SOURCES.filter((source) => (rates[source] ?? 0) > 0);
  const total = measured.reduce((sum, source) => sum + (rates[source] ?? 0), 0);
  const [only] = measured;
  if (only === undefined) return "nothing was timed in the last minute";
  if (measured.length === 1) return WORDS[only];
  return measured
    .sort((a, b) => (rates[b] ?? 0) - (rates[a] ?? 0))
    .map((source) => `${join(share((rates[source] ?? 0) / total))} ${WORDS[source]}`)
    .join(", ");
}
