import type { HistoryEvent, HistoryEventKind } from "@wsight/protocol";
import type { ConnectionTable } from "../connections.ts";

/** Events told a second, on the average. */
const PER_SECOND = 10;
/** Events of a burst. */
const BURST = 50;
const MAX_TEXT = 256;

/** Events as they are told, and how many of each kind were left out. */
export interface JournalPage {
  readonly rows: readonly Omit<HistoryEvent, "node">[];
  readonly leftOut: Partial<Record<HistoryEventKind, number>>;
}

/**
 * What happens in single connections, for the history: some events of each
 * second, whatever the load. A token bucket of 10 a second, 50 at once, decides
 * which are told; the others cost a comparison and are counted.
 */
export class Journal {
  readonly #connections: ConnectionTable;
  readonly #now: () => number;
  #tokens = BURST;
  #rows: Omit<HistoryEvent, "node">[] = [];
  #leftOut: Partial<Record<HistoryEventKind, number>> = {};

  constructor(options: { readonly connections: ConnectionTable; readonly now: () => number }) {
    this.#connections = options.connections;
    this.#now = options.now;
  }

  /** A connection opened. @param server its `ws.server` */
  opened(slot: number, server: string): void {
    if (!this.#takes("connection.opened")) return;
    this.#note("connection.opened", String(this.#connections.serialAt(slot)), "", { server });
  }

  /** It is about to close: its row is still there. */
  closing(slot: number, server: string, reason: string): void {
    if (!this.#takes("connection.closed")) return;
    const state = this.#connections.read(slot);
    if (state === null) return;
    const { serial, openedAt, messagesIn, messagesOut, bytesIn, bytesOut, bufferedHighBytes, rttMs } = state;
    const durationMs = Math.max(0, this.#now() - openedAt);
    const facts = { server, durationMs, messagesIn, messagesOut, bytesIn, bytesOut, bufferedHighBytes };
    this.#note("connection.closed", String(serial), reason, rttMs === null ? facts : { ...facts, rttMs });
  }

  /** Something failed; the message is redacted already. */
  failed(type: string, message: string): void {
    if (this.#takes("error")) this.#note("error", type, message, {});
  }

  /** Makes room for the next second's events. @param seconds since the last call */
  tick(seconds: number): void {
    this.#tokens = Math.min(BURST, this.#tokens + PER_SECOND * seconds);
  }

  /** What is to be told, which is then forgotten; `null` for nothing. */
  take(): JournalPage | null {
    const rows = this.#rows;
    const leftOut = this.#leftOut;
    if (rows.length === 0 && Object.keys(leftOut).length === 0) return null;
    this.#rows = [];
    this.#leftOut = {};
    return { rows, leftOut };
  }

  #takes(kind: HistoryEventKind): boolean {
    if (this.#tokens >= 1 && this.#rows.length < BURST) {
      this.#tokens--;
      return true;
    }
    this.#leftOut[kind] = (this.#leftOut[kind] ?? 0) + 1;
    return false;
  }

  #note(kind: HistoryEventKind, subject: string, text: string, attributes: HistoryEvent["attributes"]): void {
    this.#rows.push({
      at: this.#now(),
      kind,
      subject: subject.slice(0, 128),
      text: text.slice(0, MAX_TEXT),
      attributes,
    });
  }
}
