import { batch, effect, type ReadonlySignal, type Signal, untracked } from "@preact/signals";
import {
  type HistoryAnswer,
  type HistorySelector,
  MAX_HISTORY_SELECTORS,
  type Selector,
  selectorKey,
  WsightError,
} from "@wsight/protocol";
import type { Clock } from "../connection/environment.ts";
import { pastOf } from "../history/past-of.ts";
import type { HistoryApi } from "../pages/history/history-api.ts";
import type { LiveState, PastTable, TimeRange } from "../state/index.ts";
import { PastGrid, rowOf, tableKey } from "./past-grid.ts";
import { readTables } from "./read-tables.ts";

/** A range that is still being dragged is not asked for, ms. */
const SETTLE_MS = 40;
/** Most intervals of an answer. */
const POINTS = 600;
/** Questions on their way at once. */
const AT_ONCE = 3;
/** What could not be read is asked for again after this, ms; twice as long each further time. */
const RETRY_MS = 1500;
const LONGEST_RETRY_MS = 30_000;
/** Asked again, these would be answered as before. */
const FINAL: ReadonlySet<string> = new Set(["BAD_REQUEST", "FORBIDDEN", "UNAUTHENTICATED"]);
/** The newest part of history is still being written, ms. */
const FRESH_MS = 10_000;
/** Stretches that are kept to go back to. */
const KEPT = 4;

/** What is to be shown of a time. */
interface Wanted {
  readonly range: TimeRange;
  readonly selectors: readonly Selector[];
  readonly tables: readonly PastTable[];
  /** Whose tables; `null` for all. */
  readonly node: string | null;
}

/** What a {@link PastReader} works on. */
export interface PastReaderParts {
  readonly live: Pick<LiveState, "past" | "reading" | "selectors" | "pastTables" | "node">;
  /** The time to look at; `null` for now. */
  readonly range: ReadonlySignal<TimeRange | null>;
  /** Set to why it could not be read. */
  readonly fault: Signal<WsightError | null>;
  readonly api: Pick<HistoryApi, "query">;
  readonly clock: Pick<Clock, "setTimeout" | "clearTimeout" | "now">;
}

/**
 * Brings the page to the time of its address: whenever the range or what is on
 * screen changes, everything that is not held is asked for in one go, what was
 * under way is given up, and the page moves when all answers are there. Until
 * then it shows what it showed.
 */
export class PastReader {
  readonly #parts: PastReaderParts;
  readonly #kept = new Map<string, PastGrid>();
  readonly #stop: () => void;
  #timer: unknown = null;
  #abort: AbortController | null = null;
  /** What is on its way: the range and the selectors. */
  #asked = "";
  /** Attempts in a row that brought nothing. */
  #failed = 0;

  constructor(parts: PastReaderParts) {
    this.#parts = parts;
    this.#stop = effect(() => this.#follow(this.#wanted()));
  }

  /** Asks again for what could not be read. */
  retry(): void {
    this.#asked = "";
    this.#follow(untracked(() => this.#wanted()));
  }

  /** Gives up what is under way and lets the page look at now; safe to call twice. */
  close(): void {
    this.#stop();
    this.#giveUp();
    this.#parts.live.past.value = null;
  }

  #wanted(): Wanted | null {
    const { range, live } = this.#parts;
    const wanted = { selectors: live.selectors.value, tables: live.pastTables.value, node: live.node.value };
    return range.value === null ? null : { ...wanted, range: range.value };
  }

  #follow(wanted: Wanted | null): void {
    const asked = wanted === null ? "" : textOf(wanted);
    if (asked !== "" && asked === this.#asked) return;
    this.#giveUp();
    this.#asked = asked;
    this.#failed = 0;
    const { live, fault } = this.#parts;
    fault.value = null;
    if (wanted === null) live.past.value = null;
    if (wanted === null || wanted.selectors.length === 0) return;
    const held = this.#kept.get(nameOf(wanted.range));
    if (held !== undefined && hasAll(held, wanted)) {
      live.past.value = held;
      return;
    }
    live.reading.value = true;
    this.#timer = this.#parts.clock.setTimeout(() => this.#read(wanted, held ?? null), SETTLE_MS);
  }

  #giveUp(): void {
    if (this.#timer !== null) this.#parts.clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#abort?.abort();
    this.#abort = null;
    this.#parts.live.reading.value = false;
  }

  async #read(wanted: Wanted, held: PastGrid | null): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    const { live, fault } = this.#parts;
    try {
      const grid = await this.#complete(wanted, held, abort.signal);
      if (abort.signal.aborted) return;
      this.#keep(wanted.range, grid);
      this.#failed = 0;
      batch(() => {
        fault.value = null;
        live.past.value = grid;
      });
    } catch (error) {
      if (abort.signal.aborted) return;
      const told = error instanceof WsightError ? error : new WsightError("INTERNAL", String(error));
      fault.value = told;
      if (!FINAL.has(told.code)) this.#readLater(wanted);
    }
    live.reading.value = false;
  }

  /** What is held, with what is missing of series and then, on the grid that these have, of tables. */
  async #complete(wanted: Wanted, held: PastGrid | null, signal: AbortSignal): Promise<PastGrid> {
    const { range, node } = wanted;
    const missing = wanted.selectors.filter((selector) => held === null || !held.has(selectorKey(selector)));
    const grid = held !== null && missing.length === 0 ? held : await this.#ask(range, missing, held, signal);
    const tables = wanted.tables.filter((name) => !grid.hasTable(tableKey(name, node)));
    if (tables.length === 0 || signal.aborted) return grid;
    return grid.withTables(await readTables(this.#parts.api, { grid, tables, node }, signal));
  }

  /** A hub that has just started is still opening its history. */
  #readLater(wanted: Wanted): void {
    const waitMs = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** this.#failed++);
    const held = this.#kept.get(nameOf(wanted.range)) ?? null;
    this.#timer = this.#parts.clock.setTimeout(() => this.#read(wanted, held), waitMs);
  }

  async #ask(
    range: TimeRange,
    selectors: readonly Selector[],
    held: PastGrid | null,
    signal: AbortSignal,
  ): Promise<PastGrid> {
    const { toAsk, keys } = distinct(selectors);
    const answers: HistoryAnswer[] = [];
    const parts = chunks(toAsk);
    for (let i = 0; i < parts.length; i += AT_ONCE) {
      const some = parts.slice(i, i + AT_ONCE);
      answers.push(...(await Promise.all(some.map((part) => this.#query(range, part, held, signal)))));
    }
    const grid = held ?? new PastGrid(answers[0] as HistoryAnswer, new Map());
    const lines = answers.flatMap((answer) => answer.results.map(({ lines: [line] }) => ({ answer, line })));
    const rows = new Map(
      selectors.map((selector) => {
        const found = lines[keys.get(selectorKey(selector)) ?? -1];
        return [selectorKey(selector), rowOf(grid, found?.answer ?? grid, found?.line, selector)];
      }),
    );
    return grid.with(rows, Math.max(...answers.map(({ coverage }) => coverage)));
  }

  #query(
    { fromAt, toAt }: TimeRange,
    selectors: readonly HistorySelector[],
    held: PastGrid | null,
    signal: AbortSignal,
  ): Promise<HistoryAnswer> {
    const fineness = held === null ? { points: POINTS } : { stepMs: held.stepMs };
    return this.#parts.api.query({ fromAt, toAt, selectors, ...fineness }, signal);
  }

  /** What reaches into the present is not kept: who comes back to it would find its end old. */
  #keep(range: TimeRange, grid: PastGrid): void {
    const name = nameOf(range);
    this.#kept.delete(name);
    if (range.toAt > this.#parts.clock.now() - FRESH_MS) return;
    this.#kept.set(name, grid);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT) break;
      this.#kept.delete(oldest);
    }
  }
}

function textOf({ range, selectors, tables, node }: Wanted): string {
  return [nameOf(range), ...selectors.map(selectorKey), ...tables.map((name) => tableKey(name, node))].join(" ");
}

function hasAll(held: PastGrid, { selectors, tables, node }: Wanted): boolean {
  return (
    selectors.every((selector) => held.has(selectorKey(selector))) &&
    tables.every((name) => held.hasTable(tableKey(name, node)))
  );
}

function nameOf({ fromAt, toAt }: TimeRange): string {
  return `${fromAt} ${toAt}`;
}

/** Live selectors that differ only in how far they look back are one figure of the past. */
function distinct(selectors: readonly Selector[]): {
  readonly toAsk: readonly HistorySelector[];
  /** By `selectorKey`, which of them it is. */
  readonly keys: ReadonlyMap<string, number>;
} {
  const toAsk: HistorySelector[] = [];
  const known = new Map<string, number>();
  const keys = new Map<string, number>();
  for (const selector of selectors) {
    const past = pastOf(selector);
    const text = JSON.stringify(past);
    const index = known.get(text) ?? toAsk.push(past) - 1;
    known.set(text, index);
    keys.set(selectorKey(selector), index);
  }
  return { toAsk, keys };
}

function chunks<T>(items: readonly T[]): (readonly T[])[] {
  const count = Math.ceil(items.length / MAX_HISTORY_SELECTORS);
  return Array.from({ length: count }, (_, i) =>
    items.slice(i * MAX_HISTORY_SELECTORS, (i + 1) * MAX_HISTORY_SELECTORS),
  );
}
