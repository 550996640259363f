import type { AlertRow } from "@wsight/protocol";

/** Values of one alert since somebody looks at it. */
interface Course {
  readonly at: number[];
  readonly values: number[];
}

/** Points that are kept of one alert, and alerts that are followed. */
const [MOST_POINTS, MOST_ALERTS] = [300, 200];

/** Remembers what alerts were worth while the page is open; what is gone from the list is forgotten. */
export class SparkPoints {
  readonly #courses = new Map<string, Course>();

  /** Takes what the list says now. */
  follow(rows: readonly AlertRow[]): void {
    const present = new Set(rows.map(({ fingerprint }) => fingerprint));
    for (const known of this.#courses.keys()) if (!present.has(known)) this.#courses.delete(known);
    for (const row of rows.slice(0, MOST_ALERTS)) this.#add(row);
  }

  /**
   * Oldest first, a place for each `stepMs` that end at `now`; what lies in one place is the newest of it. A value holds
   * until the next evaluation.
   */
  of(fingerprint: string, now: number, stepMs: number, places: number): readonly (number | null)[] {
    const row = new Array<number | null>(places).fill(null);
    const { at, values } = this.#courses.get(fingerprint) ?? { at: [], values: [] };
    values.forEach((value, index) => {
      const place = places - 1 - Math.floor((now - (at[index] ?? 0)) / stepMs);
      const next = index + 1 < at.length ? places - 1 - Math.floor((now - (at[index + 1] ?? 0)) / stepMs) : places;
      if (place < places) row.fill(value, Math.max(0, place), Math.max(0, place + 1, next));
    });
    return row;
  }

  #add({ fingerprint, evaluatedAt, value }: AlertRow): void {
    if (value === null) return;
    const course = this.#courses.get(fingerprint) ?? { at: [], values: [] };
    this.#courses.set(fingerprint, course);
    if (course.at.at(-1) === evaluatedAt) return;
    course.at.push(evaluatedAt);
    course.values.push(value);
    if (course.at.length > MOST_POINTS) {
      course.at.shift();
      course.values.shift();
    }
  }
}
