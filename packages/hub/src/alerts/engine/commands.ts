import { type AlertEpisode, type EpisodeNote, WsightError } from "@wsight/protocol";
import type { InstanceState } from "../machine/instance-state.ts";
import type { AlertEngine } from "./alert-engine.ts";
import type { Book } from "./book.ts";
import type { Changes } from "./changes.ts";
import { episodeNow } from "./facts.ts";
import type { Keeper } from "./keeper.ts";
import type { Slot } from "./slot.ts";
import type { Teller } from "./teller.ts";

/** Notes of an episode that are kept, the newest. */
const MAX_NOTES = 100;

/** What commands work with. */
export interface CommandParts {
  readonly book: Book;
  readonly changes: Changes;
  readonly keeper: Keeper;
  readonly teller: Teller;
}

/** What people do to episodes that go on. */
export function createCommands({
  book,
  changes,
  keeper,
  teller,
}: CommandParts): Pick<AlertEngine, "acknowledge" | "unacknowledge" | "snooze" | "note" | "resolve"> {
  function open(episodeId: string): Open {
    const slot = book.ofEpisode(episodeId);
    if (slot === undefined || slot.state === null || slot.episode === null) {
      throw new WsightError("NOT_FOUND", `No episode ${episodeId} goes on`, { details: { episode: episodeId } });
    }
    return { slot, state: slot.state, episode: episodeNow(slot.episode, slot.state) };
  }

  function amend(episodeId: string, change: Partial<InstanceState>, now: number): AlertEpisode {
    const { slot, state, episode } = open(episodeId);
    keeper.amend(slot, { ...state, ...change }, now);
    return slot.episode ?? episode;
  }

  return {
    acknowledge(episodeId, by, note, now) {
      const episode = amend(episodeId, { ack: { by, at: now, note } }, now);
      const { slot, state } = open(episodeId);
      changes.happened({ type: "acknowledged", alert: teller.row(slot, state) });
      return episode;
    },
    unacknowledge: (episodeId, _by, now) => amend(episodeId, { ack: null }, now),
    snooze: (episodeId, _by, until, now) => amend(episodeId, { snoozeUntil: until }, now),
    note(episodeId, by, text, now) {
      const { slot, episode } = open(episodeId);
      const notes: readonly EpisodeNote[] = [...episode.notes, { at: now, by, text }].slice(-MAX_NOTES);
      slot.episode = { ...episode, notes };
      changes.episode(slot.episode);
      return slot.episode;
    },
    resolve(episodeId, _by, now) {
      const { slot, state, episode } = open(episodeId);
      // What recovers already may fire again; what does not would fire at once.
      const isBad = state.recoverAt === null;
      const endedAt = Math.max(now, episode.startedAt);
      keeper.close(slot, "resolved_by_hand", endedAt);
      if (isBad) keeper.dismiss(slot, endedAt);
      return { ...episode, endedAt, endReason: "resolved_by_hand" };
    },
  };
}

interface Open {
  readonly slot: Slot;
  readonly state: InstanceState;
  readonly episode: AlertEpisode;
}
