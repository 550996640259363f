import type { HistoryEvent } from "@wsight/protocol";
import type { Analyses, Analysis } from "../../analysis/analyses.ts";
import type { Page, PageCursor, PageQuery } from "../blocks/read-page.ts";
import { encodeRows } from "../blocks/rows.ts";
import { type PackedSamples, type PackedSeries, SamplePacker, SampleUnpacker } from "../pack.ts";
import type { Sample } from "../sample.ts";
import { checkNode } from "../storable.ts";
import type { Store, StoreQuery, StoreStats } from "../store.ts";
import type { StoreEvent } from "../store-event.ts";
import type { AppendRows, Asked, ProcessOptions } from "./messages.ts";
import { createProcessLink, type ProcessLink } from "./process-link.ts";

/** Rows of one page: about a millisecond of the caller's event loop. */
const PAGE_ROWS = 2_000;
/** Series whose numbers are remembered; beyond it all are named again. */
const MAX_NAMED = 100_000;

/** A store in a process of its own. */
export interface ProcessStore extends Store {
  /** Id of the process that holds the database; `null` while there is none. */
  readonly pid: number | null;
  /** Resolves when the database can be used. @throws WsightError `STORE_UNAVAILABLE` saying why not */
  check(): Promise<void>;
}

/** How a store's process is started, and who hears of it. */
export interface ProcessStoreOptions extends ProcessOptions {
  /** For people. */
  readonly name: string;
  /** Leave opening the database to the first call, which may be some way off. @default false */
  readonly later?: boolean;
  /** Told of what happens beside the calls: damage, failed opens, restarts. */
  readonly onEvent?: ((event: StoreEvent) => void) | undefined;
}

/**
 * Starts the store's process, so that the caller's event loop never waits for
 * a disk or a long answer, and nothing that befalls the database befalls the
 * caller. It always opens: where the database can't be used, `onEvent` hears
 * of it, every call rejects with `STORE_UNAVAILABLE`, and each tries again.
 */
export async function openProcessStore({
  name,
  later = false,
  onEvent,
  ...options
}: ProcessStoreOptions): Promise<ProcessStore> {
  const setAside: string[] = [];
  const report = (event: StoreEvent): void => {
    if (event.type === "set-aside") setAside.push(event.movedTo);
    try {
      onEvent?.(event);
    } catch {
      // A faulty listener is its owner's concern; the store goes on.
    }
  };
  const link = createProcessLink(options, report);
  if (!later)
    await link.call("open", null).catch((error: Error) => report({ type: "unavailable", reason: error.message }));
  return new LinkedStore(name, link, setAside);
}

class LinkedStore implements ProcessStore {
  readonly name: string;
  readonly #link: ProcessLink;
  readonly #setAside: readonly string[];
  readonly #packer = new SamplePacker();
  readonly #numbers = new SeriesNumbers();

  constructor(name: string, link: ProcessLink, setAside: readonly string[]) {
    this.name = name;
    this.#link = link;
    this.#setAside = setAside;
  }

  get pid(): number | null {
    return this.#link.pid;
  }

  async check(): Promise<void> {
    await this.#link.call("open", null);
  }

  async append(samples: readonly Sample[]): Promise<void> {
    await this.appendPacked(this.#packer.pack(samples));
  }

  async appendPacked(samples: PackedSamples): Promise<void> {
    if (samples.histogramSizes.length === 0) return;
    const argument = this.#numbers.name(samples.series, encodeRows(samples), this.#link.started);
    try {
      await this.#link.call("append", argument);
    } catch (error) {
      // Whether the process heard of the names is not known.
      if (argument.names.length > 0) this.#numbers.forget();
      throw error;
    }
  }

  async appendEvents(events: readonly HistoryEvent[]): Promise<void> {
    if (events.length > 0) await this.#link.call("appendEvents", events);
  }

  async *read(query: StoreQuery, options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<readonly Sample[]> {
    const { metrics = null, node = null, fromAt, toAt, stepMs } = query;
    const unpacker = new SampleUnpacker();
    let after: PageCursor | null = null;
    do {
      const page: PageQuery = { metrics, node, fromAt, toAt, stepMs, after, rows: PAGE_ROWS };
      const answer: Page = await this.#link.call("page", page, options.signal);
      const samples: Sample[] = [];
      unpacker.unpack(answer.samples, samples);
      if (samples.length > 0) yield samples;
      options.signal?.throwIfAborted();
      after = answer.next;
    } while (after !== null);
  }

  async ask<A extends Analysis>(
    analysis: A,
    argument: Analyses[A]["argument"],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Analyses[A]["answer"]> {
    const asked = { analysis, argument } as Asked;
    return (await this.#link.call("ask", asked, options.signal)) as Analyses[A]["answer"];
  }

  async prune(now: number): Promise<void> {
    await this.#link.call("prune", now);
  }

  async stats(): Promise<StoreStats> {
    return { ...(await this.#link.call("stats", null)), setAside: [...this.#setAside] };
  }

  async backup(path: string): Promise<void> {
    await this.#link.call("backup", path);
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}

/** Numbers for the series that a process was told the names of, so that each is named once. */
class SeriesNumbers {
  readonly #byName = new Map<string, number>();
  #byObject = new WeakMap<PackedSeries, number>();
  #process = 0;

  /** Names all series again. */
  forget(): void {
    this.#byName.clear();
    this.#byObject = new WeakMap();
  }

  /**
   * Rows for the process of that number, which was told what the ones before did.
   * @throws WsightError `BAD_REQUEST` for a name that can't be kept
   */
  name(series: readonly PackedSeries[], rows: Uint8Array, process: number): AppendRows {
    if (process !== this.#process || this.#byName.size > MAX_NAMED) {
      this.#process = process;
      this.forget();
    }
    for (const named of series) if (!this.#byObject.has(named)) checkNode(named);
    const names: [number, PackedSeries][] = [];
    const numbers = new Uint32Array(series.length);
    series.forEach((named, index) => {
      numbers[index] = this.#byObject.get(named) ?? this.#numberOf(named, names);
    });
    return { names, series: numbers, rows };
  }

  #numberOf(named: PackedSeries, names: [number, PackedSeries][]): number {
    const text = `${named.node}\n${named.key}`;
    let number = this.#byName.get(text);
    if (number === undefined) {
      number = this.#byName.size;
      this.#byName.set(text, number);
      names.push([number, named]);
    }
    this.#byObject.set(named, number);
    return number;
  }
}
