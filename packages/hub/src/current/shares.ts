/** Part of everything that one service may have: whoever has a token for it can't leave others nothing. */
const LARGEST_SHARE = 7 / 8;

/** Divides what there is of something among services, first come first served within bounds. */
export class Shares {
  /** What all have. */
  used = 0;
  readonly #most: number;
  readonly #mostOfOne: number;
  readonly #byService = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
    this.#mostOfOne = Math.ceil(most * LARGEST_SHARE);
  }

  /** Takes so much more for a service, or (below 0) gives it back; false, and nothing is taken, when there is no room. */
  take(service: string, amount: number): boolean {
    const own = (this.#byService.get(service) ?? 0) + amount;
    if (amount > 0 && (own > this.#mostOfOne || this.used + amount > this.#most)) return false;
    this.used += amount;
    if (own > 0) this.#byService.set(service, own);
    else this.#byService.delete(service);
    return true;
  }

  /** True when the service has all that it may. */
  isFull(service: string): boolean {
    return (this.#byService.get(service) ?? 0) >= this.#mostOfOne;
  }
}
