import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import {
  type Backfill,
  LIVE_TABLES,
  type LiveTable,
  type LiveTableRows,
  type Selector,
  selectorKey,
  type Tick,
  VIEWER_INTERVALS,
  WsightError,
} from "@wsight/protocol";
import type { LiveConnection } from "../connection/connection.ts";
import type { ConnectionSink } from "../connection/connection-parts.ts";
import type { Clock } from "../connection/environment.ts";
import type { HubMessageOf } from "../connection/hub-messages.ts";
import type { Column, SubscriptionRequest, TailWish } from "../connection/session.ts";
import type { Credentials, Principal } from "../connection/session-api.ts";
import { ByteRate } from "./byte-rate.ts";
import { connectionStateOf, rightEdge } from "./freshness.ts";
import type { ConnectionStatus, LiveState, OnScreen, Past, SeriesRing, TailBatch } from "./live.ts";
import { OnScreenCount, withNode } from "./on-screen.ts";
import type { PastTable } from "./past-rows.ts";
import { SeriesStore } from "./series-store.ts";

/** Status, clock and clean-up are looked at this often, ms. */
const BEAT_MS = 500;
/** Longest wait for the backfill that a returning tab paints once with, ms. */
const HOLD_MS = 1500;
/** A hole in the figures is asked for again after this, ms. */
const REFILL_MS = 5000;
/** Figures from further in the future than this are not believed, ms. */
const FUTURE_MS = 60_000;
/** Interval of live charts, ms. */
const LIVE_STEP_MS = 1000;
const LONGEST_NODE = 129;

type TableSignals = { readonly [T in LiveTable]: Signal<LiveTableRows[T] | null> };

/**
 * What the page knows. Frames are written into rings as they come; signals
 * change once per animation frame, in `#flush`, and status twice a second.
 */
export class LiveModel implements LiveState {
  readonly status: Signal<ConnectionStatus> = signal<ConnectionStatus>({
    state: "connecting",
    lagMs: null,
    lastAt: null,
    retryAt: null,
    attempt: 0,
    transport: null,
  });
  readonly paused: Signal<boolean> = signal(false);
  readonly pausedAt: Signal<number | null> = signal<number | null>(null);
  readonly tick: Signal<number> = signal(0);
  readonly now: Signal<number>;
  readonly past: Signal<Past | null> = signal<Past | null>(null);
  readonly reading: Signal<boolean> = signal(false);
  readonly edge: ReadonlySignal<number> = computed(() => {
    const past = this.past.value;
    return past === null ? this.now.value : past.toAt - past.stepMs;
  });
  readonly stepMs: ReadonlySignal<number> = computed(() => this.past.value?.stepMs ?? LIVE_STEP_MS);
  readonly selectors: Signal<readonly Selector[]> = signal<readonly Selector[]>([]);
  readonly pastTables: Signal<readonly PastTable[]> = signal<readonly PastTable[]>([]);
  readonly windowMs: Signal<number> = signal(300_000);
  readonly node: Signal<string | null> = signal<string | null>(null);
  readonly principal: Signal<Principal | null> = signal<Principal | null>(null);
  readonly bytesPerSecond: Signal<number> = signal(0);
  readonly fault: Signal<WsightError | null> = signal<WsightError | null>(null);

  readonly #clock: Clock;
  readonly #connection: LiveConnection;
  readonly #store = new SeriesStore();
  readonly #screen = new OnScreenCount();
  readonly #rate = new ByteRate();
  /** Views live as long as somebody holds them; the same selector finds the same view. */
  readonly #views = new Map<string, WeakRef<SeriesRing>>();
  readonly #tables: TableSignals = Object.fromEntries(
    LIVE_TABLES.map((table) => [table, signal(null)]),
  ) as unknown as TableSignals;
  readonly #freshTables = new Map<LiveTable, LiveTableRows[LiveTable]>();
  readonly #stops: (() => void)[];
  #openedAt = 0;
  /** How late the newest sample was when it came, ms. */
  #arrivedMs: number | null = null;
  /** Whose figures the rings hold. */
  #owner: string | null = null;
  #subscribed = "";
  #frame: unknown = null;
  #beatTimer: unknown;
  #holdUntil: number | null = null;
  #refillTimer: unknown = null;
  #closed = false;
  #hearTail: ((batch: TailBatch) => void) | null = null;

  constructor(clock: Clock, connect: (sink: ConnectionSink) => LiveConnection) {
    this.#clock = clock;
    this.#connection = connect(this.#sink());
    this.now = signal(rightEdge(clock.now(), null, this.#store.stepMs, this.#store.stepMs));
    this.#stops = [
      effect(() => this.#onPaused(this.paused.value)),
      effect(() => {
        this.node.value;
        this.#onScreenChanged();
      }),
      effect(() => {
        this.past.value;
        this.#requestFlush();
      }),
    ];
    this.#connection.start();
    this.#beat();
  }

  series(selector: Selector, of?: "now"): SeriesRing {
    const key = selectorKey(selector);
    const name = of === undefined ? key : `${of} ${key}`;
    const known = this.#views.get(name)?.deref();
    if (known !== undefined) return known;
    const source = () => (of === "now" ? null : this.past.peek()) ?? this.#store;
    const view: SeriesRing = {
      key,
      latest: () => source().latest(this.#keyOf(selector)),
      read: (fromAt, toAt, into) => source().read(this.#keyOf(selector), fromAt, toAt, into),
    };
    this.#views.set(name, new WeakRef(view));
    return view;
  }

  table<T extends LiveTable>(name: T): TableSignals[T] {
    return this.#tables[name];
  }

  use(page: OnScreen): () => void {
    const remove = this.#screen.add(page);
    this.#onScreenChanged();
    return () => {
      remove();
      this.#onScreenChanged();
    };
  }

  tail(wish: TailWish, hear: (batch: TailBatch) => void): () => void {
    // A listener of its own for each wish: what is held tells whether the wish is still the newest.
    const own = (batch: TailBatch) => hear(batch);
    this.#hearTail = own;
    this.#connection.setTail(wish);
    return () => {
      if (this.#hearTail !== own) return;
      this.#hearTail = null;
      this.#connection.setTail(null);
    };
  }

  retryNow(): void {
    this.#connection.retryNow();
  }

  async signIn(input: Credentials): Promise<void> {
    await this.#connection.signIn(input);
  }

  async signOut(): Promise<void> {
    await this.#connection.signOut();
    this.#forget();
    this.#requestFlush();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const stop of this.#stops) stop();
    this.#clock.clearTimeout(this.#beatTimer);
    if (this.#refillTimer !== null) this.#clock.clearTimeout(this.#refillTimer);
    if (this.#frame !== null) this.#clock.cancelFrame(this.#frame);
    this.#connection.close();
  }

  #sink(): ConnectionSink {
    return {
      request: () => this.#request(),
      changed: () => this.#updateStatus(),
      welcome: (message) => this.#onWelcome(message),
      tick: (tick, columns, wanted) => this.#onTick(tick, columns, wanted),
      backfill: (backfill, columns, wanted) => this.#onBackfill(backfill, columns, wanted),
      table: ({ table, rows }) => {
        this.#freshTables.set(table, rows);
        if (!this.paused.peek()) this.#requestFlush();
      },
      tail: (batch) => this.#hearTail?.(batch),
      received: (bytes) => this.#rate.add(bytes, this.#clock.now()),
      returned: () => {
        this.#holdUntil = this.#clock.now() + HOLD_MS;
      },
      fault: (error) => {
        this.fault.value = error;
      },
    };
  }

  #onWelcome({ intervalMs, historyMs, principal }: HubMessageOf<"welcome">): void {
    if (this.#owner !== null && this.#owner !== principal.sub) this.#forget();
    this.#owner = principal.sub;
    this.#openedAt = this.#clock.now();
    this.fault.value = null;
    this.#store.setGrid(intervalMs, historyMs);
  }

  #onTick(tick: Tick, columns: readonly Column[], wanted: boolean): void {
    if (!this.#plausible(tick.at)) return;
    const hole = this.#store.tick(tick, columns);
    this.#arrivedMs = this.#lagMs();
    if (hole && this.#connection.everyMs === VIEWER_INTERVALS[0]) this.#refillLater();
    // Ticks follow the backfill; when there was nothing to fill, the tick is the answer.
    if (wanted) this.#holdUntil = null;
    if (!this.paused.peek()) this.#requestFlush();
  }

  #onBackfill(backfill: Backfill, columns: readonly Column[], wanted: boolean): void {
    const length = backfill.columns[0]?.length ?? 0;
    if (!this.#plausible(backfill.fromAt + length * backfill.stepMs)) return;
    this.#store.backfill(backfill, columns);
    this.#arrivedMs = this.#lagMs();
    if (wanted) this.#holdUntil = null;
    this.#requestFlush();
  }

  #plausible(at: number): boolean {
    if (at <= this.#connection.serverClock.now() + FUTURE_MS) return true;
    this.fault.value = new WsightError("BAD_FRAME", `live: expected figures of the past, got ${at}`);
    return false;
  }

  /** A slow page gets fewer ticks; once it has caught up, the seconds between are fetched. */
  #refillLater(): void {
    this.#refillTimer ??= this.#clock.setTimeout(() => {
      this.#refillTimer = null;
      this.#connection.resubscribe();
    }, REFILL_MS);
  }

  #request(): SubscriptionRequest {
    const { series, tables, leftOut } = this.#screen.union(this.#node());
    if (leftOut > 0) {
      this.fault.value = new WsightError(
        "BAD_SELECTOR",
        `expected at most ${series.size} series on screen; ${leftOut} were left out`,
      );
    }
    this.#store.setUsed(new Set(series.keys()), this.#clock.now());
    this.#subscribed = [...series.keys(), ...tables].join("\n");
    return { series: [...series.values()], tables, since: this.#store.completeTo(series.keys()) };
  }

  /** Waits for the end of the turn, so that a page that goes and one that comes are one new subscription. */
  #onScreenChanged(): void {
    queueMicrotask(() => {
      if (this.#closed) return;
      const before = this.#subscribed;
      const { series, tables, past } = this.#screen.union(this.#node());
      if (past.join() !== this.pastTables.peek().join()) this.pastTables.value = past;
      if ([...series.keys(), ...tables].join("\n") === before) return;
      this.selectors.value = [...series.values()];
      this.#store.setUsed(new Set(series.keys()), this.#clock.now());
      this.#connection.resubscribe();
      this.#requestFlush();
    });
  }

  #onPaused(paused: boolean): void {
    if (paused === (this.pausedAt.peek() !== null)) return;
    if (paused) {
      this.pausedAt.value = this.now.peek();
      this.#store.freeze(this.now.peek());
      return;
    }
    this.pausedAt.value = null;
    this.#store.thaw();
    this.#requestFlush();
  }

  #requestFlush(): void {
    if (this.#closed) return;
    this.#frame ??= this.#clock.requestFrame(() => {
      this.#frame = null;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#holdUntil !== null && this.#clock.now() < this.#holdUntil) return;
    this.#holdUntil = null;
    batch(() => {
      if (!this.paused.peek()) {
        for (const [table, rows] of this.#freshTables) (this.#tables[table] as Signal<unknown>).value = rows;
        this.#freshTables.clear();
        this.now.value = this.#edge();
      }
      this.#updateStatus();
      this.tick.value = this.tick.peek() + 1;
    });
  }

  #beat(): void {
    this.#beatTimer = this.#clock.setTimeout(() => this.#beat(), BEAT_MS);
    const now = this.#clock.now();
    this.#updateStatus();
    this.bytesPerSecond.value = Math.round(this.#rate.read(now));
    this.#store.sweep(now);
    for (const [key, view] of this.#views) if (view.deref() === undefined) this.#views.delete(key);
    const moved = this.#store.lastAt !== null && this.#edge() !== this.now.peek() && !this.paused.peek();
    if (moved || this.#holdUntil !== null) this.#requestFlush();
  }

  #updateStatus(): void {
    const { phase, attempt, retryAt, principal, transport } = this.#connection;
    const lagMs = this.#lagMs();
    const openMs = this.#clock.now() - this.#openedAt;
    const state = connectionStateOf({ phase, attempt, lagMs, everyMs: this.#everyMs(), openMs });
    const shownMs = state === "live" ? this.#arrivedMs : lagMs;
    const next: ConnectionStatus = {
      state,
      // Rounded, so that what nobody can read does not wake who shows it.
      lagMs: shownMs === null ? null : Math.round(shownMs / 100) * 100,
      lastAt: this.#store.lastAt,
      retryAt,
      attempt,
      transport,
    };
    const last = this.status.peek();
    batch(() => {
      if ((Object.keys(next) as (keyof ConnectionStatus)[]).some((name) => next[name] !== last[name])) {
        this.status.value = next;
      }
      this.principal.value = principal;
    });
  }

  #lagMs(): number | null {
    const { lastAt, stepMs } = this.#store;
    return lastAt === null ? null : Math.max(0, this.#connection.serverClock.now() - (lastAt + stepMs));
  }

  #edge(): number {
    const { phase, serverClock } = this.#connection;
    const { lastAt, stepMs } = this.#store;
    if (phase === "signed-out" || phase === "closed") return lastAt ?? this.now.peek();
    return rightEdge(serverClock.now(), lastAt, stepMs, this.#everyMs());
  }

  #everyMs(): number {
    return Math.max(this.#connection.everyMs, this.#store.stepMs);
  }

  #keyOf(selector: Selector): string {
    return selectorKey(withNode(selector, this.#node()));
  }

  #node(): string | null {
    const node = this.node.peek();
    return node === null || node === "" || node.length > LONGEST_NODE ? null : node;
  }

  #forget(): void {
    this.#store.clear();
    this.#freshTables.clear();
    this.#owner = null;
    batch(() => {
      for (const table of LIVE_TABLES) this.#tables[table].value = null;
      this.paused.value = false;
    });
  }
}
