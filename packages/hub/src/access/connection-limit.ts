/** Limits how many things are open at once, over all and per key. */
export interface ConnectionLimit {
  /** Counts one under each of the keys, or refuses with `null`; the answer gives the places back, once. */
  enter(keys: readonly string[]): (() => void) | null;
  /** How many are open. */
  readonly open: number;
}

/** Holds no more keys than there are open connections. */
export function createConnectionLimit(limits: { readonly total: number; readonly perKey: number }): ConnectionLimit {
  const counts = new Map<string, number>();
  let open = 0;

  function leave(keys: readonly string[]): void {
    open--;
    for (const key of keys) {
      const count = (counts.get(key) ?? 1) - 1;
      if (count > 0) counts.set(key, count);
      else counts.delete(key);
    }
  }

  return {
    enter(keys) {
      if (open >= limits.total || keys.some((key) => (counts.get(key) ?? 0) >= limits.perKey)) return null;
      open++;
      for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
      let left = false;
      return () => {
        if (!left) leave(keys);
        left = true;
      };
    },
    get open() {
      return open;
    },
  };
}
