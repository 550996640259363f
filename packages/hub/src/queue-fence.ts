import type { EventsFrame, HistoryEvent, JobEvent, JobsFrame, Series } from "@wsight/protocol";
import { divideByQueue, foreignQueue, type QueueScope, speaksFor } from "./access/queue-scope.ts";

/** Of a frame about jobs, what may be told. */
export interface FencedJobs {
  readonly frame: JobsFrame;
  /** Events that may not be told. */
  readonly foreign: number;
}

/**
 * Keeps one link to the queues that its token names: what it says of others, as jobs, as figures or as events of
 * history, is left out and the rest is taken, since a frame that were refused would be told again for ever.
 */
export class QueueFence {
  readonly #scope: QueueScope;
  readonly #complain: (reason: string) => void;
  #told = false;

  /** @param complain told the first time that something is left out */
  constructor(scope: QueueScope, complain: (reason: string) => void) {
    this.#scope = scope;
    this.#complain = complain;
  }

  /** Queues that the link may be asked about. */
  get scope(): QueueScope {
    return this.#scope;
  }

  jobs(frame: JobsFrame): FencedJobs {
    if (this.#scope === null) return { frame, foreign: 0 };
    const events = divideByQueue<JobEvent>(this.#scope, "jobs events", frame.events);
    const beats = divideByQueue(this.#scope, "jobs beats", frame.beats);
    const queues = divideByQueue(this.#scope, "jobs queues", frame.queues);
    const [first] = [...events.foreign, ...beats.foreign, ...queues.foreign];
    if (first !== undefined) this.#tell(first);
    return {
      frame: { ...frame, events: events.own, beats: beats.own, queues: queues.own },
      foreign: events.foreign.length,
    };
  }

  /** False for a figure of another queue, or of no certain one. */
  lets({ metric, labels }: Series): boolean {
    if (this.#scope === null || !metric.attributes.includes("queue")) return true;
    return this.#knows(`names ${metric.name}`, labels.queue);
  }

  /** Without what is said of other queues; that counts as left out. */
  events(frame: EventsFrame): EventsFrame {
    if (this.#scope === null) return frame;
    const leftOut: Record<string, number> = { ...frame.leftOut };
    const rows = frame.rows.filter(({ kind, attributes }) => {
      if (!isOfJob(kind) || this.#knows(`events ${kind}`, attributes.queue)) return true;
      leftOut[kind] = (leftOut[kind] ?? 0) + 1;
      return false;
    });
    return { ...frame, rows, leftOut };
  }

  #knows(where: string, queue: unknown): boolean {
    if (this.#scope === null || (typeof queue === "string" && speaksFor(this.#scope, queue))) return true;
    this.#tell(foreignQueue(this.#scope, `${where} queue`, queue));
    return false;
  }

  #tell({ message }: Error): void {
    if (!this.#told) this.#complain(message);
    this.#told = true;
  }
}

function isOfJob(kind: HistoryEvent["kind"]): boolean {
  return kind.startsWith("job.");
}
