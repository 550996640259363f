import { createJobLedger, createJobs, type JobsParts } from "@wsight/hub";
import type { JobEvent, JobPage, JobQuery, JobRow } from "@wsight/protocol";

/** A time to start from, ms epoch: an hour ago, since what ended long ago is not kept. */
export const T0: number = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
const SOURCE = { source: "app", node: "shop/1" } as const;

/** An event as a story tells it: of job `1` of queue `docs` unless it says otherwise, `at` ms after the start. */
export type Told = ToldOf<JobEvent>;
type ToldOf<E extends JobEvent> = E extends JobEvent ? Partial<E> & Pick<E, "kind" | "at"> : never;

/** Jobs with a clock that is moved by hand, kept nowhere unless a ledger is given. */
export class JobsRig {
  now: number;
  readonly errors: unknown[] = [];
  readonly jobs: ReturnType<typeof createJobs>;

  constructor(parts: Partial<JobsParts> = {}, now: number = T0) {
    this.now = now;
    const onError = (error: unknown): void => void this.errors.push(error);
    const ledger = createJobLedger({ dataDir: null, onError });
    this.jobs = createJobs({ clock: { now: () => this.now }, ledger, onError, ...parts });
  }

  /** Resolves once events are taken at once. */
  async ready(): Promise<this> {
    await this.jobs.take([{ kind: "removed", at: T0, queue: "docs", job: "no such" }], SOURCE).kept;
    return this;
  }

  /** Tells what happened; by then it is no sooner than that. */
  tell(...told: readonly Told[]): ReturnType<ReturnType<typeof createJobs>["take"]> {
    for (const { at } of told) this.now = Math.max(this.now, T0 + at);
    return this.jobs.take(told.map(toEvent), SOURCE);
  }

  /** Lets time go by, second by second. */
  wait(ms: number): void {
    const until = this.now + ms;
    while (this.now < until) {
      this.now = Math.min(until, this.now + 1000);
      this.jobs.observe(this.now);
    }
  }

  list(query: Partial<JobQuery> = {}): JobPage {
    return this.jobs.list({ ...ANY, ...query });
  }

  /** A job as it stands; throws for one that is not known. */
  row(id = "1"): JobRow {
    const row = this.list({ limit: 200 }).rows.find((one) => one.id === id);
    if (row === undefined) throw new Error(`no job ${id}`);
    return row;
  }
}

/** All jobs, newest change first. */
export const ANY: JobQuery = {
  queue: null,
  states: [],
  userId: null,
  search: "",
  sort: "changedAt",
  descending: true,
  offset: 0,
  limit: 100,
};

/** An event as it is taken. */
export function toEvent(told: Told): JobEvent {
  const event = { queue: "docs", job: "1", ...told, at: T0 + told.at };
  return event.kind === "failed" ? { error: "no", final: true, ...event } : (event as JobEvent);
}
