import {
  decodeViewerMessage,
  LIVE_HISTORY_MS,
  LIVE_VERSION,
  MAX_VIEWER_MESSAGE,
  type ViewerMessage,
  WsightError,
} from "@wsight/protocol";
import type { Principal } from "../access/principal.ts";
import type { Clock } from "../clock.ts";
import type { CurrentView } from "../current-view.ts";
import { Backfiller } from "./backfiller.ts";
import { Channel, channelKey } from "./channel.ts";
import type { LiveOptions, LiveStats } from "./live-options.ts";
import { TableCache } from "./table-cache.ts";
import type { Tail, TailWish } from "./tail.ts";
import { nextTurn, Turn } from "./turns.ts";
import { Viewer } from "./viewer.ts";
import type { ViewerSocket } from "./viewer-socket.ts";

/** A viewer that sent this many messages nobody understands is sent away. */
const MAX_BAD_MESSAGES = 20;
/** Messages a viewer may send within a second; a long one counts as one for each {@link LONG_MESSAGE}. */
const MAX_MESSAGES_PER_SECOND = 100;
const LONG_MESSAGE = 4096;
/** Subscriptions of one viewer that are taken up within a second; of more, the newest waits for the next. */
const MAX_SUBSCRIPTIONS_PER_SECOND = 4;
/** A viewer that has not read for this long is sent away. */
const STUCK_MS = 60_000;
/** Viewers of this interval get differences; slower ones have not seen the tick before. */
const EACH_SECOND_MS = 1000;
/** How often a viewer is asked for a sign of life. */
const PING_MS = 30_000;

const CLOSE = { goingAway: 1001, policy: 1008, tooLarge: 1009, failed: 1011, tryLater: 1013 } as const;

/** All viewers, what they watch, and who gets what when. */
export class Sessions {
  readonly #current: CurrentView;
  readonly #clock: Clock;
  readonly #tail: Tail | null;
  readonly #intervalMs: number;
  readonly #maxBuffered: number;
  readonly #slice: number;
  readonly #maxSeries: number;
  readonly #historySeconds: number;
  readonly #viewers = new Set<Viewer>();
  readonly #channels = new Map<string, Channel<Viewer>>();
  readonly #tables: TableCache;
  readonly #backfiller: Backfiller;
  readonly #counts = { skippedTicks: 0, evaluations: 0, encodedFrames: 0, bytes: 0, bytesPerSecond: 0 };
  readonly #sent = (bytes: number): void => {
    this.#counts.bytes += bytes;
  };
  #channelIds = 0;
  #accepted = 0;
  #countedAt: number;
  #running: Promise<void> | null = null;
  #next: number | null = null;
  #closed = false;

  constructor(options: LiveOptions) {
    this.#current = options.current;
    this.#clock = options.clock;
    this.#tail = options.tail ?? null;
    this.#intervalMs = options.intervalMs ?? 1000;
    this.#maxBuffered = options.maxBuffered ?? 64 * 1024;
    this.#slice = options.slice ?? 250;
    this.#maxSeries = options.maxSeries ?? 8192;
    this.#historySeconds = options.historySeconds ?? LIVE_HISTORY_MS / 1000;
    this.#tables = new TableCache(this.#current);
    this.#backfiller = new Backfiller(this.#current, this.#historySeconds, (viewer) =>
      viewer.close(CLOSE.failed, "the history could not be told"),
    );
    this.#countedAt = this.#clock.now();
  }

  accept(socket: ViewerSocket, principal: Principal): void {
    const now = this.#clock.now();
    // Those who came together are not asked for signs of life together.
    const lookedAt = now - ((this.#accepted++ * 1000) % PING_MS);
    const viewer = new Viewer(socket, { lookedAt, maxBuffered: this.#maxBuffered, sent: this.#sent });
    this.#viewers.add(viewer);
    socket.listen({
      message: (data, isBinary) => this.#hear(viewer, data, isBinary),
      alive: () => {
        viewer.answered = true;
      },
      closed: () => this.#leave(viewer),
    });
    if (this.#closed) {
      viewer.close(CLOSE.goingAway, "the hub is closing");
      return;
    }
    viewer.say({
      type: "welcome",
      version: LIVE_VERSION,
      at: now,
      intervalMs: this.#intervalMs,
      historyMs: this.#historySeconds * 1000,
      principal: { sub: principal.sub, role: principal.role },
    });
  }

  tick(at: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    if (this.#running !== null) {
      this.#next = at;
      return this.#running;
    }
    this.#running = this.#tellFrom(at).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  stats(): LiveStats {
    const { skippedTicks, evaluations, encodedFrames, bytesPerSecond } = this.#counts;
    const viewers = this.#viewers.size;
    const channels = this.#channels.size;
    const failedTables = this.#tables.failed;
    return { viewers, channels, bytesPerSecond, skippedTicks, evaluations, encodedFrames, failedTables };
  }

  close(): void {
    this.#closed = true;
    this.#tail?.close();
    this.#next = null;
    for (const viewer of this.#viewers) viewer.close(CLOSE.goingAway, "the hub is closing");
  }

  async #tellFrom(first: number): Promise<void> {
    for (let at: number | null = first; at !== null && !this.#closed; at = this.#takeNext()) await this.#tell(at);
  }

  #takeNext(): number | null {
    const at = this.#next;
    this.#next = null;
    return at;
  }

  async #tell(at: number): Promise<void> {
    const now = this.#clock.now();
    this.#countBytes(now);
    this.#tables.nextSecond();
    const turn = new Turn();
    for (const channel of [...this.#channels.values()]) {
      if (!isAnyDue(channel.viewers, at)) continue;
      this.#counts.evaluations++;
      channel.advance(at);
      if (turn.over) await turn.pause();
    }
    let written = 0;
    for (const viewer of this.#viewers) {
      if (written >= this.#slice) {
        await nextTurn();
        written = 0;
      }
      if (this.#serve(viewer, at, now)) written++;
      if (turn.over) await turn.pause();
    }
  }

  /** Gives one viewer what it has not got yet; false when there was nothing to give. */
  #serve(viewer: Viewer, at: number, now: number): boolean {
    viewer.messages = viewer.subscriptions = 0;
    if (!viewer.open) return false;
    if (!viewer.ready) {
      this.#skip(viewer, at, now);
      return false;
    }
    viewer.stuckSince = null;
    if (!this.#keepAlive(viewer, now)) return false;
    this.#catchUp(viewer);
    if (viewer.subscription === null || !isDue(viewer, at)) return false;
    const { channel, tables } = viewer.subscription;
    if (tables.length > 0) viewer.socket.cork();
    if (viewer.phase === "live" && channel.at === at && viewer.at < at) {
      viewer.send(channel.frameAfter(viewer.everyMs === EACH_SECOND_MS ? viewer.seq : null));
      viewer.at = at;
      viewer.seq = channel.seq;
    }
    if (tables.length > 0) {
      this.#sendTables(viewer, now);
      viewer.socket.uncork();
    }
    return true;
  }

  #skip(viewer: Viewer, at: number, now: number): void {
    viewer.stuckSince ??= now;
    if (viewer.subscription !== null && isDue(viewer, at)) this.#counts.skippedTicks++;
    if (now - viewer.stuckSince >= STUCK_MS) viewer.close(CLOSE.tryLater, "too slow: nothing was read for a minute");
  }

  /** Asks a quiet viewer for a sign of life now and then; false when none came since the last time. */
  #keepAlive(viewer: Viewer, now: number): boolean {
    if (now - viewer.lookedAt < PING_MS) return true;
    viewer.lookedAt = now;
    if (viewer.spoke) {
      viewer.spoke = false;
      viewer.answered = true;
    } else if (viewer.answered) {
      viewer.answered = false;
      viewer.socket.ping();
    } else {
      viewer.socket.terminate();
      return false;
    }
    return true;
  }

  /** Takes up what had to wait while the viewer did not read. */
  #catchUp(viewer: Viewer): void {
    const { postponed } = viewer;
    viewer.postponed = null;
    if (postponed !== null) this.#obey(viewer, postponed);
    else if (viewer.subscription !== null && viewer.phase === "filling") this.#backfiller.enqueue(viewer);
  }

  #sendTables(viewer: Viewer, now: number): void {
    const { subscription } = viewer;
    if (subscription === null) return;
    for (const table of subscription.tables) {
      const version = this.#tables.version(table, now);
      if (version === 0 || viewer.tables.get(table) === version) continue;
      viewer.send(this.#tables.message(table, subscription.id, now));
      viewer.tables.set(table, version);
    }
  }

  #countBytes(now: number): void {
    const elapsed = now - this.#countedAt;
    if (elapsed <= 0) return;
    this.#counts.bytesPerSecond = Math.round((this.#counts.bytes * 1000) / elapsed);
    this.#counts.bytes = 0;
    this.#countedAt = now;
  }

  #hear(viewer: Viewer, data: Buffer, isBinary: boolean): void {
    if (!viewer.open) return;
    viewer.spoke = true;
    if (data.length > MAX_VIEWER_MESSAGE) {
      viewer.close(CLOSE.tooLarge, `expected at most ${MAX_VIEWER_MESSAGE} bytes`);
    } else if (this.#tooMany(viewer, data)) {
      const limit = `expected at most ${MAX_MESSAGES_PER_SECOND} messages a second`;
      this.#refuse(viewer, new WsightError("RATE_LIMITED", limit));
    } else if (isBinary) {
      this.#refuse(viewer, new WsightError("BAD_FRAME", "message: expected text, got bytes"));
    } else {
      this.#takeUp(viewer, data.toString());
    }
  }

  /** Counts a message; true when it is one too many. */
  #tooMany(viewer: Viewer, data: Buffer): boolean {
    viewer.messages += 1 + Math.floor(data.length / LONG_MESSAGE);
    return viewer.messages > MAX_MESSAGES_PER_SECOND;
  }

  /** Obeys, now or later. Of subscriptions only the newest matters, and a ping is worth nothing later. */
  #takeUp(viewer: Viewer, text: string): void {
    const subscribes = text.includes('"subscribe"');
    // Answers to a viewer that does not read would only pile up.
    if (viewer.ready && !(subscribes && viewer.subscriptions >= MAX_SUBSCRIPTIONS_PER_SECOND)) this.#obey(viewer, text);
    else if (subscribes) viewer.postponed = text;
  }

  #obey(viewer: Viewer, text: string): void {
    let message: ViewerMessage;
    try {
      message = decodeViewerMessage(text);
    } catch (error) {
      this.#refuse(viewer, error);
      return;
    }
    if (message.type === "ping") viewer.say({ type: "pong", sentAt: message.sentAt, at: this.#clock.now() });
    else if (message.type === "rate") viewer.everyMs = message.everyMs;
    else if (message.type === "tail") this.#follow(viewer, message.tail);
    else if (message.type === "subscribe") this.#subscribe(viewer, message);
  }

  #follow(viewer: Viewer, wish: TailWish | null): void {
    try {
      this.#tail?.set(viewer, wish);
    } catch (error) {
      this.#refuse(viewer, error);
    }
  }

  #refuse(viewer: Viewer, error: unknown): void {
    const known = error instanceof WsightError ? error : new WsightError("INTERNAL");
    if (viewer.ready) viewer.say({ type: "error", ...known.toBody() });
    if (++viewer.badMessages >= MAX_BAD_MESSAGES) {
      viewer.close(CLOSE.policy, `${MAX_BAD_MESSAGES} messages could not be understood`);
    }
  }

  #subscribe(viewer: Viewer, message: Extract<ViewerMessage, { type: "subscribe" }>): void {
    const { id, series, since } = message;
    viewer.subscriptions++;
    viewer.postponed = null;
    const before = viewer.subscription?.channel;
    const channel = this.#channelOf(series, before?.viewers.size === 1 ? before.series.length : 0);
    if (channel === null) {
      this.#refuse(viewer, tooManySeries(this.#maxSeries));
      return;
    }
    channel.viewers.add(viewer);
    if (before !== undefined && before !== channel) this.#leaveChannel(viewer, before);
    viewer.subscription = { id, channel, tables: [...new Set(message.tables)], since: since ?? null };
    viewer.phase = "filling";
    viewer.tables.clear();
    viewer.say({ type: "dictionary", id, channel: channel.id, series: channel.series });
    this.#sendTables(viewer, this.#clock.now());
    this.#backfiller.enqueue(viewer);
  }

  /** The channel of these series, made when it is new; `null` when there is no room, `freed` included. */
  #channelOf(series: Extract<ViewerMessage, { type: "subscribe" }>["series"], freed: number): Channel<Viewer> | null {
    const key = channelKey(series);
    const known = this.#channels.get(key);
    if (known !== undefined) return known;
    let watched = series.length - freed;
    for (const channel of this.#channels.values()) watched += channel.series.length;
    if (watched > this.#maxSeries) return null;
    const channel = new Channel<Viewer>(++this.#channelIds, this.#current, series, () => {
      this.#counts.encodedFrames++;
    });
    this.#channels.set(key, channel);
    return channel;
  }

  #leave(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    this.#tail?.leave(viewer);
    if (viewer.subscription !== null) this.#leaveChannel(viewer, viewer.subscription.channel);
    viewer.subscription = null;
  }

  #leaveChannel(viewer: Viewer, channel: Channel<Viewer>): void {
    channel.viewers.delete(viewer);
    if (channel.viewers.size > 0) return;
    this.#channels.delete(channel.key);
    this.#backfiller.forget(channel);
  }
}

/** Slow viewers all get the same tick of ten, so that it is encoded once for them. */
function isDue(viewer: Viewer, at: number): boolean {
  return at % viewer.everyMs === 0;
}

function isAnyDue(viewers: Iterable<Viewer>, at: number): boolean {
  for (const viewer of viewers) if (isDue(viewer, at)) return true;
  return false;
}

function tooManySeries(most: number): WsightError {
  return new WsightError(
    "RATE_LIMITED",
    `expected all viewers together to watch at most ${most} different series; close a page, or try again later`,
  );
}
