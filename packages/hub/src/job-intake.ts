import type { HubFrame, JobEvent, JobsFrame, QueueReading, WorkerBeat } from "@wsight/protocol";
import type { Clock } from "./clock.ts";
import { toHubClock } from "./current/hub-clock.ts";
import type { NodeWriter } from "./current/nodes.ts";
import type { FencedJobs } from "./queue-fence.ts";

/** Between two acknowledgements of one link, ms: a probe takes a hub that says too much for none. */
const ACK_EVERY_MS = 20;
/** Frames of one link that are known and not kept yet; a probe is not asked for more then. */
const MAX_UNKEPT = 4096;
/** A job can't have been made later than this from now, ms, by the clock of whoever tells of it. */
const MAX_AHEAD_MS = 86_400_000;
/** Nodes whose losses are told apart; the one that told least lately gives way. */
const MAX_NODES = 2000;
/** A clock that seems to be behind by less than this, ms, is taken for right: a busy machine's words come late. */
const LATE_MS = 2500;

/** What a process told of jobs, in the hub's time. */
interface ToldJobs {
  /** `service/instance` */
  readonly node: string;
  readonly events: readonly JobEvent[];
  readonly beats: readonly WorkerBeat[];
  readonly readings: readonly QueueReading[];
  /** Events that were dropped there since it last told, and those of queues that it may not tell of. */
  readonly lost: number;
}

/** Takes what processes tell of jobs; resolves once it is kept. Neither throws nor rejects. */
export type OnJobs = (told: ToldJobs) => Promise<void>;

/** Takes what one link tells of jobs, and acknowledges it. */
export interface JobIntake {
  take(jobs: FencedJobs, writer: NodeWriter): void;
  close(): void;
}

/** Makes intakes, one for each link. */
export function createJobIntakes(clock: Clock, onJobs: OnJobs): (say: (frame: HubFrame) => void) => JobIntake {
  /** By node: what it said it had dropped. */
  const dropped = new Map<string, number>();
  const growth = (node: string, now: number): number => {
    const before = dropped.get(node) ?? 0;
    dropped.delete(node);
    dropped.set(node, now);
    const oldest = dropped.size > MAX_NODES ? dropped.keys().next().value : undefined;
    if (oldest !== undefined) dropped.delete(oldest);
    // A process that began anew counts from zero.
    return now >= before ? now - before : now;
  };
  return (say) => {
    const acks = new Acknowledger(say);
    return {
      take({ frame, foreign }, writer) {
        const lost = growth(writer.key, frame.dropped) + foreign;
        acks.wait(
          frame.seq,
          onJobs({ node: writer.key, lost, ...onHubClock(frame, writer.clockAheadMs, clock.now()) }),
        );
      },
      close: () => acks.close(),
    };
  };
}

/**
 * `createdAt` stays as it is: it is no time but a part of a job's name. One that has yet to come would shut out what is
 * told of the job, and is left out.
 */
function onHubClock(
  frame: JobsFrame,
  aheadMs: number | null,
  now: number,
): Pick<ToldJobs, "events" | "beats" | "readings"> {
  const isLate = aheadMs !== null && aheadMs < 0 && aheadMs > -LATE_MS;
  const shift = toHubClock(isLate ? 0 : aheadMs);
  // Nothing has happened later than now.
  const move = (at: number): number => Math.min(now, shift(at));
  return {
    events: frame.events.map((event) => {
      const { createdAt, ...rest } = event;
      const isToCome = createdAt !== undefined && createdAt > now + (aheadMs ?? 0) + MAX_AHEAD_MS;
      const moved = { ...(isToCome ? rest : event), at: move(event.at) };
      return "startedAt" in moved && moved.startedAt !== undefined
        ? { ...moved, startedAt: move(moved.startedAt) }
        : moved;
    }),
    beats: frame.beats.map((beat) => ({ ...beat, at: move(beat.at) })),
    readings: frame.queues.map((reading) => ({ ...reading, at: move(reading.at) })),
  };
}

interface Unkept {
  readonly seq: number;
  kept: boolean;
}

/** Says how far a link's frames are known and kept: in the order they came, and not too often. */
class Acknowledger {
  readonly #say: (frame: HubFrame) => void;
  readonly #unkept: Unkept[] = [];
  #newest = 0;
  #kept = 0;
  #told = { seq: 0, taken: 0 };
  #toldAt = -Infinity;
  #timer: NodeJS.Timeout | null = null;

  constructor(say: (frame: HubFrame) => void) {
    this.#say = say;
  }

  wait(seq: number, kept: Promise<void>): void {
    const entry: Unkept = { seq, kept: false };
    this.#unkept.push(entry);
    this.#newest = seq;
    void kept.then(() => {
      entry.kept = true;
      this.#settle();
    });
    this.#settle();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #settle(): void {
    let done = 0;
    while (this.#unkept[done]?.kept === true) done++;
    for (const { seq } of this.#unkept.splice(0, done)) this.#kept = seq;
    if (this.#timer !== null || !this.#hasNews()) return;
    // Not at once: what is kept without a disk is so within this turn.
    const wait = Math.max(0, this.#toldAt + ACK_EVERY_MS - performance.now());
    this.#timer = setTimeout(() => this.#tell(), wait);
    this.#timer.unref();
  }

  #tell(): void {
    this.#timer = null;
    this.#toldAt = performance.now();
    this.#told = { seq: this.#kept, taken: this.#taken() };
    this.#say({ type: "jobs-ack", ...this.#told });
  }

  #hasNews(): boolean {
    return this.#kept !== this.#told.seq || this.#taken() !== this.#told.taken;
  }

  #taken(): number {
    return this.#unkept[MAX_UNKEPT]?.seq ?? this.#newest;
  }
}
