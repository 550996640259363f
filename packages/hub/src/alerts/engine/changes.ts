import type { AlertEpisode } from "@wsight/protocol";
import type { AlertHappening } from "../alerts.ts";
import type { NoticeDraft } from "../commit.ts";
import { fingerprintOf } from "../machine/fingerprint.ts";
import { remembers } from "../machine/flapping.ts";
import type { InstanceState } from "../machine/instance-state.ts";
import type { EngineChanges } from "./alert-engine.ts";
import type { Slot } from "./slot.ts";

/** What happened and was not taken yet. */
export class Changes {
  readonly #slots = new Set<Slot>();
  #episodes = new Map<string, AlertEpisode>();
  #notices: NoticeDraft[] = [];
  #happenings: AlertHappening[] = [];

  /** The state of a slot is to be kept as it is when it is taken, or forgotten. */
  touch(slot: Slot, at: number): void {
    if (slot.savedAt === null && slot.state === null) return;
    slot.savedAt = at;
    this.#slots.add(slot);
  }

  episode(episode: AlertEpisode): void {
    this.#episodes.set(episode.id, episode);
  }

  notices(drafts: readonly NoticeDraft[]): void {
    this.#notices.push(...drafts);
  }

  happened(happening: AlertHappening): void {
    this.#happenings.push(happening);
  }

  take(): EngineChanges | null {
    if (this.#slots.size + this.#episodes.size + this.#notices.length + this.#happenings.length === 0) return null;
    // By fingerprint: a slot may have been dropped and another one made for the same labels meanwhile.
    const kept = new Map<string, InstanceState | null>();
    for (const slot of this.#slots) {
      const state = slot.state !== null && isKept(slot.state, slot) ? slot.state : null;
      if (state === null) slot.savedAt = null;
      kept.set(fingerprintOf(slot.entry.rule.id, slot.key), state);
    }
    const instances = [...kept.values()].filter((state) => state !== null);
    const forgotten = [...kept.keys()].filter((fingerprint) => kept.get(fingerprint) === null);
    const changes: EngineChanges = {
      commit: { instances, forgotten, episodes: [...this.#episodes.values()], notices: this.#notices },
      happenings: this.#happenings,
    };
    this.#slots.clear();
    this.#episodes = new Map();
    this.#notices = [];
    this.#happenings = [];
    return changes;
  }
}

function isKept(state: InstanceState, { entry }: Slot): boolean {
  return state.status !== "ok" || remembers(state, entry.rule, state.evaluatedAt);
}
