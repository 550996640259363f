import type { JobsAckFrame } from "@wsight/protocol";
import type { JobFrame, JobFrames } from "./job-frames.ts";

/** Frames, and events in them, that a hub has not taken yet; further ones wait. */
const MAX_FRAMES_AHEAD = 32;
const MAX_EVENTS_AHEAD = 4000;
/** What may be said within a second, and at once: less than the half of what a hub bears from one link. */
const PER_SECOND = { frames: 150, weight: 2_500_000 } as const;

/**
 * The way of frames over one link.
 *
 * `shut` until hello was said, and again whenever the hub must hear it anew; then `tried` with one single frame, which
 * a hub of an older version would not understand; and `open` once the hub has taken one. Each time it is shut it begins
 * again with the oldest frame that is not known to be kept.
 */
export class JobLane {
  readonly #frames: JobFrames;
  readonly #send: (frame: JobFrame) => boolean;
  readonly #hr: () => number;
  #phase: "shut" | "tried" | "open" = "shut";
  /** Sent, taken and kept are all up to these. */
  #sent = 0;
  #taken = 0;
  #kept = 0;
  #allowance: { frames: number; weight: number } = { ...PER_SECOND };
  #refilledAt: number;

  /** @param hr monotonic clock, ms */
  constructor(frames: JobFrames, send: (frame: JobFrame) => boolean, hr: () => number) {
    this.#frames = frames;
    this.#send = send;
    this.#hr = hr;
    this.#refilledAt = hr();
  }

  /** What its hub keeps; `null` while no hub has said anything. */
  get kept(): number | null {
    return this.#phase === "open" ? this.#kept : null;
  }

  /** What its hub knows at least; `null` while no hub has said anything. */
  get taken(): number | null {
    return this.#phase === "open" ? this.#taken : null;
  }

  /** True while it would send more than there is. */
  get wantsMore(): boolean {
    return this.#mayGo() && this.#sent >= this.#frames.newest;
  }

  /** True while only the pace holds it back. */
  get paced(): boolean {
    return this.#isFree() && !this.#hasAllowance();
  }

  /** Hello was said. */
  open(): void {
    if (this.#phase !== "shut") return;
    this.#phase = "tried";
    this.#sent = this.#taken = this.#kept = this.#frames.before;
  }

  /** The hub must hear hello first. */
  shut(): void {
    this.#phase = "shut";
  }

  /** Takes what the hub says. */
  acknowledge({ seq, taken }: JobsAckFrame): void {
    if (this.#phase === "shut" || taken > this.#sent || seq > this.#sent) return;
    this.#phase = "open";
    this.#kept = Math.max(this.#kept, seq);
    this.#taken = Math.max(this.#taken, this.#kept, taken);
  }

  /** Sends what may go. Returns false when the link takes no more just now. */
  pump(): boolean {
    while (this.#mayGo()) {
      const frame = this.#frames.after(this.#sent);
      if (frame === undefined) return true;
      if (!this.#send(frame)) return false;
      this.#spend(frame);
      this.#sent = frame.seq;
    }
    return true;
  }

  /** Sends all there is, whatever the hub has taken, as far as the link takes it. */
  flush(): void {
    if (this.#phase === "shut") return;
    for (let frame = this.#frames.after(this.#sent); frame !== undefined; frame = this.#frames.after(this.#sent)) {
      if (!this.#send(frame)) return;
      this.#sent = frame.seq;
    }
  }

  #mayGo(): boolean {
    return this.#isFree() && this.#hasAllowance();
  }

  #isFree(): boolean {
    if (this.#phase === "shut") return false;
    const ahead = this.#sent - this.#taken;
    if (this.#phase === "tried") return ahead === 0;
    return ahead < MAX_FRAMES_AHEAD && this.#frames.eventsBetween(this.#taken, this.#sent) < MAX_EVENTS_AHEAD;
  }

  #hasAllowance(): boolean {
    const now = this.#hr();
    const share = Math.min(1, (now - this.#refilledAt) / 1000);
    this.#refilledAt = now;
    const { frames, weight } = this.#allowance;
    this.#allowance = {
      frames: Math.min(PER_SECOND.frames, frames + share * PER_SECOND.frames),
      weight: Math.min(PER_SECOND.weight, weight + share * PER_SECOND.weight),
    };
    return this.#allowance.frames >= 1 && this.#allowance.weight > 0;
  }

  #spend({ weight }: JobFrame): void {
    this.#allowance.frames--;
    this.#allowance.weight -= weight;
  }
}
