import { encodeTick, type Selector, selectorKey, selectorScale, toWire } from "@wsight/protocol";
import type { CompiledSelectors, CurrentView } from "../current-view.ts";
import { LiveMessage } from "./message.ts";
import type { Past } from "./past.ts";

/** A backfill that was encoded, for whoever needs the same in the same second. */
export interface EncodedPast {
  readonly from: number;
  readonly to: number;
  readonly message: LiveMessage;
}

/** What makes two subscriptions the same: their series, in order. */
export function channelKey(selectors: readonly Selector[]): string {
  return selectors.map(selectorKey).join("\n");
}

/**
 * The viewers of the same series. Each second is evaluated once and encoded at
 * most twice for all of them: as a difference, and as a keyframe if anybody
 * needs one.
 */
export class Channel<V = object> {
  readonly id: number;
  readonly key: string;
  readonly viewers: Set<V> = new Set();
  /** What the dictionary says. */
  readonly series: readonly { readonly key: string; readonly scale: number }[];
  /** Grows by one with every tick. */
  seq = 0;
  /** Start of the newest tick's second, ms epoch. */
  at: number = -Infinity;
  /** Seconds kept for those who come later; `null` until somebody did, or when the room was needed. */
  past: Past | null = null;
  /** The newest backfill made from it. */
  encodedPast: EncodedPast | null = null;
  readonly #current: CurrentView;
  readonly #selectors: readonly Selector[];
  readonly #compiled: CompiledSelectors;
  readonly #encoded: () => void;
  #values: Float64Array = new Float64Array(0);
  #previous: Float64Array | null = null;
  #difference: LiveMessage | null = null;
  #keyframe: LiveMessage | null = null;

  /** @param encoded called for every frame that is encoded */
  constructor(id: number, current: CurrentView, selectors: readonly Selector[], encoded: () => void) {
    this.id = id;
    this.key = channelKey(selectors);
    this.series = selectors.map((selector) => ({ key: selectorKey(selector), scale: selectorScale(selector) }));
    this.#current = current;
    this.#selectors = selectors;
    this.#compiled = current.compile(selectors);
    this.#encoded = encoded;
  }

  /** Evaluates the second that starts at `at`, which is the next tick. */
  advance(at: number): void {
    this.#previous = this.seq === 0 ? null : this.#values;
    this.#values = this.toWire(this.#compiled.evaluate(at));
    this.#difference = this.#keyframe = this.encodedPast = null;
    this.seq++;
    this.at = at;
    if (this.past !== null && this.past.to === at / 1000 - 1) this.past.append(this.#values);
  }

  /** The tick for a viewer whose newest was `seq`. */
  frameAfter(seq: number | null): LiveMessage {
    if (seq === this.seq - 1 && this.#previous !== null) {
      this.#difference ??= this.#encode(this.#previous);
      return this.#difference;
    }
    this.#keyframe ??= this.#encode(null);
    return this.#keyframe;
  }

  /** A second set of the same selectors, to walk the past with: each keeps the windows it slides over. */
  compileAgain(): CompiledSelectors {
    return this.#current.compile(this.#selectors);
  }

  /** Values as they travel; changes them in place. */
  toWire(values: Float64Array): Float64Array {
    for (let i = 0; i < values.length; i++) {
      values[i] = toWire(values[i] as number, (this.series[i] as { scale: number }).scale);
    }
    return values;
  }

  #encode(previous: Float64Array | null): LiveMessage {
    this.#encoded();
    const { id: channel, seq, at } = this;
    return new LiveMessage(encodeTick({ channel, seq, at, values: this.#values }, previous), true);
  }
}
