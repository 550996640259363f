import type { Figure, MonitorCount, NetworkMetrics, Selector } from "@wsight/protocol";
import type { CompiledSelectors, CurrentView } from "../../current-view.ts";
import { compileDistribution, compileNamed, countOf, orZero, shareOf, tidy, WINDOW_SECONDS } from "./figures.ts";
import type { PayloadParts } from "./parts.ts";
import { orUnasked } from "./sources.ts";
import { sumOf } from "./totals.ts";

const METRIC = "http.server.request.duration";
const CODE = "http.response.status_code";
/** Codes, and methods, that are told apart. */
const MAX_KEYS = 32;
/** Codes that are looked at for the share of errors: more than one server tells. */
const MAX_CODES = 256;

/** Prepares `network-metrics`. */
export function createNetwork(parts: PayloadParts): () => Omit<NetworkMetrics, "timestamp"> {
  const { current, sources, totals, windows } = parts;
  const { medium: window } = windows;
  const io = (direction: string) => ({
    metric: "http.server.io",
    where: { "network.io.direction": direction },
  });
  const read = compileNamed(current, {
    requests: { metric: METRIC, agg: "rate", window },
    active: { metric: "http.server.active_requests", agg: "sum" },
    aborted: { metric: "http.server.aborted_requests", agg: "rate", window },
    abortedTotal: { metric: "http.server.aborted_requests", agg: "total" },
    connections: { metric: "http.server.active_connections", agg: "sum" },
    received: { ...io("receive"), agg: "rate", window },
    receivedTotal: { ...io("receive"), agg: "total" },
    sent: { ...io("transmit"), agg: "rate", window },
    sentTotal: { ...io("transmit"), agg: "total" },
  });
  const times = compileDistribution(current, METRIC);
  const codes = new Rates(current, CODE, window);
  const codesLately = new Rates(current, CODE, WINDOW_SECONDS);
  const methods = new Rates(current, "http.request.method", window);
  return () => {
    const values = read();
    const counted = totals();
    const total = sumOf(counted.methods);
    const source = orUnasked(sources().network, counted.methods.size > 0, values.requests >= 0);
    const { known, status, latencyMs, members } = source;
    const figure = (value: number): Figure => (known ? tidy(value) : null);
    return {
      status,
      latencyMs,
      components: members,
      requests: countOf(known, total, values.requests),
      activeRequests: figure(values.active),
      abortedRequests: countOf(known, values.abortedTotal, values.aborted),
      responseTimeMs: times(known),
      statusCodes: known ? codes.counts(counted.statusCodes) : null,
      methods: known ? methods.counts(counted.methods) : null,
      errorRatio: known ? codesLately.shareOfErrors(counted.statusCodes) : null,
      connections: figure(values.connections),
      receivedBytes: countOf(known, values.receivedTotal, values.received),
      sentBytes: countOf(known, values.sentTotal, values.sent),
    };
  };
}

/** Rates of requests by one of their labels; prepared anew when a value comes that was not there before. */
class Rates {
  readonly #current: Pick<CurrentView, "at" | "compile">;
  readonly #label: string;
  readonly #window: number;
  #prepared: { readonly key: string; readonly compiled: CompiledSelectors } = { key: "", compiled: NONE };

  constructor(current: Pick<CurrentView, "at" | "compile">, label: string, window: number) {
    this.#current = current;
    this.#label = label;
    this.#window = window;
  }

  /** The most frequent by themselves, the others together. */
  counts(totals: ReadonlyMap<string, number>): Record<string, MonitorCount> {
    const names = [...totals.keys()].sort((a, b) => (totals.get(b) ?? 0) - (totals.get(a) ?? 0));
    const shown = names.slice(0, MAX_KEYS).sort();
    const rates = this.#rates(shown);
    const rest = names.slice(MAX_KEYS).reduce((sum, name) => sum + (totals.get(name) ?? 0), 0);
    return {
      ...Object.fromEntries(shown.map((name, i) => [name, countOf(true, totals.get(name), rates[i])])),
      ...(rest > 0 ? { other: { total: rest, perSecond: null } } : {}),
    };
  }

  /** Of status codes: how many of the last minute's are of 500 and above. */
  shareOfErrors(totals: ReadonlyMap<string, number>): Figure {
    const names = [...totals.keys()].slice(0, MAX_CODES);
    const rates = this.#rates(names);
    const sum = (failed: boolean): number =>
      names.reduce((all, name, i) => all + (/^[5-9]/.test(name) === failed ? orZero(rates[i]) : 0), 0);
    return shareOf(sum(true), sum(false));
  }

  #rates(names: readonly string[]): Float64Array {
    const key = names.join(" ");
    if (key !== this.#prepared.key) {
      const selectors = names.map(
        (name): Selector => ({ metric: METRIC, agg: "rate", where: { [this.#label]: name }, window: this.#window }),
      );
      this.#prepared = { key, compiled: this.#current.compile(selectors) };
    }
    return this.#prepared.compiled.evaluate(this.#current.at ?? 0);
  }
}

const NONE: CompiledSelectors = { evaluate: () => new Float64Array(0) };
