/** A clock that moves only when told to. */
export interface HandClock {
  /** ms epoch. */
  now(): number;
  /** Moves it by `ms`, which may be negative, and says the new time. */
  advance(ms: number): number;
}

/** Makes a clock that stands at `startAt`, ms epoch. */
export function createHandClock(startAt: number): HandClock {
  let at = startAt;
  return {
    now: () => at,
    advance: (ms) => {
      at += ms;
      return at;
    },
  };
}
