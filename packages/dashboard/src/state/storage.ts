/** The part of `localStorage` that is used. */
export interface StorageLike {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

const PREFIX = "wsight.";

/** Reads a kept word when it is one of the allowed ones. Storage that is switched off or full reads as nothing kept. */
export function readChoice<T extends string>(storage: StorageLike | null, key: string, words: readonly T[]): T | null {
  try {
    const kept = storage?.getItem(PREFIX + key) ?? null;
    return words.find((word) => word === kept) ?? null;
  } catch {
    return null;
  }
}

/** Keeps a word; storage that refuses is ignored, the choice then lasts as long as the page. */
export function keepChoice(storage: StorageLike | null, key: string, word: string): void {
  try {
    storage?.setItem(PREFIX + key, word);
  } catch {
    // Private windows and full disks refuse: nothing to do about it, nothing lost but memory of the choice.
  }
}

/** The browser's storage, or `null` where even looking at it is refused. */
export function browserStorage(): StorageLike | null {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}
