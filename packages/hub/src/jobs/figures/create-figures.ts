import type { Clock } from "../../clock.ts";
import type { Ingest } from "../../ingest.ts";
import type { JobMeter } from "../job-meter.ts";
import type { Jobs } from "../jobs.ts";
import { type OwnLine, OwnNode } from "./own-node.ts";
import { QueueFigures, sharesByQueue } from "./queue-figures.ts";

/** Queues with figures of their own; those beyond share `_other`. */
const MAX_QUEUES = 64;
const OTHER = "_other";
/** A queue that is not known any more, and of which nothing was heard for this long, has no figures, ms. */
const FORGET_AFTER_MS = 900_000;

/** What figures are made with. */
export interface JobFiguresParts {
  readonly ingest: Pick<Ingest, "open">;
  readonly clock: Clock;
  /** The hub's name among hubs; its figures come under `wsight/INSTANCE`. */
  readonly instance: string;
  /** Name of the machine. */
  readonly host: string;
}

/** Figures of queues, as a node of the hub's own. Takes what is counted, reads the rest. */
export interface JobFigures extends JobMeter {
  /** Says how all stands; call it each second shortly before it is closed. Nothing is said before there are jobs. */
  tell(jobs: Pick<Jobs, "used" | "queues" | "workers">): void;
  /** Leaves in good order; safe to call twice. */
  close(): void;
}

interface KnownQueue {
  readonly figures: QueueFigures;
  seenAt: number;
}

/** Makes figures of queues. */
export function createJobFigures({ ingest, clock, instance, host }: JobFiguresParts): JobFigures {
  const queues = new Map<string, KnownQueue>();
  let node: OwnNode | null = null;
  let uptime: OwnLine | null = null;

  function own(): OwnNode {
    node ??= new OwnNode({ ingest, clock, instance, host });
    return node;
  }

  function of(queue: string): QueueFigures {
    const name = queues.has(queue) || queues.size < MAX_QUEUES ? queue : OTHER;
    let known = queues.get(name);
    if (known === undefined) {
      known = { figures: new QueueFigures(own(), name), seenAt: 0 };
      queues.set(name, known);
    }
    known.seenAt = clock.now();
    return known.figures;
  }

  function forget(): void {
    const before = clock.now() - FORGET_AFTER_MS;
    for (const [name, { figures, seenAt }] of queues) {
      if (seenAt >= before) continue;
      figures.end();
      queues.delete(name);
    }
  }

  return {
    added: (queue) => of(queue).added(),
    ended: (queue, outcome, runSeconds) => of(queue).ended(outcome, runSeconds),
    waited: (queue, seconds) => of(queue).waited(seconds),
    retried: (queue) => of(queue).retried(),
    stalled: (queue) => of(queue).stalled(),
    tell(jobs) {
      if (!jobs.used) return;
      const rows = new Map(jobs.queues().rows.map((row) => [row.queue, row]));
      const shares = sharesByQueue(jobs.workers());
      for (const queue of rows.keys()) of(queue);
      for (const [name, { figures }] of queues) figures.stands(rows.get(name) ?? null, shares.get(name) ?? null);
      forget();
      uptime ??= own().line("wsight.jobs.uptime");
      uptime?.set(Math.round(own().uptime));
      own().tell();
    },
    close: () => node?.close(),
  };
}
