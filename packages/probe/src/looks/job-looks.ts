import { describe, type JobAction, type JobLook, type JobStanding, WsightError } from "@wsight/protocol";

/** How long a queue's database has for one question, ms. */
const DEADLINE_MS = 5000;
/** Questions that may be under way at once. */
const MAX_AT_ONCE = 8;

/** What an integration gives so that jobs of a queue can be looked at; costs nothing until somebody looks. */
export interface JobLookSource {
  readonly queue: string;
  /** `null`: the queue has no such job. */
  readonly look: (job: string) => Promise<JobLook | null>;
  /** How jobs stand; one whose name is not its whole id is left out. */
  readonly standings: (jobs: readonly string[]) => Promise<readonly JobStanding[]>;
  /** @throws WsightError `NOT_FOUND`, `BAD_REQUEST` when the job's state does not allow it, `FORBIDDEN` */
  readonly act: (job: string, action: JobAction) => Promise<void>;
}

/**
 * Answers questions about single jobs from their queue's own database, while somebody looks. A database that does not
 * answer is waited for 5 s; what it answers later is forgotten.
 */
export class JobLooks {
  readonly #sources = new Map<string, JobLookSource[]>();
  #underWay = 0;

  /** Lets the jobs of one more queue be looked at. Returns how to end it. */
  add(source: JobLookSource): () => void {
    this.#sources.set(source.queue, [...this.#of(source.queue), source]);
    return () => {
      const left = this.#of(source.queue).filter((other) => other !== source);
      if (left.length === 0) this.#sources.delete(source.queue);
      else this.#sources.set(source.queue, left);
    };
  }

  /** A close look at one job. @throws WsightError `NOT_FOUND`, `NODE_AWAY` when its database does not answer, `RATE_LIMITED` */
  async look(queue: string, job: string): Promise<JobLook> {
    const look = await this.#ask(queue, (source) => source.look(job));
    if (look === null) throw new WsightError("NOT_FOUND", `queue ${describe(queue)} has no job ${describe(job)}`);
    return look;
  }

  /** How jobs stand in their queue. @throws WsightError as {@link look}, but not for jobs that are gone */
  standings(queue: string, jobs: readonly string[]): Promise<readonly JobStanding[]> {
    return this.#ask(queue, (source) => source.standings(jobs));
  }

  /** Does something to one job. @throws WsightError as {@link look}, and as the source says */
  act(queue: string, job: string, action: JobAction): Promise<void> {
    return this.#ask(queue, (source) => source.act(job, action));
  }

  #of(queue: string): JobLookSource[] {
    return this.#sources.get(queue) ?? [];
  }

  async #ask<T>(queue: string, ask: (source: JobLookSource) => Promise<T>): Promise<T> {
    const source = this.#of(queue)[0];
    if (source === undefined)
      throw new WsightError("NOT_FOUND", `this process watches no queue ${describe(queue)} that can be asked`);
    if (this.#underWay >= MAX_AT_ONCE)
      throw new WsightError("RATE_LIMITED", `${MAX_AT_ONCE} questions about jobs are under way; try again later`);
    this.#underWay++;
    try {
      return await within(ask(source), queue);
    } finally {
      this.#underWay--;
    }
  }
}

function within<T>(answer: Promise<T>, queue: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void =>
      reject(new WsightError("NODE_AWAY", `the database of queue ${describe(queue)} did not answer within 5 s`));
    const timer = setTimeout(late, DEADLINE_MS);
    timer.unref();
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
