import type { JobFeatures } from "./estimator.ts";

// A context is a set of what a job has in common with past ones. Which of
// them tell most is learned (mixture.ts); here is which there are.

/** What jobs can have in common, as bits of a context. */
export const NAME = 1;
export const SIZE = 2;
export const USER = 4;
export const PLAN = 8;

/** All contexts, broadest first. A user has one plan, so both together would say nothing new. */
export const CONTEXTS: readonly number[] = [
  0,
  NAME,
  SIZE,
  PLAN,
  USER,
  NAME | SIZE,
  NAME | PLAN,
  SIZE | PLAN,
  NAME | USER,
  SIZE | USER,
  NAME | SIZE | PLAN,
  NAME | SIZE | USER,
];

/** Of each of `CONTEXTS`: its bits as they stand in keys, and the places of what it is about, by their bits. */
const KEY_PARTS = CONTEXTS.map((bits) => ({
  bits: String(bits),
  places: [NAME, SIZE, USER, PLAN].flatMap((bit, place) => ((bits & bit) === 0 ? [] : [place])),
}));

/** How many things each of `CONTEXTS` has in common. */
export const CONTEXT_DEPTHS: readonly number[] = CONTEXTS.map((bits) => bits.toString(2).replaceAll("0", "").length);

const LONGEST_PART = 96;
const SEPARATOR = "\u001f";
const UNFIT = new RegExp(`[\u0000${SEPARATOR}]`, "g");

/** Bucket of a size: of bytes, their octave. */
export function sizeBucket(bytes: number): number {
  return Math.round(Math.log2(Math.max(1, bytes)));
}

/** Sizes that fall into a bucket, bytes. */
export function sizeBucketBounds(bucket: number): readonly [from: number, to: number] {
  return [2 ** (bucket - 0.5), 2 ** (bucket + 0.5)];
}

/** Keys of a job's contexts by their place in `CONTEXTS`; `null` where it lacks what the context is about. */
export function contextKeys(features: JobFeatures): (string | null)[] {
  const queue = SEPARATOR + part(features.queue);
  const parts = [
    features.name === "" ? null : part(features.name),
    sizePart(features),
    features.userId === null ? null : part(features.userId),
    features.plan,
  ];
  return KEY_PARTS.map(({ bits, places }) => {
    let key = bits + queue;
    for (let at = 0; at < places.length; at++) {
      const value = parts[places[at] ?? 0];
      if (value === null || value === undefined) return null;
      key += SEPARATOR + value;
    }
    return key;
  });
}

/** Queue that a key made by `contextKeys` is of, as it is written there. */
export function queueOfKey(key: string): string {
  return key.split(SEPARATOR, 2)[1] ?? "";
}

/** A text as it stands in keys: bounded, and without what databases cannot hold. */
export function part(text: string): string {
  const clean = text.includes("\u0000") || text.includes(SEPARATOR) ? text.replace(UNFIT, " ") : text;
  return clean.length > LONGEST_PART ? `${clean.slice(0, LONGEST_PART - 9)}~${hash(clean)}` : clean;
}

function sizePart(features: JobFeatures): string | null {
  if (features.sizeBytes !== null) return String(sizeBucket(features.sizeBytes));
  return features.sizeCategory;
}

function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return (value >>> 0).toString(36);
}
