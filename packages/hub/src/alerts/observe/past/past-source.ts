import { expected, type TierStep, WsightError } from "@wsight/protocol";
import { heldTiers } from "../../../analysis/grid.ts";
import type { SeriesWindows, WindowChoice } from "../../../current/window-view.ts";
import type { HistoryReader } from "../../../store/reader.ts";
import { WITNESSES } from "../../../store/witness.ts";
import type { WindowSource } from "../term.ts";
import type { Chunk } from "./chunk.ts";
import { PastNode } from "./past-node.ts";
import { PastWindows } from "./past-windows.ts";

/** Numbers that one back-test may read. */
const MAX_COST = 40_000_000;
/** What a distribution costs to read and merge, in numbers. */
const HISTOGRAM_COST = 40;
/** Numbers that are held at a time. */
const MAX_HELD = 1_000_000;
const MAX_EVENTS = 10_000;

/** Which past is looked at. */
export interface PastRange {
  readonly fromAt: number;
  readonly toAt: number;
  /** How far windows reach back, seconds. */
  readonly leadSec: number;
  /** No finer tier is read, ms. */
  readonly finestMs: number;
}

/** Windows over the past, of what was asked for before it was opened. */
export class PastSource implements WindowSource {
  /** Step of the tier that is read, ms. */
  stepMs: TierStep = 1000;
  readonly #reader: HistoryReader;
  readonly #signal: AbortSignal;
  readonly #choices = new Map<string, PastWindows>();
  readonly #nodes = new Map<string, PastNode>();
  #range: PastRange = { fromAt: 0, toAt: 0, leadSec: 0, finestMs: 1000 };
  #chunkCells = 0;
  #readUntil = 0;
  /** Seconds of the range in which any node was known, up to what was read. */
  #knownSeconds = 0;

  constructor(reader: HistoryReader, signal: AbortSignal) {
    this.#reader = reader;
    this.#signal = signal;
  }

  windows(choice: WindowChoice): SeriesWindows {
    const key = JSON.stringify(choice);
    let windows = this.#choices.get(key);
    if (windows === undefined) {
      windows = new PastWindows(choice);
      this.#choices.set(key, windows);
    }
    return windows;
  }

  /** Looks up which series there are and chooses the tier. @throws WsightError `BAD_REQUEST` when it would be too much */
  async open(range: PastRange): Promise<void> {
    const nodeOf = (key: string): PastNode => {
      const node = this.#nodes.get(key) ?? new PastNode(key);
      this.#nodes.set(key, node);
      return node;
    };
    for (const windows of this.#choices.values()) await windows.open(this.#reader, nodeOf);
    this.stepMs = await this.#chooseTier(range);
    const { stepMs } = this;
    this.#range = { ...range, fromAt: Math.floor(range.fromAt / stepMs) * stepMs };
    this.#readUntil = this.#range.fromAt;
    const lead = Math.ceil((range.leadSec * 1000) / stepMs);
    this.#chunkCells = Math.max(4 * lead, Math.ceil(MAX_HELD / Math.max(1, this.#costOfCell())));
    await this.#readGoodbyes();
  }

  /** Start of the range, a multiple of the step. */
  get fromAt(): number {
    return this.#range.fromAt;
  }

  /** How much of the time that was read has data, 0 to 1. */
  get coverage(): number {
    const seconds = (Math.min(this.#readUntil, this.#range.toAt) - this.#range.fromAt) / 1000;
    return seconds > 0 ? Math.min(1, this.#knownSeconds / seconds) : 0;
  }

  /** Reads on until the second that starts at `at` can be looked at; `null` when it can be already. */
  load(at: number): Promise<void> | null {
    return at + 1000 <= this.#readUntil ? null : this.#load();
  }

  async #load(): Promise<void> {
    const { leadSec, toAt } = this.#range;
    const { stepMs } = this;
    const lead = Math.ceil((leadSec * 1000) / stepMs);
    const left = Math.ceil((toAt - this.#readUntil) / stepMs);
    const chunk: Chunk = {
      fromAt: this.#readUntil - lead * stepMs,
      stepMs,
      cells: lead + Math.max(1, Math.min(this.#chunkCells, left)),
    };
    await this.#loadNodes(chunk);
    for (const windows of this.#choices.values()) await windows.load(this.#reader, chunk, this.#signal);
    this.#readUntil = chunk.fromAt + chunk.cells * stepMs;
    this.#count(chunk, lead);
  }

  async #loadNodes(chunk: Chunk): Promise<void> {
    const { fromAt, stepMs, cells } = chunk;
    const nodes = [...this.#nodes.keys()];
    const series = nodes.length === 0 ? [] : await this.#reader.series({ metrics: WITNESSES, nodes });
    const known = new Map<string, Float64Array>();
    const query = { series, stepMs, fromAt, toAt: fromAt + cells * stepMs, columns: ["count"] as const };
    for await (const { series, at, count, length } of this.#reader.columns(query, this.#signal)) {
      const seconds = known.get(series.node) ?? new Float64Array(cells);
      known.set(series.node, seconds);
      for (let i = 0; i < length; i++) {
        const cell = Math.floor(((at[i] as number) - fromAt) / stepMs);
        seconds[cell] = Math.min(stepMs / 1000, Math.max(seconds[cell] as number, count[i] as number));
      }
    }
    for (const [key, node] of this.#nodes) node.take(chunk, known.get(key) ?? new Float64Array(0));
  }

  #count({ cells }: Chunk, lead: number): void {
    const known = [...this.#nodes.values()].map((node) => node.known);
    for (let i = lead; i < cells; i++) {
      let most = 0;
      for (const seconds of known) most = Math.max(most, seconds[i] ?? 0);
      this.#knownSeconds += most;
    }
  }

  /** The finest tier that holds all of it and is not too much to read. */
  async #chooseTier({ fromAt, toAt, leadSec, finestMs }: PastRange): Promise<TierStep> {
    const extents = await this.#reader.extents();
    const from = fromAt - leadSec * 1000;
    const held = heldTiers(extents, { fromAt: from, toAt }).filter((stepMs) => stepMs >= finestMs);
    const fitting = held.find((stepMs) => this.#costOfCell() * ((toAt - from) / stepMs) <= MAX_COST);
    if (fitting !== undefined) return fitting;
    const series = [...this.#choices.values()].reduce((sum, one) => sum + one.series.length, 0);
    if (held.length === 0) throw expected("BAD_REQUEST", "history", `tiers of ${finestMs / 1000} s or more`, "none");
    throw new WsightError(
      "BAD_REQUEST",
      `back-test: ${series} series would be read, more than one question may. Ask for a shorter time, or narrow the rule's filter`,
      { details: { series } },
    );
  }

  /** Numbers that one interval of all series has. */
  #costOfCell(): number {
    let cost = 0;
    for (const { series, columns } of this.#choices.values()) {
      cost += series.length * (columns.includes("histogram") ? HISTOGRAM_COST : columns.length);
    }
    return cost;
  }

  async #readGoodbyes(): Promise<void> {
    const { fromAt, toAt, leadSec } = this.#range;
    const kinds = ["node.gone"] as const;
    const events = await this.#reader.events({ fromAt: fromAt - leadSec * 1000, toAt, kinds, limit: MAX_EVENTS });
    for (const [key, node] of this.#nodes) {
      node.goodbyes = events
        .filter((event) => event.node === key && event.attributes.goodbye === 1)
        .map(({ at }) => at / 1000);
    }
  }
}
