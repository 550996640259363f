import {
  encodeLinkText,
  type JobEvent,
  type JobsAckFrame,
  MAX_FRAME_BEATS,
  MAX_FRAME_QUEUES,
  MAX_JOB_EVENTS,
  parseWorkerBeat,
  type QueueReading,
  type WorkerBeat,
} from "@wsight/protocol";
import type { Guard } from "../guard.ts";
import { type EventPrivacy, fitEvent } from "./fit-event.ts";
import { type JobFrame, JobFrames } from "./job-frames.ts";
import { JobLane } from "./job-lane.ts";
import { WaitingEvents } from "./waiting-events.ts";

/** Events that are held until a hub keeps them, and characters of them, roughly. */
const MAX_EVENTS = 20_000;
const MAX_WEIGHT = 16_000_000;
/** Workers and queues whose newest words wait. */
const MAX_WORKERS = 1000;
/** Characters of one frame, roughly. */
const FRAME_WEIGHT = 256_000;
/** Events within this long go together, ms. */
const TOGETHER_MS = 5;

/** Where integrations and calls tell of jobs. Nothing of it throws, blocks, or keeps the process alive. */
export interface JobSink {
  /** Something happened. Errors are redacted and texts cut here; what can't be told at all goes to `onError`. */
  event(event: JobEvent): void;
  /** A worker is there; the newest word of each is told. */
  beat(beat: WorkerBeat): void;
  /** A queue says how it is; the newest word of each is told. */
  reading(reading: QueueReading): void;
}

/** The way of jobs over one link. */
export interface JobWay {
  /** Hello was said. */
  open(): void;
  /** Hello must be said first, once more. */
  shut(): void;
  /** The hub says how far it is. */
  acknowledge(frame: JobsAckFrame): void;
  /** Says what can still be said. */
  flush(): void;
  /** The link is gone. */
  end(): void;
}

/** What an outbox works with. */
export interface JobOutboxParts extends EventPrivacy {
  readonly guard: Guard;
  /** Monotonic, ms. */
  readonly hr: () => number;
  readonly epoch: () => number;
}

/**
 * Where events about jobs wait for their way to the hub: they leave at once, or together with those of the next five
 * milliseconds, and are held until a hub keeps them, so that the next hub hears what the one before did not keep.
 * What finds no room is counted: the oldest progress goes first, then the oldest of all else.
 */
export class JobOutbox implements JobSink {
  readonly #parts: JobOutboxParts;
  readonly #waiting = new WaitingEvents();
  readonly #frames = new JobFrames();
  readonly #beats = new Map<string, WorkerBeat>();
  readonly #readings = new Map<string, QueueReading>();
  readonly #lanes = new Set<JobLane>();
  #dropped = 0;
  #sentAt = -Infinity;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: JobOutboxParts) {
    this.#parts = parts;
  }

  event(event: JobEvent): void {
    this.#guarded(() => {
      this.#waiting.add(fitEvent(event, this.#parts));
      this.#keepWithin();
      this.#poke();
    });
  }

  beat(beat: WorkerBeat): void {
    this.#guarded(() => {
      const fit = parseWorkerBeat("BAD_OPTION", "worker", beat);
      this.#note(this.#beats, `${fit.queue}\0${fit.worker}`, fit, MAX_WORKERS);
    });
  }

  reading(reading: QueueReading): void {
    this.#guarded(() => this.#note(this.#readings, reading.queue, reading, MAX_FRAME_QUEUES));
  }

  /** Sends over one link more. */
  over(send: (text: string) => boolean): JobWay {
    const say = (frame: JobFrame): boolean => {
      this.#sentAt = this.#parts.hr();
      return send(this.#encode(frame));
    };
    const lane = new JobLane(this.#frames, say, this.#parts.hr);
    this.#lanes.add(lane);
    return {
      open: () => {
        lane.open();
        this.pump();
      },
      shut: () => lane.shut(),
      acknowledge: (frame) => {
        lane.acknowledge(frame);
        this.#release();
        this.pump();
      },
      flush: () => {
        while (this.#hasMore()) this.#cutFrame();
        lane.flush();
      },
      end: () => void this.#lanes.delete(lane),
    };
  }

  /** Sends what may go. */
  pump(): void {
    this.#guarded(() => {
      for (const lane of this.#lanes) this.#pump(lane);
      if (this.#hasMore() && [...this.#lanes].some(({ paced }) => paced)) this.#later(TOGETHER_MS);
    });
  }

  /** What waits and what is held, roughly. */
  memoryBytes(): number {
    return this.#waiting.weight + this.#frames.weight;
  }

  /** Ends its timer. */
  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #pump(lane: JobLane): void {
    while (lane.pump() && this.#hasMore() && lane.wantsMore) this.#cutFrame();
  }

  #hasMore(): boolean {
    return this.#waiting.size > 0 || this.#beats.size > 0 || this.#readings.size > 0;
  }

  #cutFrame(): void {
    this.#frames.add({
      events: this.#waiting.take(MAX_JOB_EVENTS, FRAME_WEIGHT),
      beats: takeFirst(this.#beats, MAX_FRAME_BEATS),
      queues: takeFirst(this.#readings, MAX_FRAME_QUEUES),
    });
  }

  /** At once, or with those of the next milliseconds; also while the loop is held up by the very job that is told of. */
  #poke(): void {
    const since = this.#parts.hr() - this.#sentAt;
    if (since >= TOGETHER_MS) this.pump();
    else this.#later(TOGETHER_MS - since);
  }

  #later(ms: number): void {
    if (this.#timer !== null || this.#lanes.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.pump();
    }, ms);
    this.#timer.unref();
  }

  #note<T>(notes: Map<string, T>, key: string, note: T, most: number): void {
    if (!notes.has(key) && notes.size >= most) {
      // The newest words of others wait as well; this one's come again.
      this.#parts.guard.report(new Error(`more than ${most} workers or queues at once`), "hook", "jobs");
      return;
    }
    notes.set(key, note);
    this.#poke();
  }

  #encode({ seq, events, beats, queues }: JobFrame): string {
    return encodeLinkText({
      type: "jobs",
      epoch: this.#parts.epoch(),
      seq,
      events,
      beats,
      queues,
      dropped: this.#dropped,
    });
  }

  /** What every hub that is there keeps needs not be told again. */
  #release(): void {
    const kept = [...this.#lanes].flatMap((lane) => lane.kept ?? []);
    if (kept.length > 0) this.#frames.release(Math.min(...kept));
  }

  #keepWithin(): void {
    if (this.#isWithin()) return;
    // A hub knows these already: they would be lost with it alone.
    const taken = [...this.#lanes].flatMap((lane) => lane.taken ?? []);
    if (taken.length > 0) this.#frames.release(Math.min(...taken));
    while (!this.#isWithin()) {
      this.#dropped += this.#waiting.size > 0 ? 1 : this.#frames.release(this.#frames.before + 1);
      this.#waiting.drop();
    }
  }

  #isWithin(): boolean {
    return (
      this.#waiting.size + this.#frames.events <= MAX_EVENTS && this.#waiting.weight + this.#frames.weight <= MAX_WEIGHT
    );
  }

  #guarded(work: () => void): void {
    this.#parts.guard.run("callback", work, undefined, "jobs");
  }
}

function takeFirst<T>(notes: Map<string, T>, most: number): T[] {
  const taken: T[] = [];
  for (const [key, note] of notes) {
    if (taken.length >= most) break;
    taken.push(note);
    notes.delete(key);
  }
  return taken;
}
