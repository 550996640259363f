import type { JobEvent, JobRow, JobStanding, JobState } from "@wsight/protocol";
import { toHubClock } from "../current/hub-clock.ts";
import type { JobAsks } from "./job-asks.ts";
import type { Jobs } from "./jobs.ts";

/** Between two looks, ms. */
const LOOK_MS = 5_000;
/** Jobs that are asked for at one look, of one queue. */
const MAX_ASKED = 100;
/** Of a job that changed within this long, word may be on its way, ms. */
const STILL_MS = 10_000;
/** A job that was asked for is not asked for again within this long, ms; so many are remembered. */
const AGAIN_MS = 300_000;
const MAX_REMEMBERED = 20_000;
/** Rows that are looked through for some that were not asked for. */
const PAGE = 200;
const MAX_PAGES = 10;

/** What looking for strays works with. */
export interface StrayParts {
  readonly jobs: Pick<Jobs, "listInTurns" | "liveIn" | "queues" | "take">;
  readonly asks: Pick<JobAsks, "standings">;
  /** ms epoch. */
  readonly now: () => number;
  /** How far the clock of a process is ahead, ms; `null` when not known. */
  readonly aheadOf: (node: string) => number | null;
}

/**
 * Finds jobs whose end nobody told of: their worker was killed with the word in its mouth, is watched nowhere, or the
 * queue was emptied. A queue that says it has fewer live jobs than are known is asked for those that were not heard of
 * longest, a hundred at a time, and what it says is taken as any other word.
 */
export class Strays {
  readonly #parts: StrayParts;
  readonly #asked = new Map<string, number>();
  #lookedAt = Number.NEGATIVE_INFINITY;
  #isAsking = false;

  constructor(parts: StrayParts) {
    this.#parts = parts;
  }

  /** Looks, once in a while. Never throws; a queue that can't be asked just now is asked another time. */
  observe(now: number): void {
    if (this.#isAsking || now - this.#lookedAt < LOOK_MS) return;
    this.#lookedAt = now;
    const queues = this.#parts.jobs
      .queues()
      .rows.filter(({ library }) => library === "bullmq")
      .filter((row) => this.#parts.jobs.liveIn(row.queue) > row.waiting + row.active + row.delayed);
    if (queues.length === 0) return;
    this.#isAsking = true;
    void this.#askAll(queues.map(({ queue }) => queue)).finally(() => {
      this.#isAsking = false;
    });
  }

  async #askAll(queues: readonly string[]): Promise<void> {
    for (const queue of queues) {
      const rows = await this.#choose(queue);
      if (rows.length > 0) await this.#ask(queue, rows).catch(() => undefined);
    }
  }

  async #ask(queue: string, rows: readonly JobRow[]): Promise<void> {
    const { asks, jobs, now, aheadOf } = this.#parts;
    const { standings, node } = await asks.standings(
      queue,
      rows.map(({ id }) => id),
    );
    const byId = new Map(rows.map((row) => [row.id, row]));
    const onHubClock = toHubClock(aheadOf(node));
    const move = (at: number | null): number => Math.min(now(), onHubClock(at) ?? now());
    const events: JobEvent[] = [];
    for (const standing of standings) {
      const row = byId.get(standing.job);
      const event = row === undefined ? null : eventOf(row, standing, move);
      if (event !== null) events.push(event);
    }
    jobs.take(events, { source: "bullmq", node });
  }

  /** Those that ran first: they have a worker that is gone, or is watched nowhere. */
  async #choose(queue: string): Promise<readonly JobRow[]> {
    const active = await this.#oldest(queue, ["active"], MAX_ASKED / 2);
    return [...active, ...(await this.#oldest(queue, ["waiting", "delayed"], MAX_ASKED - active.length))];
  }

  async #oldest(queue: string, states: readonly JobState[], most: number): Promise<readonly JobRow[]> {
    const now = this.#parts.now();
    const found: JobRow[] = [];
    for (let page = 0; page < MAX_PAGES; page++) {
      const window = { offset: page * PAGE, limit: PAGE, sort: "changedAt", descending: false } as const;
      const { rows } = await this.#parts.jobs.listInTurns({ queue, states, userId: null, search: "", ...window });
      for (const row of rows) {
        if (found.length >= most || row.changedAt > now - STILL_MS) return found;
        if (this.#remember(`${queue}\n${row.id}`, now)) found.push(row);
      }
      if (rows.length < PAGE) break;
    }
    return found;
  }

  /** False for one that was asked for lately. */
  #remember(key: string, now: number): boolean {
    if (now - (this.#asked.get(key) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return false;
    this.#asked.delete(key);
    this.#asked.set(key, now);
    const [oldest] = this.#asked.keys();
    if (this.#asked.size > MAX_REMEMBERED && oldest !== undefined) this.#asked.delete(oldest);
    return true;
  }
}

/** What a standing says that is not known; `null`: nothing. */
function eventOf(
  { queue, id: job, state, attempt }: JobRow,
  standing: JobStanding,
  move: (at: number | null) => number,
): JobEvent | null {
  const ended = {
    queue,
    job,
    at: move(standing.endedAt),
    ...(standing.createdAt === null ? {} : { createdAt: standing.createdAt }),
    ...(standing.attempt === null ? {} : { attempt: standing.attempt }),
    ...(standing.startedAt === null ? {} : { startedAt: move(standing.startedAt) }),
  };
  switch (standing.state) {
    case "completed":
      return { kind: "completed", ...ended };
    case "failed":
      return { kind: "failed", ...ended, error: standing.error ?? "", final: true };
    case "unknown":
      return { kind: "removed", queue, job, at: move(null) };
    case "active":
      return state === "active" ? null : { kind: "started", queue, job, at: move(null) };
    default:
      return state === "active" && attempt > 0 ? { kind: "retried", queue, job, attempt, at: move(null) } : null;
  }
}
