import { BackfillEncoder } from "@wsight/protocol";
import type { CompiledSelectors, CurrentView } from "../current-view.ts";
import type { Channel, EncodedPast } from "./channel.ts";
import { LiveMessage } from "./message.ts";
import { Past } from "./past.ts";
import { Turn } from "./turns.ts";
import type { Subscription, Viewer } from "./viewer.ts";

/** Bytes that the kept seconds of all channels may take together; the one not asked for longest goes first. */
const MAX_PAST_BYTES = 32 * 1024 * 1024;

/**
 * Gives viewers the seconds they miss. One after the other, and in short
 * turns: whatever is asked for, the event loop is never held for long.
 */
export class Backfiller {
  readonly #current: CurrentView;
  readonly #historySeconds: number;
  readonly #failed: (viewer: Viewer, error: unknown) => void;
  readonly #line: Viewer[] = [];
  /** Channels with seconds kept, the one asked for longest ago first. */
  readonly #keepers = new Set<Channel>();
  #running = false;

  constructor(current: CurrentView, historySeconds: number, failed: (viewer: Viewer, error: unknown) => void) {
    this.#current = current;
    this.#historySeconds = historySeconds;
    this.#failed = failed;
  }

  /** Puts a viewer in line, once. Its place is that of the newest subscription it has when its turn comes. */
  enqueue(viewer: Viewer): void {
    if (viewer.queued) return;
    viewer.queued = true;
    this.#line.push(viewer);
    if (!this.#running) void this.#run();
  }

  /** The channel has no viewers any more. */
  forget(channel: Channel): void {
    channel.past = channel.encodedPast = null;
    this.#keepers.delete(channel);
  }

  async #run(): Promise<void> {
    this.#running = true;
    const turn = new Turn();
    for (let viewer = this.#line.shift(); viewer !== undefined; viewer = this.#line.shift()) {
      viewer.queued = false;
      try {
        await this.#fill(viewer, turn);
      } catch (error) {
        this.#failed(viewer, error);
      }
    }
    this.#running = false;
  }

  async #fill(viewer: Viewer, turn: Turn): Promise<void> {
    const { subscription } = viewer;
    if (subscription === null) return;
    let from = this.#firstSecond(subscription);
    for (let short = false; ; short = true) {
      const { to, message } = await this.#encode(subscription.channel, from, turn);
      if (viewer.subscription !== subscription) return;
      // It does not read: the next tick that finds it reading puts it in line again.
      if (!viewer.open || !viewer.ready) return;
      if (!short || to >= from) viewer.send(message);
      viewer.at = to * 1000;
      from = to + 1;
      if (viewer.at >= (this.#current.at ?? viewer.at)) break;
    }
    viewer.phase = "live";
    viewer.seq = null;
  }

  /** The first second the viewer misses and the hub holds. */
  #firstSecond({ since }: Subscription): number {
    const oldest = (this.#current.oldestAt ?? 0) / 1000;
    if (since === null) return oldest;
    const newest = (this.#current.at ?? 0) / 1000;
    return Math.min(Math.max(Math.floor(since / 1000) + 1, oldest), newest + 1);
  }

  async #encode(channel: Channel, from: number, turn: Turn): Promise<EncodedPast> {
    const past = await this.#reach(channel, from, turn);
    const { to } = past;
    const known = channel.encodedPast;
    if (known?.from === from && known.to === to) return known;
    const series = channel.series.length;
    const length = Math.max(0, to - from + 1);
    const encoder = new BackfillEncoder({ channel: channel.id, fromAt: from * 1000, stepMs: 1000, series, length });
    for (let i = 0; i < series; i++) {
      encoder.column(past.column(i, from, to));
      if (turn.over) await turn.pause();
    }
    const encoded = { from, to, message: new LiveMessage(encoder.finish(), true) };
    channel.encodedPast = encoded;
    return encoded;
  }

  /** Makes the channel's past reach from `from` to the newest closed second. */
  async #reach(channel: Channel, from: number, turn: Turn): Promise<Past> {
    const past = this.#keep(channel, from);
    let compiled: CompiledSelectors | null = null;
    // Ticks append too, between two turns.
    while (past.to < (this.#current.at ?? -Infinity) / 1000) {
      compiled ??= channel.compileAgain();
      past.append(channel.toWire(compiled.evaluate((past.to + 1) * 1000)));
      if (turn.over) await turn.pause();
    }
    return past;
  }

  #keep(channel: Channel, from: number): Past {
    this.#keepers.delete(channel);
    if (channel.past === null || channel.past.from > from || channel.past.to < from - 1) {
      channel.past = new Past(channel.series.length, this.#historySeconds + 60, from);
    }
    this.#keepers.add(channel);
    this.#makeRoom(channel);
    return channel.past;
  }

  #makeRoom(newest: Channel): void {
    const bytesOf = (channel: Channel) => channel.series.length * (this.#historySeconds + 60) * 8;
    let bytes = 0;
    for (const channel of this.#keepers) bytes += bytesOf(channel);
    for (const channel of this.#keepers) {
      if (bytes <= MAX_PAST_BYTES || channel === newest) return;
      bytes -= bytesOf(channel);
      this.forget(channel);
    }
  }
}
