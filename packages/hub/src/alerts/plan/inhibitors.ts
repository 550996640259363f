import type { AlertInhibition, Labels } from "@wsight/protocol";
import { compileMatchers, type LabelTest, labelOf } from "./matchers.ts";
import type { AlertSubject } from "./subject.ts";

/** Which alerts fire, seen as what silences others. */
export interface Inhibitors {
  /** Tells that it fires; the same again changes nothing. */
  add(subject: AlertSubject): void;
  /** Tells that it fires no more. */
  remove(fingerprint: string): void;
  /** Fingerprint of what inhibits it; `null` for nothing. */
  of(subject: AlertSubject): string | null;
}

/** An inhibition that is ready to be asked. */
export interface Inhibition {
  readonly isSource: LabelTest;
  readonly isTarget: LabelTest;
  readonly equal: readonly string[];
}

/** Compiles inhibitions; those that can't be read are left out and told in `troubles`. */
export function compileInhibitions(inhibitions: readonly AlertInhibition[], troubles: string[]): readonly Inhibition[] {
  return inhibitions.flatMap(({ source, target, equal }, i): Inhibition[] => {
    try {
      return [{ isSource: compileMatchers(source), isTarget: compileMatchers(target), equal }];
    } catch (error) {
      troubles.push(`inhibition ${i + 1}: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  });
}

/**
 * Keeps who fires by the labels that must be equal. An alert that is source and target of one inhibition is not
 * inhibited by it: two of them would silence each other, and nobody would hear of either.
 */
export function createInhibitors(inhibitions: readonly Inhibition[]): Inhibitors {
  const sources = inhibitions.map(() => new Map<string, Set<string>>());
  const placesOf = new Map<string, readonly Set<string>[]>();

  function remove(fingerprint: string): void {
    for (const place of placesOf.get(fingerprint) ?? []) place.delete(fingerprint);
    placesOf.delete(fingerprint);
  }

  function placeOf(i: number, { equal }: Inhibition, labels: Labels): Set<string> {
    const key = keyOf(equal, labels);
    const place = sources[i]?.get(key) ?? new Set();
    sources[i]?.set(key, place);
    return place;
  }

  return {
    add({ fingerprint, labels }) {
      remove(fingerprint);
      const places = inhibitions.flatMap((one, i) => (one.isSource(labels) ? [placeOf(i, one, labels)] : []));
      if (places.length === 0) return;
      for (const place of places) place.add(fingerprint);
      placesOf.set(fingerprint, places);
    },
    remove,
    of({ labels }) {
      for (const [i, one] of inhibitions.entries()) {
        if (sources[i]?.size === 0 || !one.isTarget(labels) || one.isSource(labels)) continue;
        const [source] = sources[i]?.get(keyOf(one.equal, labels)) ?? [];
        if (source !== undefined) return source;
      }
      return null;
    },
  };
}

function keyOf(equal: readonly string[], labels: Labels): string {
  return JSON.stringify(equal.map((name) => labelOf(labels, name)));
}
