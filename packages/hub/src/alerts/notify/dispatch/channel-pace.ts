/** Longest time that a channel rests because its tries fail, ms: what would get through, and tests, must not wait longer. */
const LONGEST_REST_MS = 10_000;
const LONGEST_WISH_MS = 60 * 60_000;

interface Rest {
  readonly until: number;
  readonly failures: number;
}

/** Which channels are left alone for a while: because their receiver asked for it, or because nothing gets through. */
export class ChannelPace {
  readonly #rests = new Map<string, Rest>();

  /** A message got through. */
  succeeded(channelId: string, now: number, pauseMs: number): void {
    if (pauseMs <= 0) this.#rests.delete(channelId);
    else this.#rests.set(channelId, { until: now + Math.min(pauseMs, LONGEST_WISH_MS), failures: 0 });
  }

  /** A message may get through later. */
  failed(channelId: string, now: number, wishMs: number | null): void {
    const failures = (this.#rests.get(channelId)?.failures ?? 0) + 1;
    // The first failure may be about its message alone.
    const ownMs = failures === 1 ? 0 : Math.min(LONGEST_REST_MS, 250 * 2 ** Math.min(failures, 10));
    const until = now + Math.max(ownMs, Math.min(wishMs ?? 0, LONGEST_WISH_MS));
    this.#rests.set(channelId, { until, failures });
  }

  /** Channels that rest. */
  resting(now: number): readonly string[] {
    return [...this.#rests].filter(([, { until }]) => until > now).map(([channelId]) => channelId);
  }

  /** When the first of them may be used again, ms epoch; `null` for none. */
  nextAt(now: number): number | null {
    const times = [...this.#rests.values()].map(({ until }) => until).filter((until) => until > now);
    return times.length === 0 ? null : Math.min(...times);
  }
}
