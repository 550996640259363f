import { type ProcessPage, type ProcessQuery, type ProcessSort, WsightError } from "@wsight/protocol";
import type { Wanted } from "./connection-list.ts";
import { type Compare, FirstOf, sortInSlices } from "./order.ts";
import { type Allowance, createPacer } from "./pacer.ts";
import type { ListedProcess, ProcessList, ProcessReader } from "./process-list.ts";

/** After so long without a question everything is forgotten, ms. */
const FORGET_MS = 15_000;
/** Places that are found without sorting everything. */
const FIRST_PLACES = 512;
/** Processes looked at between two looks at the clock. */
const STRIDE = 256;

/** What a table works with. */
export interface ProcessTableContext {
  /** `null` where the processes are not to be seen. */
  readonly reader: ProcessReader | null;
  readonly allowance: Allowance;
  /** Monotonic clock, ms. */
  readonly hr: () => number;
}

/**
 * Answers questions about the processes of the host. Nothing is read unless
 * somebody asks; questions within half a second get the same list, so that
 * pages of it belong together, and 15 s after the last everything is forgotten.
 */
export class ProcessTable {
  readonly #context: ProcessTableContext;
  #list: { readonly list: ProcessList; readonly readAt: number } | null = null;
  #forget: NodeJS.Timeout | undefined;

  constructor(context: ProcessTableContext) {
    this.#context = context;
  }

  /** A page of the table. @throws WsightError `NOT_FOUND` where processes can't be seen */
  async page({ sort, offset, limit, search }: ProcessQuery, wanted: Wanted): Promise<ProcessPage> {
    const list = await this.#current(wanted);
    if (list === null) return { at: 0, total: 0, matching: 0, rows: [] };
    const pacer = createPacer(this.#context.hr, this.#context.allowance);
    const matching: ListedProcess[] = [];
    const first = offset + limit <= FIRST_PLACES ? new FirstOf(offset + limit, ORDERS[sort]) : null;
    const fits = searchFor(search);
    for (const [i, row] of list.rows.entries()) {
      if (i % STRIDE === 0 && pacer.due()) await pacer.pause();
      if (!fits(row)) continue;
      matching.push(row);
      if (first?.wants(row)) first.take(row);
    }
    const sorted = first?.sorted() ?? (await sortInSlices(matching, ORDERS[sort], pacer));
    pacer.end();
    const rows = sorted.slice(offset, offset + limit).map((row) => ({ ...row, self: row.pid === process.pid }));
    return { at: list.at, total: list.total, matching: matching.length, rows };
  }

  /** Bytes kept because somebody looks, about. */
  memoryBytes(): number {
    return (this.#list?.list.rows.length ?? 0) * 320;
  }

  /** Forgets everything. */
  end(): void {
    clearTimeout(this.#forget);
    this.#list = null;
    this.#context.reader?.forget();
  }

  async #current(wanted: Wanted): Promise<ProcessList | null> {
    const { reader, hr } = this.#context;
    if (reader === null) throw new WsightError("NOT_FOUND", "this process tells no processes: its hostSource is none");
    clearTimeout(this.#forget);
    this.#forget = setTimeout(() => this.end(), FORGET_MS);
    this.#forget.unref();
    if (this.#list !== null && hr() - this.#list.readAt < this.#list.list.standsMs) return this.#list.list;
    const list = await reader.read(wanted);
    if (list !== null) this.#list = { list, readAt: hr() };
    return list;
  }
}

/** Largest first, name and pid from the smallest; equals by pid. What is not known comes last. */
const ORDERS: { readonly [S in ProcessSort]: Compare<ListedProcess> } = {
  cpu: (a, b) => (b.cpu ?? -1) - (a.cpu ?? -1) || b.memoryBytes - a.memoryBytes || a.pid - b.pid,
  memory: (a, b) => b.memoryBytes - a.memoryBytes || a.pid - b.pid,
  threads: (a, b) => b.threads - a.threads || a.pid - b.pid,
  name: (a, b) => compareText(a.name, b.name) || a.pid - b.pid,
  pid: (a, b) => a.pid - b.pid,
};

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function searchFor(search: string): (row: ListedProcess) => boolean {
  const wanted = search.trim().toLowerCase();
  if (wanted === "") return () => true;
  return ({ name, pid }) => String(pid) === wanted || name.toLowerCase().includes(wanted);
}
