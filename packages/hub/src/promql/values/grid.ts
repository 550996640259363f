/** The moments that a query is evaluated at, evenly spaced. */
export interface Grid {
  /** The first one, ms epoch. */
  readonly fromAt: number;
  readonly stepMs: number;
  readonly length: number;
}

/** The moment of a place in a grid, ms epoch. */
export function momentOf({ fromAt, stepMs }: Grid, place: number): number {
  return fromAt + place * stepMs;
}

/** The last moment, ms epoch. */
export function lastMoment(grid: Grid): number {
  return momentOf(grid, grid.length - 1);
}
