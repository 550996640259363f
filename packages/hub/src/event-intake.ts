import type { EventsFrame, HistoryEvent } from "@wsight/protocol";
import { createRateLimit, type RateLimit } from "./access/rate-limit.ts";
import type { Clock } from "./clock.ts";
import { toHubClock } from "./current/hub-clock.ts";
import type { NodeWriter } from "./current/nodes.ts";

/** Events that are taken from one node, a minute and at once: a probe tells ten a second at most. */
const EVENTS_PER_MINUTE = 1_200;

/** Takes what a link tells of events: in the hub's time, and no more than a node may tell. */
export interface EventIntake {
  /** Events as they are kept; what was left out, here or there, is one more. */
  take(frame: EventsFrame, writer: NodeWriter): readonly HistoryEvent[];
}

/** Makes intakes, one for each link, that share what each node may tell. */
export function createEventIntakes(clock: Clock): () => EventIntake {
  const limit = createRateLimit(EVENTS_PER_MINUTE, () => clock.now());
  return () => new LinkIntake(clock, limit);
}

class LinkIntake implements EventIntake {
  readonly #clock: Clock;
  readonly #limit: RateLimit;
  /** By kind, until it is told. */
  readonly #leftOut = new Map<string, number>();

  constructor(clock: Clock, limit: RateLimit) {
    this.#clock = clock;
    this.#limit = limit;
  }

  take({ rows, leftOut }: EventsFrame, { key, clockAheadMs }: NodeWriter): readonly HistoryEvent[] {
    const now = Math.floor(this.#clock.now());
    const onHubClock = toHubClock(clockAheadMs);
    const events: HistoryEvent[] = [];
    for (const row of rows) {
      // Nothing has happened later than now: it would outlive everything that is kept for a time.
      if (this.#limit.take(key) === 0) events.push({ ...row, at: Math.min(now, onHubClock(row.at)), node: key });
      else this.#leaveOut(row.kind, 1);
    }
    for (const [kind, count] of Object.entries(leftOut)) this.#leaveOut(kind, count);
    if (this.#leftOut.size === 0 || this.#limit.take(key) > 0) return events;
    const at = events.at(-1)?.at ?? now;
    const attributes = Object.fromEntries(this.#leftOut);
    this.#leftOut.clear();
    return [...events, { at, kind: "left-out", node: key, subject: "", text: "", attributes }];
  }

  #leaveOut(kind: string, count: number): void {
    this.#leftOut.set(kind, (this.#leftOut.get(kind) ?? 0) + count);
  }
}
