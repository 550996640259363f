/** Where the time comes from, so that tests can move it by hand. */
export interface Clock {
  /** ms epoch. */
  now(): number;
}

/** The computer's own time. */
export const systemClock: Clock = { now: () => Date.now() };
