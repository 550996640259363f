import type { JobEvent, JobQueued, JobState, JobStep } from "@wsight/protocol";
import type { JobSource } from "../jobs.ts";
import { applyEvent, beginsNewLife } from "./apply-event.ts";
import { compareEvents, isSameEvent, Life } from "./life.ts";
import type { Said } from "./said.ts";
import type { JobPlace, TrackedQueue } from "./tracked-queue.ts";

/** Most events that are kept of a job; older ones are then kept as what they led to. */
const MAX_EVENTS = 64;
/** Reports of progress that are kept; of more, every second one that a later one says it better than. */
const MAX_REPORTS = 16;

const NONE: readonly JobEvent[] = [];

/** What an event or a step takes besides its text, roughly, in characters. */
const BARE = 200;
/** Steps that are left of a job that was shortened, first and last, and characters of each. */
const SHORT_STEPS = { first: 1, last: 3, characters: 64 } as const;

/** What the oldest events of a job led to. */
interface JobBase {
  readonly life: Life;
  readonly steps: readonly JobStep[];
  /** Of the try that was under way: elapsed ms and percent. */
  readonly progress: readonly (readonly [elapsedMs: number, percent: number])[];
}

/** A queue with its jobs. */
export type JobQueue = TrackedQueue<TrackedJob>;

/**
 * A job with its events. They are kept in their order, so that one that comes late is put where it belongs and the job
 * lives anew: whatever the order in which events come, it ends in the same state.
 */
export class TrackedJob {
  readonly id: string;
  readonly queue: JobQueue;
  /** Grows from job to job: tells two of them apart that are the same otherwise. */
  readonly number: number;
  readonly source: JobSource;
  life: Life = new Life();
  /** Grows with each life that begins. */
  lives = 0;
  place: JobPlace | null = null;
  /** Grows with each change. */
  revision = 0;
  /** What was said when it was queued. */
  said: Said | null = null;
  /** What is expected of its run by now, and when that was found. */
  run: Said | null = null;
  runAt = 0;
  /** When listeners were last told of its progress, ms epoch. */
  toldAt = 0;
  #identity: number | null = null;
  #base: JobBase | null = null;
  /** In their order. `null`: that it was queued is all that happened, and its life says all of it. */
  #events: readonly JobEvent[] | null = NONE;
  #reports = 0;
  /** Events before this that do not say which life they are of are of one that is over. */
  #since = 0;

  constructor(id: string, queue: JobQueue, number: number, source: JobSource) {
    this.id = id;
    this.queue = queue;
    this.number = number;
    this.source = source;
  }

  /** As people see it at a time: as the indexes have it, where it waits. */
  stateAt(now: number): JobState {
    const state = this.place?.state;
    return state === "waiting" || state === "delayed" ? state : this.life.stateAt(now);
  }

  /** What tells this life from others of the same id, ms epoch: it stays as it was first found. */
  get identity(): number {
    this.#identity ??= this.life.createdAt ?? this.life.queuedAt ?? this.life.phaseAt;
    return this.#identity;
  }

  /** Begins from what was kept of it. */
  restore(base: JobBase, identity: number): void {
    this.#base = base;
    this.#identity = identity;
    this.life = base.life.clone();
  }

  /** Takes in an event; false when it changed nothing. */
  take(event: JobEvent): boolean {
    const { lives } = this;
    const { userId: owner } = this.life;
    const changed = this.#takeIn(event);
    // Whoever is known as its owner hears of it: nobody else, whoever is said to have had it before.
    if (owner !== null && this.lives === lives) this.life.userId = owner;
    return changed;
  }

  #takeIn(event: JobEvent): boolean {
    if (event.at < this.#since && (event.createdAt === undefined || event.createdAt !== this.life.createdAt)) {
      if (event.createdAt === undefined || !beginsNewLife(this.life, event)) return false;
    }
    if (event.kind === "queued" && this.life.changedAt === 0) {
      this.#events = null;
      return applyEvent(this.life, event);
    }
    const events = this.#told();
    let place = events.length;
    while (place > 0 && compareEvents(at(events, place - 1), event) > 0) place--;
    for (let i = place - 1; i >= 0 && at(events, i).at === event.at; i--)
      if (isSameEvent(at(events, i), event)) return false;
    if (event.kind === "progress") this.#reports++;
    if (place === events.length) {
      const isNew = beginsNewLife(this.life, event);
      if (isNew) this.#forget(event.at);
      // What this makes has room for no more than it holds: most jobs have one event or two.
      this.#events = isNew ? [event] : events.concat(event);
      const changed = applyEvent(this.life, event);
      this.#thin();
      return changed;
    }
    return this.#liveAnew([...events.slice(0, place), event, ...events.slice(place)]);
  }

  /** Steps of its life, oldest first, at most 64. */
  steps(): readonly JobStep[] {
    const steps = [...(this.#base?.steps ?? [])];
    this.#replay((event, life) => steps.push(stepOf(event, life)));
    return steps.length <= MAX_EVENTS ? steps : [...steps.slice(0, 8), ...steps.slice(8 - MAX_EVENTS)];
  }

  /** Progress of the newest try, elapsed ms and percent, at most 8, evenly thinned. */
  progress(): readonly (readonly [elapsedMs: number, percent: number])[] {
    const points = [...(this.#base?.progress ?? [])];
    this.#replay((event, life) => {
      if (event.kind !== "progress") {
        if (life.percent === null) points.length = 0;
      } else if (life.startedAt !== null && !life.startGuessed && life.percentAt === event.at && life.percent !== null)
        points.push([event.at - life.startedAt, life.percent]);
    });
    if (points.length <= 8) return points;
    return Array.from({ length: 8 }, (_, i) => points[Math.round((i * (points.length - 1)) / 7)] ?? [0, 0]);
  }

  /** What its past takes, in characters, roughly. */
  weight(): number {
    let weight = 0;
    for (const event of this.#events ?? NONE) weight += BARE + (event.kind === "failed" ? event.error.length : 0);
    for (const { text } of this.#base?.steps ?? []) weight += BARE + text.length;
    return weight;
  }

  /** Keeps what its past led to, and of the past itself the least: what comes late only fills holes from now on. */
  shorten(): void {
    const { first, last, characters } = SHORT_STEPS;
    const all = this.steps();
    const kept = all.length <= first + last ? all : [...all.slice(0, first), ...all.slice(-last)];
    const steps = kept.map((step) => ({ ...step, text: copyOf(step.text, characters) }));
    this.#base = { life: this.life.clone(), steps, progress: this.progress() };
    this.#events = NONE;
    this.#reports = 0;
  }

  #replay(see: (event: JobEvent, life: Life) => void): Life {
    const life = this.#base?.life.clone() ?? new Life();
    for (const event of this.#told()) if (applyEvent(life, event)) see(event, life);
    return life;
  }

  #told(): readonly JobEvent[] {
    return this.#events ?? [queuedEventOf(this.life, this.queue.name, this.id)];
  }

  #liveAnew(events: readonly JobEvent[]): boolean {
    const before = this.life;
    const life = this.#base?.life.clone() ?? new Life();
    let opened: JobEvent | null = null;
    for (const event of events) {
      if (beginsNewLife(life, event)) opened = event;
      applyEvent(life, event);
    }
    this.life = life;
    if (opened !== null) this.#forget(opened.at);
    this.#events = opened === null ? events : events.slice(events.indexOf(opened));
    this.#thin();
    return !isSameLife(before, life);
  }

  /** What came before a new life counts no more. */
  #forget(at: number): void {
    this.lives++;
    this.#identity = null;
    this.#base = null;
    this.#events = NONE;
    this.#reports = 0;
    this.#since = at;
  }

  #thin(): void {
    let events = this.#told();
    if (this.#reports > MAX_REPORTS) {
      events = withoutIdleReports(events);
      this.#events = events;
      this.#reports = events.filter(({ kind }) => kind === "progress").length;
    }
    if (events.length <= MAX_EVENTS) return;
    const [oldest, ...rest] = events;
    if (oldest === undefined) return;
    const life = this.#base?.life.clone() ?? new Life();
    const changed = applyEvent(life, oldest);
    const steps = changed ? [...(this.#base?.steps ?? []), stepOf(oldest, life)] : (this.#base?.steps ?? []);
    this.#base = { life, steps: steps.slice(-MAX_EVENTS), progress: this.#base?.progress ?? [] };
    this.#events = rest;
  }
}

/** Leaves out every second report of progress that the next one says it better than: the state they lead to is the same. */
function withoutIdleReports(events: readonly JobEvent[]): JobEvent[] {
  let keep = false;
  return events.filter((event, i) => {
    const next = events[i + 1];
    if (event.kind !== "progress" || next?.kind !== "progress" || event.attempt !== next.attempt) return true;
    const isBetter =
      (next.percent ?? -1) >= (event.percent ?? -1) && (event.stage === undefined || next.stage !== undefined);
    if (!isBetter || (event.worker !== undefined && next.worker === undefined)) return true;
    keep = !keep;
    return keep;
  });
}

/** The event that made a life which nothing has happened to since. */
function queuedEventOf(life: Life, queue: string, job: string): JobQueued {
  const at = life.queuedAt ?? life.changedAt;
  const known = {
    createdAt: life.createdAt,
    label: life.label,
    userId: life.userId,
    plan: life.plan,
    priority: life.priority,
    sizeBytes: life.sizeBytes,
    sizeCategory: life.sizeCategory,
    maxAttempts: life.maxAttempts,
  };
  const told = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== null));
  return { kind: "queued", at, queue, job, name: life.name, delayMs: (life.readyAt ?? at) - at, ...told };
}

/** Of the beginning of a text: a slice would hold the whole of it in memory. */
function copyOf(text: string, characters: number): string {
  return text.length <= characters ? text : Buffer.from(text.slice(0, characters), "utf16le").toString("utf16le");
}

function stepOf(event: JobEvent, life: Life): JobStep {
  return { at: event.at, kind: event.kind, attempt: life.attempt, text: textOf(event) };
}

function textOf(event: JobEvent): string {
  switch (event.kind) {
    case "queued":
      return event.delayMs === undefined || event.delayMs === 0 ? "" : `delayed by ${event.delayMs} ms`;
    case "started":
      return event.worker === undefined ? "" : `worker ${event.worker}`;
    case "progress": {
      const percent = event.percent === undefined ? [] : [`${Math.round(event.percent)} %`];
      return [...percent, ...(event.stage === undefined ? [] : [event.stage])].join(" ");
    }
    case "failed":
      return event.error;
    default:
      return "";
  }
}

function isSameLife(a: Life, b: Life): boolean {
  return (Object.keys(a) as (keyof Life)[]).every((key) => a[key] === b[key]);
}

function at(events: readonly JobEvent[], place: number): JobEvent {
  const event = events[place];
  if (event === undefined) throw new RangeError(`no event ${place}`);
  return event;
}
