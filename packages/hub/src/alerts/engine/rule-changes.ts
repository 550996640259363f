import type { AlertEpisode, AlertRule, EpisodeEnd } from "@wsight/protocol";
import type { InstanceState } from "../machine/instance-state.ts";
import { type Book, beginsAnew } from "./book.ts";
import type { Changes } from "./changes.ts";
import { episodeOf } from "./facts.ts";
import type { Keeper } from "./keeper.ts";
import { newEntry, type RuleEntry, type Slot } from "./slot.ts";
import { MAX_FAILURES, type Teller } from "./teller.ts";

/** What changes of rules work with. */
export interface RuleChangesParts {
  readonly book: Book;
  readonly changes: Changes;
  readonly keeper: Keeper;
  readonly teller: Teller;
}

/** Takes rules in, and states of an earlier life. */
export class RuleChanges {
  readonly #parts: RuleChangesParts;
  /** Those that are not evaluated. */
  #disabled = new Map<string, AlertRule>();

  constructor(parts: RuleChangesParts) {
    this.#parts = parts;
  }

  set(rules: readonly AlertRule[], at: number): void {
    const { book } = this.#parts;
    const now = new Map(rules.map((rule) => [rule.id, rule]));
    this.#disabled = new Map(rules.filter(({ enabled }) => !enabled).map((rule) => [rule.id, rule]));
    for (const entry of book.entries) {
      const rule = now.get(entry.rule.id);
      if (rule === undefined) this.#remove(entry, "rule_deleted", at);
      else if (!rule.enabled) this.#remove(entry, "rule_disabled", at);
    }
    for (const rule of rules) if (rule.enabled) this.#put(rule, at);
    book.sort();
  }

  restore(instances: readonly InstanceState[], episodes: readonly AlertEpisode[], at: number): void {
    const byId = new Map(episodes.map((episode) => [episode.id, episode]));
    for (const state of instances) {
      const episode = state.episodeId === null ? undefined : byId.get(state.episodeId);
      this.#restore(state, episode, at);
    }
  }

  #put(rule: AlertRule, at: number): void {
    const { book, changes } = this.#parts;
    const entry = book.entry(rule.id);
    if (entry === undefined) {
      book.add(newEntry(rule));
    } else if (beginsAnew(entry.rule, rule)) {
      this.#remove(entry, "rule_changed", at);
      book.add(newEntry(rule));
    } else if (JSON.stringify(entry.rule) !== JSON.stringify(rule)) {
      entry.rule = rule;
      for (const slot of entry.slots.values()) {
        if (slot.state === null) continue;
        book.put(slot, { ...slot.state, ruleVersion: rule.version });
        changes.touch(slot, at);
      }
    }
  }

  #remove(entry: RuleEntry, reason: EpisodeEnd, at: number): void {
    for (const slot of [...entry.slots.values()]) this.#end(slot, reason, at);
    this.#parts.book.remove(entry);
  }

  #end(slot: Slot, reason: EpisodeEnd, at: number): void {
    const { book, changes, keeper } = this.#parts;
    keeper.close(slot, reason, at);
    book.drop(slot);
    changes.touch(slot, at);
  }

  #restore(state: InstanceState, known: AlertEpisode | undefined, at: number): void {
    const { book } = this.#parts;
    const entry = book.entry(state.ruleId);
    const disabled = this.#disabled.get(state.ruleId);
    const rule = entry?.rule ?? disabled ?? ruleOf(state, known);
    const isSame = entry !== undefined && entry.rule.version === state.ruleVersion;
    const home = entry !== undefined && isSame ? entry : newEntry(rule);
    const slot = book.slot(home, state.labels);
    if (slot === null) return;
    slot.episode = state.episodeId === null ? null : (known ?? episodeOf(rule, state, state.episodeId, at));
    slot.sampleAt = state.sampleAt;
    slot.savedAt = state.evaluatedAt;
    book.put(slot, state);
    if (!isSame) {
      this.#end(
        slot,
        entry !== undefined ? "rule_changed" : disabled !== undefined ? "rule_disabled" : "rule_deleted",
        at,
      );
      return;
    }
    this.#parts.teller.changed(slot);
    if (state.status !== "error") return;
    home.failures = MAX_FAILURES;
    home.isProblemTold = true;
  }
}

/** What is known of a rule that is gone, from what it left behind. */
function ruleOf(state: InstanceState, episode: AlertEpisode | undefined): AlertRule {
  return {
    id: state.ruleId,
    name: episode?.name ?? state.ruleId,
    kind: "threshold",
    metric: episode?.metric ?? "",
    agg: "value",
    filter: {},
    windowSec: 60,
    groupBy: Object.keys(state.labels),
    op: "gt",
    warn: null,
    crit: null,
    recovery: null,
    severity: episode?.severity ?? "warning",
    wilson: false,
    burnRate: null,
    expression: null,
    forSec: 0,
    keepFiringSec: 0,
    everySec: 1,
    minSamples: 0,
    noData: { mode: "keep", afterSec: 60 },
    flap: null,
    labels: {},
    summary: "",
    description: "",
    runbookUrl: "",
    repeatSec: 0,
    maxRepeats: null,
    enabled: false,
    builtin: false,
    version: state.ruleVersion,
    createdBy: "",
    updatedAt: 0,
  };
}
