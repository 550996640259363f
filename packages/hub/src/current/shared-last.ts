import { OTHER } from "@wsight/protocol";

/** Orders `_other`, the place that names beyond a cap share, after everything else, and nothing besides. */
export function sharedLast(one: string, other: string): number {
  return Number(one === OTHER) - Number(other === OTHER);
}

/** Orders by name, `_other` last. */
export function compareNames(one: string, other: string): number {
  return sharedLast(one, other) || (one < other ? -1 : Number(one > other));
}

/** The first `most` of a sorted list; what stands for `_other` is last in it and stays. */
export function firstRows<T>(rows: readonly T[], most: number, nameOf: (row: T) => string): readonly T[] {
  if (rows.length <= most) return rows;
  const shared = rows.filter((row) => nameOf(row) === OTHER).slice(0, most);
  return [...rows.slice(0, most - shared.length), ...shared];
}
