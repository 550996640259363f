import {
  type AlertExpression,
  type AlertRule,
  type Labels,
  MAX_ALERT_INSTANCES,
  MAX_RULE_INSTANCES,
} from "@wsight/protocol";
import { canonicalLabels } from "../machine/fingerprint.ts";
import type { InstanceState } from "../machine/instance-state.ts";
import type { FiringView } from "../observation.ts";
import { newSlot, type RuleEntry, type Slot } from "./slot.ts";

/** Everything that the engine has in memory: rules and their label sets, both bounded. */
export class Book implements FiringView {
  readonly #entries = new Map<string, RuleEntry>();
  /** In the order in which they are evaluated. */
  #order: readonly RuleEntry[] = [];
  readonly #active = new Set<Slot>();
  readonly #byEpisode = new Map<string, Slot>();
  #size = 0;

  /** Rules in the order in which they are evaluated: those that look at others last. */
  get entries(): readonly RuleEntry[] {
    return this.#order;
  }

  /** Label sets that are not in range. */
  get active(): ReadonlySet<Slot> {
    return this.#active;
  }

  entry(ruleId: string): RuleEntry | undefined {
    return this.#entries.get(ruleId);
  }

  add(entry: RuleEntry): void {
    this.#entries.set(entry.rule.id, entry);
  }

  remove(entry: RuleEntry): void {
    for (const slot of [...entry.slots.values()]) this.drop(slot);
    entry.isGone = true;
    if (this.#entries.get(entry.rule.id) === entry) this.#entries.delete(entry.rule.id);
  }

  /** To be called once rules were added, changed or removed. */
  sort(): void {
    const all = [...this.#entries.values()];
    const looksAtOthers = ({ rule }: RuleEntry): boolean => rule.expression !== null && refersToRule(rule.expression);
    this.#order = [...all.filter((entry) => !looksAtOthers(entry)), ...all.filter(looksAtOthers)];
  }

  /** The slot of a label set, made when there is none; `null` when there is no room for it. */
  slot(entry: RuleEntry, labels: Labels): Slot | null {
    const known = entry.known.get(labels);
    if (known !== undefined && !known.isGone) return known;
    const key = canonicalLabels(labels);
    const slot = entry.slots.get(key) ?? this.#make(entry, key, labels);
    if (slot !== null) entry.known.set(labels, slot);
    return slot;
  }

  #make(entry: RuleEntry, key: string, labels: Labels): Slot | null {
    if (entry.slots.size >= MAX_RULE_INSTANCES || this.#size >= MAX_ALERT_INSTANCES) return null;
    const slot = newSlot(entry, key, labels);
    entry.slots.set(key, slot);
    this.#size++;
    return slot;
  }

  drop(slot: Slot): void {
    this.put(slot, null);
    if (!slot.isGone) this.#size--;
    slot.isGone = true;
    slot.entry.slots.delete(slot.key);
  }

  /** Puts a state in place of the one there was. */
  put(slot: Slot, state: InstanceState | null): void {
    const before = slot.state?.episodeId ?? null;
    const now = state?.episodeId ?? null;
    slot.state = state;
    if (before !== now) {
      if (before !== null) this.#byEpisode.delete(before);
      if (now !== null) this.#byEpisode.set(now, slot);
    }
    if (state === null || state.status === "ok") this.#active.delete(slot);
    else this.#active.add(slot);
  }

  ofEpisode(episodeId: string): Slot | undefined {
    return this.#byEpisode.get(episodeId);
  }

  fires(ruleId: string, labels: Labels): boolean {
    for (const slot of this.#entries.get(ruleId)?.slots.values() ?? []) {
      if (isFiring(slot.state) && agree(slot.labels, labels)) return true;
    }
    return false;
  }
}

/** True from when it fired until its episode ends. */
export function isFiring(state: InstanceState | null): boolean {
  return state !== null && state.episodeId !== null && state.firedAt !== null;
}

function agree(a: Labels, b: Labels): boolean {
  return Object.keys(a).every((name) => b[name] === undefined || a[name] === b[name]);
}

function refersToRule(expression: AlertExpression): boolean {
  if ("rule" in expression) return true;
  if ("not" in expression) return refersToRule(expression.not);
  if ("all" in expression) return expression.all.some(refersToRule);
  return "any" in expression && expression.any.some(refersToRule);
}

/** Which parts of a rule decide what breaches: with another of them, what was found before says nothing. */
const DECISIVE = [
  "kind",
  "metric",
  "agg",
  "filter",
  "windowSec",
  "groupBy",
  "op",
  "warn",
  "crit",
  "recovery",
  "wilson",
  "burnRate",
  "expression",
  "minSamples",
] as const satisfies readonly (keyof AlertRule)[];

/** True when a rule begins anew with its change. */
export function beginsAnew(before: AlertRule, after: AlertRule): boolean {
  return DECISIVE.some((part) => JSON.stringify(before[part]) !== JSON.stringify(after[part]));
}
