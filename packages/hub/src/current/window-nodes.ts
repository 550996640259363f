import type { NodeState } from "./node-state.ts";
import type { WindowNode } from "./window-view.ts";

/**
 * When one node was known, for windows over it. What its series ask for in one
 * second is looked up once.
 */
export class LiveNode implements WindowNode {
  readonly state: NodeState;
  #second = -1;
  #seconds = 0;
  #from = 0;
  #known = 0;
  #firstGrowth = 0;
  #lastGrowth = 0;

  constructor(state: NodeState) {
    this.state = state;
  }

  get key(): string {
    return this.state.key;
  }

  knownSeconds(second: number, seconds: number): number {
    this.#look(second, seconds);
    return this.#known;
  }

  knownIn(second: number): boolean {
    return this.state.presence.known(second);
  }

  lastKnown(second: number, seconds: number): number {
    const { presence } = this.state;
    if (presence.known(second)) return second;
    const from = this.before(second, seconds);
    for (let s = second - 1; s > from; s--) if (presence.known(s)) return s;
    return -Infinity;
  }

  /** The second before the window. */
  before(second: number, seconds: number): number {
    this.#look(second, seconds);
    return this.#from;
  }

  /** The first second of the window in which something may have grown; 0 for none. */
  firstGrowth(second: number, seconds: number): number {
    this.#look(second, seconds);
    return this.#firstGrowth;
  }

  /** The last one; 0 for none. */
  lastGrowth(second: number, seconds: number): number {
    this.#look(second, seconds);
    return this.#lastGrowth;
  }

  #look(second: number, seconds: number): void {
    if (second === this.#second && seconds === this.#seconds) return;
    const { presence } = this.state;
    const from = Math.max(second - seconds, presence.before);
    this.#second = second;
    this.#seconds = seconds;
    this.#from = from;
    this.#known = presence.knownBetween(from, second);
    this.#firstGrowth = this.#lastGrowth = 0;
    if (presence.tookBetween(from, second) === 0) return;
    let first = from + 1;
    while (presence.took(first) === 0) first++;
    let last = second;
    while (presence.took(last) === 0) last--;
    this.#firstGrowth = first;
    this.#lastGrowth = last;
  }
}
