import { setImmediate as nextTurn } from "node:timers/promises";
import { type HistoryEvent, WsightError } from "@wsight/protocol";
import { ANALYSES, type Analyses, type Analysis } from "../../analysis/analyses.ts";
import type { HistoryReader } from "../reader.ts";
import type { StoreStats } from "../store.ts";
import { type BlockTables, TablesReplacedError } from "./block-tables.ts";
import { encodeHeadRow } from "./head-row.ts";
import { BlockHistoryReader } from "./history-reader.ts";
import { loadHistory } from "./load.ts";
import type { NamedSeries } from "./named-series.ts";
import type { OpenHistory, Report } from "./open-history.ts";
import { type Page, type PageQuery, readPage } from "./read-page.ts";
import { dropSteps, pruneSteps, type Step } from "./retention.ts";
import { OtherHistories } from "./shared/other-histories.ts";
import { SharedHistoryReader } from "./shared/shared-reader.ts";
import { SizeCap } from "./size-cap.ts";
import { tierStats } from "./stats.ts";
import { Upkeep } from "./upkeep.ts";
import { writeRows } from "./write-rows.ts";

/** After a failure in the background the next try waits this long, ms. */
const UPKEEP_PAUSE_MS = 10_000;

/** How the engine is set up. */
export interface EngineOptions {
  readonly tables: BlockTables;
  /** How long each tier is kept, ms. */
  readonly keepMs: readonly number[];
  /** See {@link SizeCap}; `null` for none. */
  readonly maxBytes: number | null;
  readonly report: Report;
}

interface Opened {
  readonly history: OpenHistory;
  readonly upkeep: Upkeep;
  readonly reader: HistoryReader;
}

/**
 * Tiers of history on any {@link BlockTables}. Writes take their turns one
 * after the other, each a transaction before it is a change in memory; reads
 * go on beside them. After any failure what is in memory is thrown away, and
 * the next call loads it again: there is one way back, and each start takes it.
 */
export class BlockEngine {
  readonly #options: EngineOptions;
  readonly #cap: SizeCap | null;
  #opened: Opened | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #upkeep: Promise<void> | null = null;
  #upkeepAfter = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#cap = options.maxBytes === null ? null : new SizeCap(options.maxBytes, options.report);
  }

  /** Opens the tables now rather than with the first call. */
  open(): Promise<void> {
    return this.#write(async () => undefined);
  }

  /** Keeps rows (see `encodeRows`) that name series by their place in a list of numbers. */
  async append(named: NamedSeries, numbers: Uint32Array, rows: Uint8Array): Promise<void> {
    await this.#write(async ({ history, upkeep }) => {
      const ids = await named.idsIn(history, numbers);
      const id = history.lastHeadId + 1;
      await history.tables.write({ addHead: { id, data: encodeHeadRow(ids, rows) } });
      history.lastHeadId = id;
      history.head.push({ id, windows: await writeRows(history, ids, rows, id) });
      while (upkeep.isBehind && (await upkeep.step()));
    });
    this.#maintain();
  }

  appendEvents(events: readonly HistoryEvent[]): Promise<void> {
    return this.#write(({ history }) => history.tables.appendEvents(events));
  }

  ask<A extends Analysis>(
    analysis: A,
    argument: Analyses[A]["argument"],
    signal: AbortSignal,
  ): Promise<Analyses[A]["answer"]> {
    return this.#read(({ reader }) => ANALYSES[analysis](reader, argument, signal));
  }

  page(query: PageQuery, signal: AbortSignal): Promise<Page> {
    return this.#read(({ history, reader }) => readPage(history, reader, query, signal));
  }

  /** Deletes what is older at `now` than it is kept, and what is more than fits. */
  async prune(now: number): Promise<void> {
    const { keepMs } = this.#options;
    const shortestMs = Math.min(...keepMs);
    while (await this.#write(({ upkeep }) => upkeep.moveBefore(now - shortestMs)));
    await this.#steps((history) => pruneSteps(history, keepMs, now));
    await this.#enforceCap();
  }

  stats(): Promise<Omit<StoreStats, "setAside">> {
    return this.#write(async ({ history }) => {
      const tiers = await tierStats(history);
      const { bytes, events } = await history.tables.sizes();
      const oldest = tiers.flatMap(({ oldestAt }) => (oldestAt === null ? [] : [oldestAt]));
      return {
        samples: tiers.reduce((sum, { samples }) => sum + samples, 0),
        events,
        bytes,
        oldestAt: oldest.length === 0 ? null : Math.min(...oldest),
        tiers,
        capped: this.#cap?.capped ?? [],
      };
    });
  }

  backup(path: string): Promise<void> {
    return this.#write(({ history }) => history.tables.backup(path));
  }

  /** Finishes what was accepted, and closes; a later call opens again. */
  async close(): Promise<void> {
    await this.#inTurn(() => this.#forget());
  }

  /** Work that changes something, in its turn. */
  #write<T>(work: (opened: Opened) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      try {
        return await this.#guarded(work);
      } catch (error) {
        if (!(error instanceof TablesReplacedError)) throw error;
        return this.#again(work);
      }
    });
  }

  /** Once more, on what the tables hold now; should another process write to them meanwhile again, with that kept out. */
  async #again<T>(work: (opened: Opened) => Promise<T>): Promise<T> {
    const { tables } = this.#options;
    try {
      return await this.#guarded(work);
    } catch (error) {
      if (!(error instanceof TablesReplacedError) || tables.alone === undefined) throw error;
      try {
        return await tables.alone(() => this.#guarded(work));
      } finally {
        // What was changed counts once `alone` said so, which memory can't know.
        await this.#forget();
      }
    }
  }

  async #guarded<T>(work: (opened: Opened) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#open());
    } catch (error) {
      if (!isRefusal(error)) await this.#forget();
      throw error;
    }
  }

  /** Work that only reads: beside others. */
  async #read<T>(work: (opened: Opened) => Promise<T>): Promise<T> {
    try {
      return await work(this.#opened ?? (await this.#inTurn(() => this.#open())));
    } catch (error) {
      if (!isOfTables(error)) throw error;
      await this.#inTurn(() => this.#forget());
      if (!(error instanceof TablesReplacedError)) throw error;
      return work(await this.#inTurn(() => this.#open()));
    }
  }

  async #open(): Promise<Opened> {
    if (this.#opened !== null) return this.#opened;
    const history = await loadHistory(this.#options.tables, this.#options.report);
    const { tables, report } = this.#options;
    const reader =
      tables.others === undefined
        ? new BlockHistoryReader(history)
        : new SharedHistoryReader(history, new OtherHistories(tables, report));
    this.#opened = { history, upkeep: new Upkeep(history), reader };
    return this.#opened;
  }

  async #forget(): Promise<void> {
    this.#opened = null;
    await this.#options.tables.close();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  #maintain(): void {
    if (this.#upkeep !== null || performance.now() < this.#upkeepAfter) return;
    this.#upkeep = this.#runUpkeep().finally(() => {
      this.#upkeep = null;
    });
  }

  async #runUpkeep(): Promise<void> {
    try {
      let moved = false;
      while (await this.#stepIfOpen()) moved = true;
      if (moved) await this.#enforceCap();
    } catch (error) {
      this.#upkeepAfter = performance.now() + UPKEEP_PAUSE_MS;
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.report({ type: "unavailable", reason });
    }
  }

  async #stepIfOpen(): Promise<boolean> {
    // Who asks something gets a turn of the event loop between two steps.
    await nextTurn();
    return this.#inTurn(async () => {
      if (this.#opened === null) return false;
      return this.#guarded(({ upkeep }) => upkeep.step());
    });
  }

  async #steps(make: (history: OpenHistory) => AsyncGenerator<Step>): Promise<void> {
    const begun = await this.#write(async ({ history }) => history);
    for await (const step of make(begun)) {
      await this.#write(async ({ history }) => {
        if (history !== begun)
          throw new WsightError("STORE_UNAVAILABLE", "history: the store was opened anew; try again");
        await step();
      });
    }
  }

  async #enforceCap(): Promise<void> {
    const cap = this.#cap;
    if (cap === null) return;
    for (;;) {
      const drop = await this.#write(({ history }) => cap.next(history));
      if (drop === null) return;
      await this.#steps((history) => dropSteps(history, drop.tier, drop.beforeAt));
      cap.note(drop);
    }
  }
}

/** The tables failed, not what was asked of them. */
function isOfTables(error: unknown): boolean {
  if (error instanceof WsightError) return error.code === "STORE_UNAVAILABLE";
  return error instanceof TablesReplacedError;
}

/** What was asked was wrong, or nobody waits for it any more: the store itself is well. */
function isRefusal(error: unknown): boolean {
  if (error instanceof WsightError) return error.code !== "STORE_UNAVAILABLE";
  return error instanceof Error && error.name === "AbortError";
}
