import {
  COMPONENT_STALE_MS,
  type InitialData,
  METRIC_EVENT_TIERS,
  type MetricEvent,
  type MetricPayloads,
  type Tier,
} from "@wsight/protocol";
import type { CurrentView } from "../../current-view.ts";
import { createBasic } from "./basic.ts";
import { createCache } from "./cache.ts";
import { createDatabase } from "./database.ts";
import { createHosts } from "./hosts.ts";
import { createInitial } from "./initial.ts";
import { createNetwork } from "./network.ts";
import type { PayloadOptions, PayloadParts } from "./parts.ts";
import { createSources } from "./sources.ts";
import { createSystem } from "./system.ts";
import { createTotals } from "./totals.ts";

/** What the live monitor tells, made from `current` as it stands. */
export interface Payloads {
  /** Of the newest second; made once for everybody who asks within it. */
  initial(): Omit<InitialData, "subscribed">;
  /** As it is now. */
  make<E extends MetricEvent>(event: E): MetricPayloads[E];
  /** The one made last, while it is of the newest second; else as it is now. */
  newest<E extends MetricEvent>(event: E): MetricPayloads[E];
}

/** Longest window that can be asked for, seconds. */
const MAX_WINDOW = 900;
const SECOND_MS = 1000;
/** Looks of the medium tier that a component may miss. */
const STALE_INTERVALS = 2.5;

/** Prepares all payloads; what they read is compiled once. */
export function createPayloads(options: PayloadOptions): Payloads {
  const { current, now, intervals } = options;
  const staleAfterMs = Math.max(COMPONENT_STALE_MS, STALE_INTERVALS * intervals.medium);
  const seconds = (tier: Tier): number => Math.min(MAX_WINDOW, Math.max(1, Math.ceil(intervals[tier] / 1000)));
  const parts: PayloadParts = {
    ...options,
    sources: createSources(current, now, staleAfterMs),
    totals: createTotals(current),
    hosts: createHosts(current),
    windows: { fast: seconds("fast"), medium: seconds("medium"), slow: seconds("slow") },
  };
  const makers: { readonly [E in MetricEvent]: () => Omit<MetricPayloads[E], "timestamp"> } = {
    "basic-metrics": createBasic(parts),
    "database-metrics": createDatabase(parts),
    "cache-metrics": createCache(parts),
    "network-metrics": createNetwork(parts),
    "system-metrics": createSystem(parts),
  };
  const initial = new Newest(options, createInitial(parts));
  const events = Object.fromEntries(
    Object.entries(makers).map(([event, make]) => [event, new Newest<object>(options, make)]),
  ) as unknown as { readonly [E in MetricEvent]: Newest<Omit<MetricPayloads[E], "timestamp">> };
  return {
    initial: () => initial.get(),
    make: (event) => events[event].make() as MetricPayloads[typeof event],
    newest: (event) => events[event].get() as MetricPayloads[typeof event],
  };
}

type Stamped<T> = T & { readonly timestamp: string };

/** The last of its kind, for all who ask within the same second. */
class Newest<T extends object> {
  readonly #current: Pick<CurrentView, "at">;
  readonly #now: () => number;
  readonly #make: () => T;
  #last: { readonly at: number | null; readonly madeAt: number; readonly payload: Stamped<T> } | null = null;

  constructor({ current, now }: PayloadOptions, make: () => T) {
    this.#current = current;
    this.#now = now;
    this.#make = make;
  }

  make(): Stamped<T> {
    const madeAt = this.#now();
    const payload = { timestamp: new Date(madeAt).toISOString(), ...this.#make() };
    this.#last = { at: this.#current.at, madeAt, payload };
    return payload;
  }

  get(): Stamped<T> {
    const last = this.#last;
    const isNew = last?.at === this.#current.at && Math.abs(this.#now() - last.madeAt) < SECOND_MS;
    return isNew ? last.payload : this.make();
  }
}

/** Events of a tier. */
export function eventsOf(tier: Tier): readonly MetricEvent[] {
  return (Object.keys(METRIC_EVENT_TIERS) as MetricEvent[]).filter((event) => METRIC_EVENT_TIERS[event] === tier);
}
