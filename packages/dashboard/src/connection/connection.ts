import { VIEWER_INTERVALS } from "@wsight/protocol";
import { BACKOFF_MS, type Backoff, createBackoff } from "./backoff.ts";
import type { ConnectionParts } from "./connection-parts.ts";
import { Identity } from "./identity.ts";
import { ServerClock } from "./server-clock.ts";
import { LiveSession, type TailWish } from "./session.ts";
import type { Credentials, Principal } from "./session-api.ts";
import type { Socket, SocketFactory, SocketHandlers } from "./socket.ts";
import { type Transport, TransportChoice } from "./transport-choice.ts";
import type { WebSocketTrial } from "./websocket-trial.ts";

/** Where a connection is in its life; see {@link LiveConnection}. */
export type Phase = "checking" | "opening" | "open" | "waiting" | "signed-out" | "closed";

const [SEEN_MS, HIDDEN_MS] = VIEWER_INTERVALS;
const PING_MS = 5000;
/** Beats in a row without a word after which a socket counts as dead; at all but the first it was asked. */
const MAX_UNANSWERED = 3;
/** A socket that is heard of is asked for the hub's time at each of the first beats, and then at every so many. */
const CLOCK_BEATS = 8;
const CLOCK_EVERY = 6;
const HIDDEN_AFTER_MS = 30_000;
/** Shortest time between two subscriptions that repair a lost base. */
const REPAIR_MS = 1000;
/** Senseless messages of one session before its socket is given up. */
const MAX_MALFORMED = 20;
/** Close codes with which a hub ends an expired session. */
const SESSION_OVER = [4401, 1008];

/**
 * Keeps one session with the hub going for as long as the page lives.
 *
 * `checking`: asks who is signed in, trading a one-time code first; nobody →
 * `signed-out`, no answer → `waiting`. Skipped while a session is believed to
 * be good. · `opening`: a socket is asked for: a WebSocket, or server-sent events
 * where those never open. · `open`: the hub said welcome; subscribes, and pings
 * now and then, every 5 s while it is silent. A close or two unanswered pings →
 * `waiting`. A close that means the session is over, or a socket that never
 * opened, makes the next attempt check first. Over server-sent events a
 * WebSocket is tried beside them each minute; the first word over it makes it
 * the session's. · `waiting`: a timer runs with decorrelated
 * jitter; it is cut short by a network that came back, a tab that is seen
 * again, and `retryNow`. · `signed-out`: until `signIn` or `retryNow`. ·
 * `closed`: for good.
 */
export class LiveConnection {
  /** The hub's time. */
  readonly serverClock: ServerClock;
  readonly #parts: ConnectionParts;
  readonly #backoff: Backoff;
  readonly #identity: Identity;
  readonly #choice = new TransportChoice();
  /** Tries a WebSocket beside server-sent events, once those were needed. */
  #trial: WebSocketTrial | null = null;
  readonly #stops: (() => void)[];
  #phase: Phase = "checking";
  #principal: Principal | null = null;
  #attempt = 0;
  #retryAt: number | null = null;
  #checked = false;
  /** Counts attempts, so that a late answer to an earlier one is known as such. */
  #turn = 0;
  #transport: Transport = "websocket";
  #socket: Socket | null = null;
  #session: LiveSession | null = null;
  /** Beats of this socket, and those since a word was heard. */
  #beats = 0;
  #unanswered = 0;
  #sessionOverAt = 0;
  #malformed = 0;
  /** A tail ends with its session; the next session is asked for it again. */
  #tail: TailWish | null = null;
  #repairedAt = 0;
  #timer: unknown;
  #awayTimer: unknown;
  #away = false;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.serverClock = new ServerClock(() => parts.clock.now());
    this.#backoff = createBackoff(() => parts.clock.random());
    const { api, code, codeSpent, sink } = parts;
    this.#identity = new Identity({ api, code, codeSpent, fault: (error) => sink.fault(error) });
    this.#stops = [
      parts.attention.onVisibility(() => this.#onVisibility()),
      parts.attention.onOnline(() => this.#cutWaitingShort()),
    ];
  }

  /** Begins; call once, when the sink is ready. */
  start(): void {
    this.#onVisibility();
    void this.#connect();
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Who is signed in, as far as known. */
  get principal(): Principal | null {
    return this.#principal;
  }

  /** How the session travels; `null` while there is none. */
  get transport(): Transport | null {
    return this.#phase === "open" ? this.#transport : null;
  }

  /** Attempts that failed since figures last came. */
  get attempt(): number {
    return this.#attempt;
  }

  /** When the next attempt is due, this machine's ms epoch. */
  get retryAt(): number | null {
    return this.#retryAt;
  }

  /** Interval of ticks that was asked for, ms. */
  get everyMs(): number {
    return this.#away ? HIDDEN_MS : SEEN_MS;
  }

  /** Sends the subscription as it is now, if there is a session to send it to. */
  resubscribe(): void {
    if (this.#phase === "open") this.#session?.subscribe(this.#parts.sink.request());
  }

  /** Begins or changes the live tail, also across reconnects; `null` ends it. */
  setTail(tail: TailWish | null): void {
    this.#tail = tail;
    if (this.#phase === "open") this.#session?.setTail(tail);
  }

  /** Tries at once when an attempt is waiting or nobody is signed in. */
  retryNow(): void {
    if (this.#phase === "signed-out") this.#checked = false;
    if (this.#phase === "waiting" || this.#phase === "signed-out") void this.#connect();
  }

  /** Trades credentials for a session and connects with it. */
  async signIn(credentials: Credentials): Promise<void> {
    const principal = await this.#parts.api.open(credentials);
    if (this.#phase === "closed") return;
    this.#hangUp();
    this.#principal = principal;
    this.#checked = true;
    this.#forgetFailures();
    await this.#connect();
  }

  /** Ends the session at the hub, then here. */
  async signOut(): Promise<void> {
    await this.#parts.api.end();
    if (this.#phase !== "closed") this.#signedOut();
  }

  /** Ends everything; safe to call twice. */
  close(): void {
    this.#hangUp();
    this.#parts.clock.clearTimeout(this.#awayTimer);
    for (const stop of this.#stops.splice(0)) stop();
    this.#move("closed");
  }

  async #connect(): Promise<void> {
    this.#parts.clock.clearTimeout(this.#timer);
    const turn = ++this.#turn;
    this.#retryAt = null;
    if (!this.#checked) {
      this.#move("checking");
      const principal = await this.#identity.find();
      if (turn !== this.#turn) return;
      if (principal === undefined) return this.#retryLater();
      if (principal === null) return this.#signedOut();
      this.#principal = principal;
      this.#checked = true;
    }
    this.#open();
  }

  #open(): void {
    const { sockets, url, clock } = this.#parts;
    // Who may only look at own jobs has no live session; nothing is waited for.
    if (this.#principal?.role === "user") {
      this.#move("waiting");
      return;
    }
    this.#move("opening");
    this.#unanswered = this.#beats = this.#malformed = 0;
    this.#watch();
    this.#transport = this.#choice.take(clock.now());
    if (this.#transport === "sse") void this.#openStream();
    else this.#dial(sockets, url);
  }

  async #openStream(): Promise<void> {
    const { fallback, streamUrl, sockets, url } = this.#parts;
    const turn = this.#turn;
    const parts = await fallback().catch(() => null);
    if (turn !== this.#turn) return;
    if (parts === null) return this.#lost(1006);
    const open = (handlers: SocketHandlers) => sockets(url.href, handlers);
    this.#trial ??= parts.createTrial(open, (socket) => this.#goOver(socket));
    this.#dial(parts.streams, streamUrl);
  }

  #dial(factory: SocketFactory, url: URL): void {
    try {
      this.#socket = factory(url.href, this.#begin());
    } catch {
      this.#lost(1006);
    }
  }

  /** Begins a session on the socket that is about to be there. */
  #begin(): SocketHandlers {
    const session = new LiveSession((text) => this.#socket?.send(text), this.#sessionEvents());
    this.#session = session;
    return {
      open: () => undefined,
      message: (data) => {
        this.#unanswered = 0;
        this.#parts.sink.received(data.length);
        session.receive(data);
      },
      close: (code) => this.#lost(code),
    };
  }

  #goOver(socket: Socket): SocketHandlers {
    this.#socket?.close();
    this.#socket = socket;
    this.#transport = "websocket";
    return this.#begin();
  }

  #sessionEvents(): ConstructorParameters<typeof LiveSession>[1] {
    const { sink, clock } = this.#parts;
    return {
      welcome: (message) => {
        this.serverClock.restart(message.at);
        this.#principal = message.principal;
        this.#choice.opened(this.#transport);
        sink.welcome(message);
        this.#move("open");
        if (this.#transport === "sse") this.#trial?.begin();
        if (this.#away) this.#session?.setRate(HIDDEN_MS);
        this.resubscribe();
        if (this.#tail !== null) this.#session?.setTail(this.#tail);
        this.#session?.ping(clock.now());
      },
      pong: ({ sentAt, at }) => this.serverClock.pong(sentAt, at),
      tick: (tick, columns, wanted) => {
        if (this.#attempt > 0) this.#forgetFailures();
        sink.tick(tick, columns, wanted);
      },
      backfill: (backfill, columns, wanted) => {
        if (this.#attempt > 0) this.#forgetFailures();
        sink.backfill(backfill, columns, wanted);
      },
      table: (message) => sink.table(message),
      tail: (message) => sink.tail(message),
      refused: (error) => {
        sink.fault(error);
        if (error.code === "UNAUTHENTICATED") this.#signedOut();
      },
      baseLost: () => this.#repair(),
      malformed: (error) => {
        sink.fault(error);
        if (++this.#malformed >= MAX_MALFORMED) this.#lost(1002);
      },
    };
  }

  #repair(): void {
    const now = this.#parts.clock.now();
    if (now - this.#repairedAt < REPAIR_MS) return;
    this.#repairedAt = now;
    this.resubscribe();
  }

  /** Pings, and notices a socket that died without saying so. */
  #watch(): void {
    const { clock } = this.#parts;
    this.#timer = clock.setTimeout(() => {
      // Counted in pings and not in time: after a long block or sleep the answer may be waiting to be read.
      if (this.#unanswered++ >= MAX_UNANSWERED) {
        this.#lost(1006);
        return;
      }
      const isQuiet = this.#unanswered > 1;
      const isDue = this.#beats < CLOCK_BEATS || this.#beats % CLOCK_EVERY === 0;
      this.#beats++;
      if (this.#phase === "open" && (isQuiet || isDue)) this.#session?.ping(clock.now());
      this.#watch();
    }, PING_MS);
  }

  #lost(code: number): void {
    if (this.#phase === "opening") this.#choice.neverOpened(this.#transport);
    if (this.#phase !== "open" || SESSION_OVER.includes(code)) this.#checked = false;
    this.#hangUp();
    // The hub is there and ended the session: ask at once who is signed in, but not again and again.
    const now = this.#parts.clock.now();
    if (SESSION_OVER.includes(code) && now - this.#sessionOverAt > BACKOFF_MS.cap) {
      this.#sessionOverAt = now;
      this.#attempt++;
      void this.#connect();
    } else this.#retryLater();
  }

  #retryLater(): void {
    const { clock } = this.#parts;
    const delayMs = this.#backoff.next();
    this.#attempt++;
    this.#retryAt = clock.now() + delayMs;
    this.#timer = clock.setTimeout(() => void this.#connect(), delayMs);
    this.#move("waiting");
  }

  #signedOut(): void {
    this.#hangUp();
    this.#principal = null;
    this.#checked = false;
    this.#choice.reset();
    this.#forgetFailures();
    this.#move("signed-out");
  }

  #forgetFailures(): void {
    this.#attempt = 0;
    this.#backoff.reset();
    this.#parts.sink.changed();
  }

  #hangUp(): void {
    this.#turn++;
    this.#retryAt = null;
    this.#parts.clock.clearTimeout(this.#timer);
    this.#trial?.end();
    this.#session = null;
    this.#socket?.close();
    this.#socket = null;
  }

  #cutWaitingShort(): void {
    if (this.#phase === "waiting") void this.#connect();
    else if (this.#phase === "open") this.#session?.ping(this.#parts.clock.now());
  }

  #onVisibility(): void {
    const { attention, clock, sink } = this.#parts;
    clock.clearTimeout(this.#awayTimer);
    if (attention.hidden()) {
      this.#awayTimer = clock.setTimeout(() => {
        this.#away = true;
        if (this.#phase === "open") this.#session?.setRate(HIDDEN_MS);
      }, HIDDEN_AFTER_MS);
      return;
    }
    if (this.#away) {
      this.#away = false;
      if (this.#phase === "open") {
        this.#session?.setRate(SEEN_MS);
        this.resubscribe();
        sink.returned();
      }
    }
    this.#cutWaitingShort();
  }

  #move(phase: Phase): void {
    this.#phase = phase;
    this.#parts.sink.changed();
  }
}
