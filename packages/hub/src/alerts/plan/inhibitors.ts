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

/** Where a source is found. */
interface Place {
  /** Number of the inhibition. */
  readonly i: number;
  /** Values of the labels that must be equal. */
  readonly key: string;
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
  /** Where each source stands: of which inhibition, by which labels. */
  const placesOf = new Map<string, readonly Place[]>();

  function remove(fingerprint: string): void {
    for (const { i, key } of placesOf.get(fingerprint) ?? []) {
      const same = sources[i]?.get(key);
      same?.delete(fingerprint);
      if (same?.size === 0) sources[i]?.delete(key);
    }
    placesOf.delete(fingerprint);
  }

  return {
    add({ fingerprint, labels }) {
      remove(fingerprint);
      const places = inhibitions.flatMap((one, i) =>
        one.isSource(labels) ? [{ i, key: keyOf(one.equal, labels) }] : [],
      );
      if (places.length === 0) return;
      placesOf.set(fingerprint, places);
      for (const { i, key } of places) sources[i]?.set(key, (sources[i]?.get(key) ?? new Set()).add(fingerprint));
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
