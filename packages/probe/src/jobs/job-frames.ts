import type { JobEvent, QueueReading, WorkerBeat } from "@wsight/protocol";
import { weightOf } from "./waiting-events.ts";

/** What goes out together. */
export interface JobFrame {
  readonly seq: number;
  readonly events: readonly JobEvent[];
  readonly beats: readonly WorkerBeat[];
  readonly queues: readonly QueueReading[];
  /** Characters, roughly. */
  readonly weight: number;
}

/** What a beat or a reading takes, roughly. */
const NOTE_WEIGHT = 200;

/** Frames that went out, or were about to, and are not known to be kept; by `seq` without a gap. */
export class JobFrames {
  #frames: JobFrame[] = [];
  #next = 1;
  #events = 0;
  #weight = 0;

  /** Events in them. */
  get events(): number {
    return this.#events;
  }

  get weight(): number {
    return this.#weight;
  }

  /** Of the newest that was made, 0 before the first. */
  get newest(): number {
    return this.#next - 1;
  }

  /** What was made and then let go of ends with it. */
  get before(): number {
    return this.#next - this.#frames.length - 1;
  }

  add(parts: Pick<JobFrame, "events" | "beats" | "queues">): void {
    let weight = NOTE_WEIGHT * (parts.beats.length + parts.queues.length);
    for (const event of parts.events) weight += weightOf(event);
    this.#frames.push({ ...parts, seq: this.#next++, weight });
    this.#events += parts.events.length;
    this.#weight += weight;
  }

  /** The first after `seq` that there is. */
  after(seq: number): JobFrame | undefined {
    return this.#frames[Math.max(0, seq - this.before)];
  }

  /** Events of those after `from`, up to `to`. */
  eventsBetween(from: number, to: number): number {
    let events = 0;
    for (const frame of this.#frames.slice(Math.max(0, from - this.before), Math.max(0, to - this.before)))
      events += frame.events.length;
    return events;
  }

  /** Lets go of those up to `seq`. Returns how many events they held. */
  release(seq: number): number {
    const gone = this.#frames.splice(0, Math.max(0, seq - this.before));
    let events = 0;
    for (const frame of gone) {
      events += frame.events.length;
      this.#weight -= frame.weight;
    }
    this.#events -= events;
    return events;
  }
}
