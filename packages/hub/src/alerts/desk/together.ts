import type { AlertEpisode } from "@wsight/protocol";
import type { Pile } from "../../keeping/keep-queue.ts";
import type { AlertCommit, NoticeDraft } from "../commit.ts";
import type { InstanceState } from "../machine/instance-state.ts";

/** Notices that may wait to be kept; beyond, the oldest of what can best be missed gives way. */
const MAX_NOTICES = 10_000;
/** Episodes that may wait: more than can go on at a time. Beyond, the oldest of those that ended are forgotten. */
const MAX_EPISODES = 30_000;
const EPISODES_LEFT = 25_000;
/** Label sets that are kept at a time: handing them to another process holds this one up for a few milliseconds. */
const MAX_PART = 250;

/** Several commits as one: the newest state of an instance and of an episode counts, and every notice. Bounded. */
export class Together implements Pile<AlertCommit> {
  /** `null`: forgotten. */
  readonly #instances = new Map<string, InstanceState | null>();
  readonly #episodes = new Map<string, AlertEpisode>();
  readonly #notices = new Map<string, NoticeDraft>();

  get isEmpty(): boolean {
    return this.#instances.size + this.#episodes.size + this.#notices.size === 0;
  }

  /** How many notices it has. */
  get size(): number {
    return this.#notices.size;
  }

  /** Says how many notices gave way. */
  add({ instances, forgotten, episodes, notices }: AlertCommit): number {
    for (const state of instances) this.#instances.set(state.fingerprint, state);
    for (const fingerprint of forgotten) this.#instances.set(fingerprint, null);
    for (const episode of episodes) this.#episodes.set(episode.id, episode);
    for (const draft of notices) if (!this.#notices.has(draft.dedupeKey)) this.#notices.set(draft.dedupeKey, draft);
    this.#forgetEpisodes();
    return this.#giveWay();
  }

  /** Takes what belongs to some label sets out of it: the state of each with its episodes and all that is told of it. */
  takePart(): Together {
    const part = new Together();
    const chosen = this.#some();
    for (const [fingerprint, state] of this.#instances) {
      if (!chosen.has(fingerprint)) continue;
      part.#instances.set(fingerprint, state);
      this.#instances.delete(fingerprint);
    }
    for (const [id, episode] of this.#episodes) {
      if (!chosen.has(episode.fingerprint)) continue;
      part.#episodes.set(id, episode);
      this.#episodes.delete(id);
    }
    for (const [key, draft] of this.#notices) {
      if (!chosen.has(draft.notice.fingerprint ?? "")) continue;
      part.#notices.set(key, draft);
      this.#notices.delete(key);
    }
    return part;
  }

  toBatch(): AlertCommit {
    const states = [...this.#instances];
    return {
      instances: states.map(([, state]) => state).filter((state) => state !== null),
      forgotten: states.filter(([, state]) => state === null).map(([fingerprint]) => fingerprint),
      episodes: [...this.#episodes.values()],
      notices: [...this.#notices.values()],
    };
  }

  /** Fingerprints of those that are taken next. */
  #some(): ReadonlySet<string> {
    const chosen = new Set<string>();
    for (const fingerprint of this.#fingerprints()) {
      chosen.add(fingerprint);
      if (chosen.size >= MAX_PART) break;
    }
    return chosen;
  }

  *#fingerprints(): Generator<string, void> {
    yield* this.#instances.keys();
    for (const { fingerprint } of this.#episodes.values()) yield fingerprint;
    for (const { notice } of this.#notices.values()) yield notice.fingerprint ?? "";
  }

  #giveWay(): number {
    const over = this.#notices.size - MAX_NOTICES;
    if (over <= 0) return 0;
    const all = [...this.#notices.values()];
    const missable = all.filter(({ notice: { kind } }) => kind === "repeat" || kind === "resolved");
    const first = new Set(missable);
    const order = [...missable, ...all.filter((draft) => !first.has(draft))];
    for (const { dedupeKey } of order.slice(0, over)) this.#notices.delete(dedupeKey);
    return over;
  }

  #forgetEpisodes(): void {
    if (this.#episodes.size <= MAX_EPISODES) return;
    for (const [id, { endedAt }] of this.#episodes) {
      if (endedAt !== null) this.#episodes.delete(id);
      if (this.#episodes.size <= EPISODES_LEFT) return;
    }
  }
}
