import { type Labels, MAX_LABEL_LENGTH, OTHER } from "@wsight/protocol";
import type { Registry } from "../registry.ts";
import type { Counter, Distribution } from "./instruments.ts";

/** What is counted and timed of one event name in one direction. */
export interface EventEntry {
  readonly name: string;
  readonly messages: Counter;
  /** Payload sizes; made when the first is recorded. */
  size: Distribution | null;
  /** Handlers that threw; made with the first. */
  errors: Counter | null;
  /** Made when the first duration is recorded. */
  handler: Distribution | null;
  /** Dispatch to acknowledgement by the application, or emit to the client's. */
  ack: Distribution | null;
  /** Acknowledgements that did not come in time. */
  timeouts: Counter | null;
  /** Messages at the last sweep. */
  swept: number;
}

/** An entry in which nothing is counted yet. */
export function makeEntry(name: string, messages: Counter, size: Distribution | null): EventEntry {
  const swept = messages.value;
  return { name, messages, size, errors: null, handler: null, ack: null, timeouts: null, swept };
}

/** Share of the places that a sweep may free. */
const EVICTION_SHARE = 0.1;

/**
 * Event names of one server in one direction. Clients choose these names, so
 * there are at most `cap` of them; the rest share `_other`. Every 30 s, when
 * names had to share, the coldest tenth gives up its places: first come is no
 * privilege, and a flood of random names can't keep the real ones out.
 */
export class EventTable {
  /** Grows with every eviction: whoever caches entries by name drops them then. */
  version = 0;
  /** Messages that had to share `_other`. */
  overflowed = 0;
  readonly #entries = new Map<string, EventEntry>();
  readonly #registry: Registry;
  readonly #labels: Labels;
  readonly #direction: "in" | "out";
  readonly #kind: string;
  readonly #cap: number;
  #overflowAtSweep = 0;

  constructor(registry: Registry, options: { labels: Labels; direction: "in" | "out"; kind: string; cap: number }) {
    this.#registry = registry;
    this.#labels = options.labels;
    this.#direction = options.direction;
    this.#kind = options.kind;
    this.#cap = options.cap;
  }

  /** The entry of a name, or the shared one when all places are taken. */
  entry(given: string): EventEntry {
    // Names that only differ beyond what a label holds are one series, so they must be one entry.
    const name = given.length > MAX_LABEL_LENGTH ? given.slice(0, MAX_LABEL_LENGTH) : given;
    const known = this.#entries.get(name);
    if (known !== undefined) return known;
    if (this.#entries.size >= this.#cap && name !== OTHER) {
      this.overflowed++;
      return this.entry(OTHER);
    }
    const messages = this.#registry.counter("websocket.server.messages", {
      ...this.#labels,
      direction: this.#direction,
      kind: this.#kind,
      event: name,
    });
    const made = makeEntry(name, messages, null);
    this.#entries.set(name, made);
    return made;
  }

  /** Payload sizes of an event, bytes. */
  sizeOf(entry: EventEntry): Distribution {
    entry.size ??= this.#registry.histogram("websocket.server.message.size", {
      ...this.#labels,
      direction: this.#direction,
      event: entry.name,
    });
    return entry.size;
  }

  /** Counts a message whose handler threw. */
  countError(entry: EventEntry): void {
    this.#errors(entry).value++;
  }

  /** Records synchronous handler time, seconds. */
  recordHandler(entry: EventEntry, seconds: number, weight: number): void {
    this.#handler(entry).record(seconds, weight);
  }

  /** Records the time to an acknowledgement, seconds. */
  recordAck(entry: EventEntry, seconds: number, weight: number): void {
    this.#ack(entry).record(seconds, weight);
  }

  /** Counts an acknowledgement that did not come in time. */
  countTimeout(entry: EventEntry): void {
    this.#timeouts(entry).value++;
  }

  /** Frees the coldest places when names had to share since the last sweep. */
  sweep(): void {
    const crowded = this.overflowed > this.#overflowAtSweep;
    this.#overflowAtSweep = this.overflowed;
    const entries = [...this.#entries.values()].filter(({ name }) => name !== OTHER);
    if (crowded) {
      entries.sort((a, b) => growth(a) - growth(b));
      for (const entry of entries.slice(0, Math.ceil(this.#cap * EVICTION_SHARE))) this.#evict(entry);
      this.version++;
    }
    for (const entry of this.#entries.values()) entry.swept = entry.messages.value;
  }

  #evict(entry: EventEntry): void {
    const other = this.entry(OTHER);
    this.#entries.delete(entry.name);
    this.#registry.retireCounter(entry.messages, other.messages);
    if (entry.timeouts !== null) this.#registry.retireCounter(entry.timeouts, this.#timeouts(other));
    if (entry.errors !== null) this.#registry.retireCounter(entry.errors, this.#errors(other));
    if (entry.size !== null) this.#registry.retireHistogram(entry.size, this.sizeOf(other));
    if (entry.handler !== null) this.#registry.retireHistogram(entry.handler, this.#handler(other));
    if (entry.ack !== null) this.#registry.retireHistogram(entry.ack, this.#ack(other));
  }

  #errors(entry: EventEntry): Counter {
    entry.errors ??= this.#registry.counter("websocket.server.handler.errors", { ...this.#labels, event: entry.name });
    return entry.errors;
  }

  #handler(entry: EventEntry): Distribution {
    entry.handler ??= this.#registry.histogram("websocket.server.handler.duration", {
      ...this.#labels,
      event: entry.name,
    });
    return entry.handler;
  }

  #ack(entry: EventEntry): Distribution {
    entry.ack ??= this.#registry.histogram("websocket.server.ack.duration", {
      ...this.#labels,
      side: this.#direction === "in" ? "server" : "client",
      event: entry.name,
    });
    return entry.ack;
  }

  #timeouts(entry: EventEntry): Counter {
    entry.timeouts ??= this.#registry.counter("websocket.server.ack.timeouts", { ...this.#labels, event: entry.name });
    return entry.timeouts;
  }
}

/** Messages since the last sweep; a count below the last one was reset. */
function growth({ messages, swept }: EventEntry): number {
  return messages.value < swept ? messages.value : messages.value - swept;
}
