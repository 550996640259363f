import type { Labels } from "@wsight/protocol";
import { canonicalLabels } from "../../alerts/machine/fingerprint.ts";
import type { Observation } from "../../alerts/observation.ts";

/** Counts what a bare comparison would tell: each time that something goes beyond its limit, and each time that it comes back. */
export class OnsetCount {
  readonly #beyond = new Set<string>();
  readonly #keys = new WeakMap<Labels, string>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(observations: readonly Observation[]): void {
    for (const { labels, level } of observations) {
      if (level === null && this.#beyond.size === 0) continue;
      const key = this.#keyOf(labels);
      if (this.#beyond.has(key) === (level !== null)) continue;
      if (level === null) this.#beyond.delete(key);
      else this.#beyond.add(key);
      this.#count++;
    }
  }

  #keyOf(labels: Labels): string {
    const known = this.#keys.get(labels);
    if (known !== undefined) return known;
    const key = canonicalLabels(labels);
    this.#keys.set(labels, key);
    return key;
  }
}
