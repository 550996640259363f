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

  /** Oldest first; empty for what was never seen. */
  of(fingerprint: string): readonly number[] {
    return this.#courses.get(fingerprint)?.values ?? [];
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
