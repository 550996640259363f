import { WORKER_BEAT_MS, type WorkerBeat } from "@wsight/protocol";

/** Workers that calls may tell of in one process, and jobs each may have at once. */
const MAX_WORKERS = 64;
const MAX_ACTIVE = 10_000;

interface OwnWorker {
  readonly queue: string;
  readonly worker: string;
  /** When each of its jobs began, ms epoch. */
  readonly active: Map<string, number>;
  /** Most that it had at once. */
  peak: number;
  toldAt: number;
}

/** What the workers of this process work with. */
interface OwnWorkersParts {
  readonly beat: (beat: WorkerBeat) => void;
  /** ms epoch. */
  readonly now: () => number;
}

/**
 * Workers as calls tell of them: whoever began a job here is one, until the process ends, and is told to be there every
 * five seconds. It takes at once what it had at once at most; a worker that says more of itself speaks for itself.
 */
export class OwnWorkers {
  readonly #parts: OwnWorkersParts;
  readonly #workers = new Map<string, OwnWorker>();
  readonly #speakForThemselves = new Set<string>();

  constructor(parts: OwnWorkersParts) {
    this.#parts = parts;
  }

  started(queue: string, worker: string, job: string): void {
    const known = this.#of(queue, worker);
    if (known === null) return;
    if (known.active.size < MAX_ACTIVE) known.active.set(job, this.#parts.now());
    known.peak = Math.max(known.peak, known.active.size);
    this.#tell(known);
  }

  /** A job has left its worker, whichever of them it was. Says when it began, where that is known, and with whom. */
  left(queue: string, job: string): { readonly worker: string; readonly startedAt: number } | null {
    for (const known of this.#workers.values()) {
      const startedAt = known.queue === queue ? known.active.get(job) : undefined;
      if (startedAt === undefined) continue;
      known.active.delete(job);
      return { worker: known.worker, startedAt };
    }
    return null;
  }

  /** Takes what a worker says of itself. */
  speaks(beat: WorkerBeat): void {
    if (this.#speakForThemselves.size < MAX_WORKERS) this.#speakForThemselves.add(keyOf(beat.queue, beat.worker));
    this.#parts.beat(beat);
  }

  /** Time has passed. */
  tick(): void {
    const now = this.#parts.now();
    for (const known of this.#workers.values()) if (now - known.toldAt >= WORKER_BEAT_MS - 500) this.#tell(known);
  }

  /** The process ends in good order. */
  end(): void {
    for (const known of this.#workers.values()) this.#tell(known, true);
    this.#workers.clear();
  }

  #of(queue: string, worker: string): OwnWorker | null {
    const key = keyOf(queue, worker);
    const known = this.#workers.get(key);
    if (known !== undefined || this.#workers.size >= MAX_WORKERS) return known ?? null;
    const fresh: OwnWorker = { queue, worker, active: new Map(), peak: 1, toldAt: 0 };
    this.#workers.set(key, fresh);
    return fresh;
  }

  #tell(known: OwnWorker, ended = false): void {
    const { queue, worker, active, peak } = known;
    known.toldAt = this.#parts.now();
    if (this.#speakForThemselves.has(keyOf(queue, worker))) return;
    this.#parts.beat({ at: known.toldAt, queue, worker, concurrency: peak, active: active.size, ended });
  }
}

function keyOf(queue: string, worker: string): string {
  return `${queue}\0${worker}`;
}
