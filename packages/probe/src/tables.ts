import { encodeLinkText } from "@wsight/protocol";
import type { ProbeContext } from "./integration.ts";
import type { KeyCounts } from "./names.ts";

/** Intervals between two tellings of connections by key. */
const COUNT_TICKS = 5;
/** Least intervals between two tellings of what was slow and of broadcasts. */
const LOG_TICKS = 2;

/** Reads connections by key, the largest first. */
export type ReadKeys = (limit: number) => KeyCounts;

/** Tells tables: what is no metric. Those that grow event by event are told only when they changed. */
export class Tables {
  readonly #context: ProbeContext;
  readonly #rooms: ReadonlySet<ReadKeys>;
  #errorsTold = -1;
  #slowTold = -1;
  #broadcastsTold = -1;

  constructor(context: ProbeContext, rooms: ReadonlySet<ReadKeys>) {
    this.#context = context;
    this.#rooms = rooms;
  }

  /** Tells what is due at a tick, or everything. */
  tell(send: (text: string) => void, { epoch, tick, all }: { epoch: number; tick: number; all: boolean }): void {
    const { connections, errors, slow, broadcasts, options, now } = this.#context;
    const head = { type: "table", epoch, at: now() } as const;
    if (all || errors.version !== this.#errorsTold) {
      this.#errorsTold = errors.version;
      send(encodeLinkText({ ...head, table: "errors", total: errors.total, rows: errors.recent() }));
    }
    const logsDue = all || tick % LOG_TICKS === 0;
    if (logsDue && (all || slow.version !== this.#slowTold)) {
      this.#slowTold = slow.version;
      send(encodeLinkText({ ...head, table: "slow", total: slow.total, rows: slow.rows() }));
    }
    if (logsDue && (all || broadcasts.version !== this.#broadcastsTold)) {
      this.#broadcastsTold = broadcasts.version;
      send(encodeLinkText({ ...head, table: "broadcasts", total: broadcasts.total, rows: broadcasts.rows() }));
    }
    if (!all && tick % COUNT_TICKS !== 0) return;
    const limit = options.caps.topRows;
    send(encodeLinkText({ ...head, table: "users", ...connections.users(limit) }));
    send(encodeLinkText({ ...head, table: "channels", ...connections.channels(limit) }));
    send(encodeLinkText({ ...head, table: "rooms", ...this.#topRooms(limit) }));
  }

  #topRooms(limit: number): KeyCounts {
    const nothing: KeyCounts = { total: 0, rows: [], spread: [] };
    const parts = [...this.#rooms].map((read) => this.#context.guard.run("gauge", () => read(limit), nothing, "rooms"));
    const rows = parts.flatMap((part) => part.rows).sort((a, b) => b.count - a.count);
    return {
      total: parts.reduce((sum, part) => sum + part.total, 0),
      rows: rows.slice(0, limit),
      spread: addUp(parts.map(({ spread }) => spread)),
    };
  }
}

function addUp(spreads: readonly (readonly number[])[]): number[] {
  const length = Math.max(0, ...spreads.map((spread) => spread.length));
  return Array.from({ length }, (_, octave) => spreads.reduce((sum, spread) => sum + (spread[octave] ?? 0), 0));
}
