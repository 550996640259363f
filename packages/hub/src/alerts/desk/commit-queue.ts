import { type AlertEpisode, WsightError } from "@wsight/protocol";
import type { AlertCommit, NoticeDraft } from "../commit.ts";
import type { InstanceState } from "../machine/instance-state.ts";

/** Notices that may wait to be kept; beyond, the oldest of what can best be missed gives way. */
const MAX_NOTICES = 10_000;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;

/** Keeps one commit; rejects when that failed, and a retry may help. */
type Keep = (commit: AlertCommit) => Promise<void>;

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Keeps one commit after the other. What comes while one is being kept is put
 * together: the newest state of an instance and of an episode counts, and every
 * notice. A commit that fails tells its callers so, is put together with what
 * came since, and is tried again until it is kept.
 */
export class CommitQueue {
  readonly #keep: Keep;
  #waiting: Together = new Together();
  #waiters: Waiter[] = [];
  #busy: Promise<void> | null = null;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #dropped = 0;
  #closed = false;

  constructor(keep: Keep) {
    this.#keep = keep;
  }

  /** Notices that gave way since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Notices that are not kept yet. */
  get waiting(): number {
    return this.#waiting.notices.size;
  }

  /** Resolves once it is kept; rejects when the first try failed: it is tried again all the same. */
  add(commit: AlertCommit): Promise<void> {
    this.#waiting.add(commit);
    this.#dropped += this.#waiting.giveWay();
    if (this.#waiting.isEmpty && this.#busy === null) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      // While it fails, the next try is soon enough; who waits for this one hears of it.
      if (this.#failures === 0 || this.#closed) this.#next();
    });
  }

  /** Tries once more to keep what waits. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#busy;
    if (!this.#waiting.isEmpty) {
      this.#next();
      await this.#busy;
    }
    for (const { reject } of this.#waiters.splice(0))
      reject(new WsightError("STORE_UNAVAILABLE", "alerts: the desk is closed"));
  }

  #next(): void {
    if (this.#busy !== null || (this.#waiting.isEmpty && this.#waiters.length === 0)) return;
    clearTimeout(this.#retry);
    this.#busy = this.#try().finally(() => {
      this.#busy = null;
      if (this.#failures === 0) this.#next();
      else if (!this.#closed) this.#again();
    });
  }

  async #try(): Promise<void> {
    const tried = this.#waiting;
    const waiters = this.#waiters;
    this.#waiting = new Together();
    this.#waiters = [];
    try {
      await this.#keep(tried.toCommit());
      this.#failures = 0;
      for (const { resolve } of waiters) resolve();
    } catch (error) {
      if (canNeverBe(error)) this.#leaveOut(tried);
      else this.#putBack(tried);
      for (const { reject } of waiters) reject(error);
    }
  }

  #leaveOut(refused: Together): void {
    this.#failures = 0;
    this.#dropped += refused.notices.size;
  }

  #putBack(tried: Together): void {
    this.#failures++;
    tried.add(this.#waiting.toCommit());
    this.#waiting = tried;
    this.#dropped += tried.giveWay();
  }

  #again(): void {
    const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
    this.#retry = setTimeout(() => this.#next(), longest * (0.5 + Math.random() / 2));
    this.#retry.unref();
  }
}

/** What would be refused again and again must not hold up all that comes after it. */
function canNeverBe(error: unknown): boolean {
  return error instanceof WsightError && error.code === "BAD_REQUEST";
}

/** Several commits as one. */
class Together {
  /** `null`: forgotten. */
  readonly instances: Map<string, InstanceState | null> = new Map();
  readonly episodes: Map<string, AlertEpisode> = new Map();
  readonly notices: Map<string, NoticeDraft> = new Map();

  get isEmpty(): boolean {
    return this.instances.size + this.episodes.size + this.notices.size === 0;
  }

  add({ instances, forgotten, episodes, notices }: AlertCommit): void {
    for (const state of instances) this.instances.set(state.fingerprint, state);
    for (const fingerprint of forgotten) this.instances.set(fingerprint, null);
    for (const episode of episodes) this.episodes.set(episode.id, episode);
    for (const notice of notices) if (!this.notices.has(notice.dedupeKey)) this.notices.set(notice.dedupeKey, notice);
  }

  /** Makes room; says how many notices gave way. */
  giveWay(): number {
    const over = this.notices.size - MAX_NOTICES;
    if (over <= 0) return 0;
    const all = [...this.notices.values()];
    const missable = all.filter(({ notice: { kind } }) => kind === "repeat" || kind === "resolved");
    const first = new Set(missable);
    const order = [...missable, ...all.filter((draft) => !first.has(draft))];
    for (const { dedupeKey } of order.slice(0, over)) this.notices.delete(dedupeKey);
    return over;
  }

  toCommit(): AlertCommit {
    const states = [...this.instances];
    return {
      instances: states.map(([, state]) => state).filter((state) => state !== null),
      forgotten: states.filter(([, state]) => state === null).map(([fingerprint]) => fingerprint),
      episodes: [...this.episodes.values()],
      notices: [...this.notices.values()],
    };
  }
}
