import { OTHER } from "@wsight/protocol";

/**
 * A bounded set of things by name: the first `cap` names get their own, later
 * ones share the one called `_other`. For names that come from code (error
 * types, close reasons), which are few; names that clients choose go through
 * {@link EventTable}, which evicts.
 */
export class CappedSet<T> {
  /** Look-ups that were answered with `_other`. */
  overflowed = 0;
  readonly #things = new Map<string, T>();
  readonly #cap: number;
  readonly #make: (name: string) => T;

  constructor(cap: number, make: (name: string) => T) {
    this.#cap = cap;
    this.#make = make;
  }

  /** The thing of that name, or the shared one. */
  get(name: string): T {
    const known = this.#things.get(name);
    if (known !== undefined) return known;
    if (this.#things.size >= this.#cap && name !== OTHER) {
      this.overflowed++;
      return this.get(OTHER);
    }
    const made = this.#make(name);
    this.#things.set(name, made);
    return made;
  }
}
