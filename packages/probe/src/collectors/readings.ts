import type { Labels } from "@wsight/protocol";
import type { Registry } from "../registry.ts";

/** A figure that a pull leaves for the snapshots after it; NaN when it is not known. */
export interface Reading {
  value: number;
}

/** Figures of gauges that are read at intervals. */
export class Readings {
  readonly #registry: Registry;
  readonly #known = new Map<string, Reading>();
  readonly #ends: (() => void)[] = [];
  #ended = false;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** The figure of a gauge with these labels; the same one each time. */
  of(metric: string, labels: Labels = {}): Reading {
    const key = `${metric} ${Object.values(labels).join(" ")}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = { value: Number.NaN };
    // A read that was under way when the probe was closed.
    if (this.#ended) return made;
    this.#known.set(key, made);
    this.#ends.push(this.#registry.gauge(metric, labels, () => made.value));
    return made;
  }

  /** Nothing is known any more. */
  end(): void {
    this.#ended = true;
    for (const end of this.#ends.splice(0)) end();
    this.#known.clear();
  }
}
