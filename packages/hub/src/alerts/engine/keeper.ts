import type { EpisodeEnd } from "@wsight/protocol";
import { fingerprintOf } from "../machine/fingerprint.ts";
import { remembers } from "../machine/flapping.ts";
import type { InstanceState } from "../machine/instance-state.ts";
import type { Reading } from "../machine/reading.ts";
import { closed, freshInstance, type Move, type Step, step } from "../machine/step.ts";
import type { AlertEngineOptions } from "./alert-engine.ts";
import type { Book } from "./book.ts";
import type { Changes } from "./changes.ts";
import { episodeNow, episodeOf } from "./facts.ts";
import type { Slot } from "./slot.ts";
import type { Teller } from "./teller.ts";

/** How old the kept state of something that waits may get, ms: so much of the waiting a crash may cost. */
const WAITING_KEPT_EVERY_MS = 15_000;
/** The same of what does not wait: its value and its worst one. */
const KEPT_EVERY_MS = 60_000;
/** How often who makes it is looked for anew, ms. */
const CULPRITS_EVERY_MS = 30_000;

/** What a keeper works with. */
export interface KeeperParts extends Pick<AlertEngineOptions, "observer" | "newEpisodeId"> {
  readonly book: Book;
  readonly changes: Changes;
  readonly teller: Teller;
}

/** Moves instances through the state machine and keeps what comes of it: states, episodes, what is to be told. */
export class Keeper {
  readonly #parts: KeeperParts;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** One step of the machine. */
  step(slot: Slot, reading: Reading, at: number): void {
    const { rule } = slot.entry;
    const before = slot.state ?? this.#fresh(slot, at);
    this.#apply(slot, before, step(before, reading, { rule, at, newEpisodeId: this.#parts.newEpisodeId }), at);
  }

  /** Ends what there is of a slot. */
  close(slot: Slot, reason: EpisodeEnd, at: number): void {
    if (slot.state !== null) this.#apply(slot, slot.state, closed(slot.state, reason), at);
  }

  /** Changes a state without a step: what people say of it. */
  amend(slot: Slot, state: InstanceState, at: number): void {
    this.#parts.book.put(slot, state);
    if (slot.episode !== null) {
      slot.episode = episodeNow(slot.episode, state);
      this.#parts.changes.episode(slot.episode);
    }
    this.#parts.changes.touch(slot, at);
  }

  /** Stays in range, whatever comes, until a sample says that it is. */
  dismiss(slot: Slot, at: number): void {
    this.#parts.book.put(slot, { ...(slot.state ?? this.#fresh(slot, at)), dismissed: true });
    this.#parts.changes.touch(slot, at);
  }

  #fresh({ entry, key, labels, sampleAt }: Slot, at: number): InstanceState {
    const fresh = freshInstance(entry.rule, fingerprintOf(entry.rule.id, key), labels, at);
    return { ...fresh, sampleAt, resumedAt: entry.resumedAt };
  }

  #apply(slot: Slot, before: InstanceState, { state, moves }: Step, at: number): void {
    const { book, changes, teller } = this.#parts;
    for (const move of moves) if (move.type === "ended") this.#end(slot, move, at);
    const next = this.#withCulprits(slot, state, moves, at);
    const begins = next.episodeId !== null && next.episodeId !== slot.episode?.id;
    const isForgettable = next.status === "ok" && !remembers(next, slot.entry.rule, at);
    if (next.sampleAt !== null) slot.sampleAt = next.sampleAt;
    book.put(slot, isForgettable ? null : next);
    this.#keepEpisode(slot, next, moves, at);
    if (isForgettable || moves.length > 0 || isDue(slot, before, next, at)) changes.touch(slot, at);
    if (moves.length > 0) teller.changed(slot);
    if (begins) teller.announce("fired", slot);
    for (const { type } of moves) {
      if (type === "escalated" || type === "deescalated") teller.announce(type, slot);
    }
  }

  #end(slot: Slot, { last, reason }: Extract<Move, { type: "ended" }>, at: number): void {
    const { changes, teller } = this.#parts;
    if (slot.episode !== null) {
      slot.episode = { ...episodeNow(slot.episode, last), endedAt: at, endReason: reason };
      changes.episode(slot.episode);
    }
    teller.tellEnd(slot, last, at);
    slot.episode = null;
  }

  /** Brought up to date and kept when it begins, with each move, and as often as its state. */
  #keepEpisode(slot: Slot, state: InstanceState, moves: readonly Move[], at: number): void {
    const { episodeId } = state;
    if (episodeId === null) return;
    const isNew = slot.episode?.id !== episodeId;
    const isOld = slot.savedAt === null || at - slot.savedAt >= KEPT_EVERY_MS;
    if (!isNew && moves.length === 0 && !isOld) return;
    const episode = isNew || slot.episode === null ? episodeOf(slot.entry.rule, state, episodeId, at) : slot.episode;
    slot.episode = episodeNow(episode, state);
    this.#parts.changes.episode(slot.episode);
  }

  #withCulprits(slot: Slot, state: InstanceState, moves: readonly Move[], at: number): InstanceState {
    if (state.status !== "firing") return state;
    if (moves.length === 0 && at - slot.culpritsAt < CULPRITS_EVERY_MS) return state;
    slot.culpritsAt = at;
    try {
      return { ...state, culprits: this.#parts.observer.culprits(slot.entry.rule, slot.labels, at) };
    } catch {
      // Who made it is a help; without it an alert is one all the same.
      return state;
    }
  }
}

function isDue(slot: Slot, before: InstanceState, after: InstanceState, at: number): boolean {
  if (isOther(before, after)) return true;
  const isWaiting = after.status === "pending" || after.recoverAt !== null || after.lowerAt !== null;
  const everyMs = isWaiting ? WAITING_KEPT_EVERY_MS : KEPT_EVERY_MS;
  return after.status !== "ok" && (slot.savedAt === null || at - slot.savedAt >= everyMs);
}

/** True when something changed that a restart must know. */
function isOther(before: InstanceState, after: InstanceState): boolean {
  return (
    before.status !== after.status ||
    before.level !== after.level ||
    before.stale !== after.stale ||
    before.resumedAt !== after.resumedAt ||
    before.dismissed !== after.dismissed ||
    before.flappingAt !== after.flappingAt ||
    before.transitions !== after.transitions
  );
}
