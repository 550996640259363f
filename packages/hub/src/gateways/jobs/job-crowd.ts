import type { JobRow } from "@wsight/protocol";
import type { JobChange, Jobs, RestoredJob } from "../../jobs/jobs.ts";
import { Turn } from "../../live/turns.ts";
import { messageOfChange, messageOfRow } from "./job-messages.ts";
import { isLive, queueStatus } from "./queue-status.ts";

/** Jobs that ended as recently are told to a client that comes (back), ms; and how many of them at most. */
const ENDED_MS = 5 * 60_000;
const MAX_ENDED = 100;
/** Jobs that a client that does not read is told of later; the one it waits for longest gives way. */
const MAX_OWED = 200;
/** How often it is looked whether such clients have read, ms. */
const RETRY_MS = 50;
/** One that has not read for so long is cut off, ms. */
const STUCK_MS = 30_000;

/** How clients of one kind are told. */
interface CrowdOutlet<C> {
  /** True while so much waits for a client that it gets no more. */
  isFull(client: C): boolean;
  /** Tells clients the same, put into bytes once. */
  send(clients: readonly C[], event: string, data: object): void;
  /** Ends a client that does not read. */
  cutOff(client: C): void;
}

/** What a crowd is made of. */
export interface CrowdParts<C> {
  readonly jobs: Jobs;
  readonly outlet: CrowdOutlet<C>;
  /** ms epoch. */
  readonly now: () => number;
  /** Told what could not be told; the others are told all the same. */
  readonly onError: (error: unknown) => void;
}

/** How a crowd fares. */
export interface CrowdStats {
  readonly clients: number;
  /** Different users among them. */
  readonly users: number;
  /** States of jobs that slow clients did not get at all. */
  readonly skipped: number;
}

interface Member<C> {
  readonly client: C;
  readonly userId: string;
  /** Jobs whose state it is still to be told, in that order. */
  readonly owed: Set<string>;
  owesStatus: boolean;
  /** Since when it has taken nothing although something is owed, ms epoch. */
  stuckSince: number;
}

/**
 * Clients that hear of their own jobs. Which those are follows from the subject of a verified credential alone; nothing
 * that a client says changes it. A message is put into bytes once for all clients of a user. A client that does not read
 * gets no messages, but the newest state of each job when it has read; nothing else of it waits here.
 */
export class JobCrowd<C> {
  readonly #parts: CrowdParts<C>;
  readonly #members = new Map<C, Member<C>>();
  readonly #users = new Map<string, Set<Member<C>>>();
  readonly #behind = new Set<Member<C>>();
  readonly #stopHearing: readonly (() => void)[];
  #timer: NodeJS.Timeout | null = null;
  #skipped = 0;
  #telling = false;

  constructor(parts: CrowdParts<C>) {
    this.#parts = parts;
    const { jobs } = parts;
    this.#stopHearing = [
      jobs.listen((change) => this.#attempt(() => this.#hear(change))),
      jobs.onRestored((job) => this.#attempt(() => this.#restore(job))),
    ];
  }

  /** From now on `client` hears of the jobs of `userId`, and of nobody else's; first, how they stand. */
  enter(client: C, userId: string): void {
    this.leave(client);
    const owed = new Set(this.#latestOf(userId));
    const member: Member<C> = { client, userId, owed, owesStatus: true, stuckSince: this.#parts.now() };
    this.#members.set(client, member);
    const mates = this.#users.get(userId);
    if (mates === undefined) this.#users.set(userId, new Set([member]));
    else mates.add(member);
    this.#attempt(() => this.#pay(member));
  }

  /** Safe to call for one that is not there. */
  leave(client: C): void {
    const member = this.#members.get(client);
    if (member === undefined) return;
    this.#members.delete(client);
    this.#behind.delete(member);
    const mates = this.#users.get(member.userId);
    mates?.delete(member);
    if (mates?.size === 0) this.#users.delete(member.userId);
  }

  /** Tells everybody `queue-status`, in turns. One that is still being told when the next is due goes on alone. */
  async tellStatus(): Promise<void> {
    if (this.#telling || this.#members.size === 0) return;
    this.#telling = true;
    try {
      await this.#tellAll();
    } finally {
      this.#telling = false;
    }
  }

  stats(): CrowdStats {
    return { clients: this.#members.size, users: this.#users.size, skipped: this.#skipped };
  }

  /** Forgets everybody. */
  close(): void {
    for (const stop of this.#stopHearing) stop();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#members.clear();
    this.#users.clear();
    this.#behind.clear();
  }

  #hear(change: JobChange): void {
    // Most changes are of users who do not listen: those cost a look-up.
    const { userId } = change;
    const members = userId === null ? undefined : this.#users.get(userId);
    if (members === undefined) return;
    const key = keyOf(change.job);
    const ready: C[] = [];
    for (const member of members) {
      if (this.#isReady(member)) ready.push(member.client);
      else this.#owe(member, key);
    }
    if (ready.length === 0) return;
    const { event, data } = messageOfChange(change);
    this.#parts.outlet.send(ready, event, data);
  }

  /** Who came before what was kept was read is told now. */
  #restore(job: RestoredJob | null): void {
    if (job !== null) {
      if (job.userId !== null) for (const member of this.#users.get(job.userId) ?? []) this.#owe(member, keyOf(job));
      return;
    }
    for (const [userId, members] of this.#users) {
      const keys = this.#latestOf(userId);
      for (const member of members) for (const key of keys) this.#owe(member, key);
    }
  }

  #isReady({ client, owed }: Member<C>): boolean {
    return owed.size === 0 && !this.#parts.outlet.isFull(client);
  }

  #owe(member: Member<C>, key: string): void {
    const { owed } = member;
    owed.add(key);
    if (owed.size > MAX_OWED) {
      for (const oldest of owed) {
        owed.delete(oldest);
        break;
      }
      this.#skipped++;
    }
    this.#fallBehind(member);
  }

  #fallBehind(member: Member<C>): void {
    if (this.#behind.has(member)) return;
    member.stuckSince = this.#parts.now();
    this.#behind.add(member);
    this.#timer ??= setTimeout(() => this.#retry(), RETRY_MS).unref();
  }

  #retry(): void {
    this.#timer = null;
    const now = this.#parts.now();
    for (const member of [...this.#behind]) {
      this.#attempt(() => this.#pay(member));
      if (this.#behind.has(member) && now - member.stuckSince >= STUCK_MS) {
        this.leave(member.client);
        this.#attempt(() => this.#parts.outlet.cutOff(member.client));
      }
    }
    if (this.#behind.size > 0) this.#timer ??= setTimeout(() => this.#retry(), RETRY_MS).unref();
  }

  /** Tells what is owed, as far as the client takes it. */
  #pay(member: Member<C>): void {
    const { client, userId } = member;
    const rows = this.#rowsOf(userId);
    const isPaid = this.#payJobs(member, rows) && !(member.owesStatus && this.#parts.outlet.isFull(client));
    if (!isPaid) {
      this.#fallBehind(member);
      return;
    }
    this.#behind.delete(member);
    if (!member.owesStatus) return;
    member.owesStatus = false;
    this.#parts.outlet.send([client], "queue-status", queueStatus(rows, this.#queues(), this.#timestamp()));
  }

  /** True when nothing is owed any more. */
  #payJobs(member: Member<C>, all: readonly JobRow[]): boolean {
    const { client, owed } = member;
    const { jobs, outlet, now } = this.#parts;
    const rows = new Map(owed.size === 0 ? [] : all.map((row) => [keyOf(row), row]));
    for (const key of owed) {
      if (outlet.isFull(client)) return false;
      owed.delete(key);
      member.stuckSince = now();
      const row = rows.get(key);
      if (row === undefined) continue;
      const { event, data } = messageOfRow(row, jobs.resultOf(row.queue, row.id));
      outlet.send([client], event, data);
    }
    return true;
  }

  async #tellAll(): Promise<void> {
    const { outlet } = this.#parts;
    const queues = this.#queues();
    const timestamp = this.#timestamp();
    const idle: C[] = [];
    const turn = new Turn();
    for (const [userId, members] of [...this.#users]) {
      const live = this.#parts.jobs.ofUser(userId, 0).filter(isLive);
      const ready = [...members].filter((member) => {
        if (this.#isReady(member)) return true;
        member.owesStatus = true;
        this.#fallBehind(member);
        return false;
      });
      const clients = ready.map(({ client }) => client);
      if (live.length === 0) idle.push(...clients);
      else if (clients.length > 0)
        this.#attempt(() => outlet.send(clients, "queue-status", queueStatus(live, queues, timestamp)));
      if (turn.over) await turn.pause();
    }
    // All who have nothing to wait for are told the same; some may have left meanwhile.
    const here = idle.filter((client) => this.#members.has(client));
    if (here.length > 0) this.#attempt(() => outlet.send(here, "queue-status", queueStatus([], queues, timestamp)));
  }

  #latestOf(userId: string): readonly string[] {
    return latest(this.#rowsOf(userId)).map(keyOf);
  }

  #rowsOf(userId: string): readonly JobRow[] {
    return this.#parts.jobs.ofUser(userId, ENDED_MS);
  }

  #queues(): ReadonlyMap<string, ReturnType<Jobs["queues"]>["rows"][number]> {
    return new Map(this.#parts.jobs.queues().rows.map((row) => [row.queue, row]));
  }

  #timestamp(): string {
    return new Date(this.#parts.now()).toISOString();
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#parts.onError(error);
    }
  }
}

/** Live ones and the newest that ended, oldest first, so that the newest word is the last one. */
function latest(rows: readonly JobRow[]): readonly JobRow[] {
  return [...rows.filter(isLive), ...rows.filter((row) => !isLive(row)).slice(0, MAX_ENDED)].reverse();
}

/** What names a job among all; no name of a queue holds a NUL. */
function keyOf({ queue, id }: Pick<JobRow, "queue" | "id">): string {
  return `${queue}\u0000${id}`;
}
