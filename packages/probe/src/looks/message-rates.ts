import type { ConnectionState, ConnectionTable, MessageCounts } from "../connections.ts";
import { createPacer } from "./pacer.ts";

/** How often counts are noted while somebody looks, ms; rates are over one to two of these. */
const STEP_MS = 2000;
/** How long after the newest question counts are still noted, ms. */
const LINGER_MS = 30_000;
/** A rate over less than this says nothing, ms. */
const SHORTEST_MS = 250;

interface Sample extends MessageCounts {
  at: number;
}

/** Messages per second of one connection; `null` until two looks were taken. */
export interface ConnectionRate {
  readonly inRate: number | null;
  readonly outRate: number | null;
}

const UNKNOWN: ConnectionRate = { inRate: null, outRate: null };

/**
 * Rates of single connections. The table knows counts only; while somebody
 * looks, and for 30 s after, their state of some seconds ago is kept beside it
 * (24 bytes a row), so that nothing is taken or held while nobody does.
 */
export class MessageRates {
  readonly #table: ConnectionTable;
  readonly #hr: () => number;
  #older: Sample | null = null;
  #newer: Sample | null = null;
  #timer: NodeJS.Timeout | undefined;
  #askedAt = 0;

  constructor(table: ConnectionTable, hr: () => number) {
    this.#table = table;
    this.#hr = hr;
  }

  /** Somebody looks: counts are noted from now on. */
  asked(): void {
    this.#askedAt = this.#hr();
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#step(), STEP_MS);
    this.#timer.unref();
    this.#step();
  }

  /** Rates of the connection in this row, whose state is as it is now. */
  read(slot: number, { serial, messagesIn, messagesOut }: ConnectionState): ConnectionRate {
    const base = this.#older ?? this.#newer;
    if (base === null || base.serials[slot] !== serial) return UNKNOWN;
    const ms = this.#hr() - base.at;
    if (ms < SHORTEST_MS) return UNKNOWN;
    // Counts have 32 bits and may have begun anew.
    const rate = (now: number, before: number | undefined): number =>
      Math.round(((now - (before ?? 0)) >>> 0) / (ms / 100_000)) / 100;
    return { inRate: rate(messagesIn, base.messagesIn[slot]), outRate: rate(messagesOut, base.messagesOut[slot]) };
  }

  /** False until counts were noted long enough ago. */
  areKnown(): boolean {
    const base = this.#older ?? this.#newer;
    return base !== null && this.#hr() - base.at >= SHORTEST_MS;
  }

  /** Forgets all counts. */
  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#older = this.#newer = null;
  }

  /** Bytes the counts take. */
  memoryBytes(): number {
    let bytes = 0;
    for (const sample of [this.#older, this.#newer]) bytes += (sample?.serials.byteLength ?? 0) * 3;
    return bytes;
  }

  #step(): void {
    if (this.#hr() - this.#askedAt > LINGER_MS) this.end();
    else void this.#take(this.#older);
  }

  /** Copies page by page into the arrays that are needed no more. */
  async #take(reuse: Sample | null): Promise<void> {
    const table = this.#table;
    const rows = table.rows;
    const sample = reuse !== null && reuse.serials.length >= rows ? reuse : emptySample(rows);
    this.#older = this.#newer;
    // Nobody may read a sample that is half of one time and half of another.
    this.#newer = null;
    sample.at = this.#hr();
    const pacer = createPacer(this.#hr);
    for (let slot = 0; slot < rows; ) {
      slot = table.copyCounts(slot, sample);
      if (pacer.due()) await pacer.pause();
    }
    if (this.#timer !== undefined) this.#newer = sample;
  }
}

/** With room for as many again as a page holds, since connections come. */
function emptySample(rows: number): Sample {
  const room = rows + 256;
  return {
    at: 0,
    serials: new Uint32Array(room),
    messagesIn: new Uint32Array(room),
    messagesOut: new Uint32Array(room),
  };
}
