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

const SHORT: Readonly<Record<LatencySource, string>> = { ack: "ack", handler: "handler", app: "app" };

/** The same in few words: `84 % handler, 16 % ack`. */
export function nameSource(rates: SourceRates): string {
  return listSources(rates, SHORT) ?? "none timed in 1 min";
}

const WORDS: Readonly<Record<LatencySource, string>> = {
  ack: "to the ack",
  handler: "to the handler's return",
  app: "as the app reports it",
};

/** What the latency shown is a latency of: `84 % to the handler's return, 16 % to the ack`. */
export function describeSource(rates: SourceRates): string {
  return listSources(rates, WORDS) ?? "nothing was timed in the last minute";
}

function listSources(rates: SourceRates, words: Readonly<Record<LatencySource, string>>): string | null {
  if ((rates.app ?? 0) > 0) return words.app;
  const measured = LATENCY_SOURCES.filter((source) => (rates[source] ?? 0) > 0);
  const total = measured.reduce((sum, source) => sum + (rates[source] ?? 0), 0);
  const [only] = measured;
  if (only === undefined) return null;
  if (measured.length === 1) return words[only];
  return measured
    .sort((a, b) => (rates[b] ?? 0) - (rates[a] ?? 0))
    .map((source) => `${join(share((rates[source] ?? 0) / total))} ${words[source]}`)
    .join(", ");
}
