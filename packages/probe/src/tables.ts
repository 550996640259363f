import { encodeLinkText } from "@wsight/protocol";
import type { Components } from "./components.ts";
import type { ProbeContext } from "./integration.ts";
import type { KeyCounts } from "./names.ts";
import type { Pulls } from "./pulls.ts";

/** Intervals between two tellings of connections by key; each of these tables has a tick of its own, since to count takes a while. */
const COUNT_TICKS = 5;
const USERS_TICK = 0;
const CHANNELS_TICK = 1;
const ROOMS_TICK = 2;
/** Least intervals between two tellings of what was slow and of broadcasts. */
const LOG_TICKS = 2;
/** Intervals between two tellings of what is collected and which statements run; each has a tick of its own. */
const COLLECTORS_TICK = 3;
const QUERIES_TICK = 4;
/** Statements that are told. */
const MAX_QUERIES = 50;

/** Reads connections by key, the largest first. */
export type ReadKeys = (limit: number) => KeyCounts;

/** Tells tables: what is no metric. Those that grow event by event are told only when they changed. */
export class Tables {
  readonly #context: ProbeContext;
  readonly #rooms: ReadonlySet<ReadKeys>;
  #errorsTold = -1;
  #slowTold = -1;
  #broadcastsTold = -1;
  #componentsTold = -1;
  #queriesTold = -1;
  readonly #components: Components;
  readonly #pulls: Pulls;

  constructor(
    context: ProbeContext,
    sources: { readonly rooms: ReadonlySet<ReadKeys>; readonly components: Components; readonly pulls: Pulls },
  ) {
    this.#context = context;
    this.#rooms = sources.rooms;
    this.#components = sources.components;
    this.#pulls = sources.pulls;
  }

  /** Tells what is due at a tick, or everything. */
  tell(send: (text: string) => void, { epoch, tick, all }: { epoch: number; tick: number; all: boolean }): void {
    const { connections, errors, slow, broadcasts, queries, options, now } = this.#context;
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
    if (all || this.#components.version !== this.#componentsTold) {
      this.#componentsTold = this.#components.version;
      const rows = this.#components.rows();
      send(encodeLinkText({ ...head, table: "components", total: rows.length, rows }));
    }
    const limit = options.caps.topRows;
    const turn = tick % COUNT_TICKS;
    if (all || turn === COLLECTORS_TICK) {
      const rows = this.#pulls.rows();
      send(encodeLinkText({ ...head, table: "collectors", total: rows.length, rows }));
    }
    if ((all || turn === QUERIES_TICK) && (all || queries.version !== this.#queriesTold)) {
      this.#queriesTold = queries.version;
      send(encodeLinkText({ ...head, table: "queries", total: queries.total, rows: queries.rows(MAX_QUERIES) }));
    }
    if (all || turn === USERS_TICK) send(encodeLinkText({ ...head, table: "users", ...connections.users(limit) }));
    if (all || turn === CHANNELS_TICK)
      send(encodeLinkText({ ...head, table: "channels", ...connections.channels(limit) }));
    if (all || turn === ROOMS_TICK) send(encodeLinkText({ ...head, table: "rooms", ...this.#topRooms(limit) }));
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
