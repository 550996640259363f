import { forwardingKey } from "../http/forwarded.ts";
import { lookForMachineKey } from "./machine-key.ts";

/** Between two looks at the file, ms. */
const LOOK_EVERY_MS = 1000;
/** Keys that are held; beyond, the one found longest ago is forgotten. */
const MAX_KEYS = 4;

/** A key of this machine and user, with what was made from it. */
export interface TrustedKey {
  readonly key: Uint8Array;
  /** See `forwardingKey`. */
  readonly forwarding: Uint8Array;
}

/** The keys by which a hub knows processes of its own machine and user. */
export interface MachineTrust {
  /** Newest first. */
  readonly keys: readonly TrustedKey[];
  /**
   * Something came that no key fits: looks at the file again, at most once a second, since it may have been deleted
   * and made anew. Resolves with the key that was not known, if there is one.
   */
  lookAgain(): Promise<TrustedKey | null>;
}

/**
 * Holds the key that the hub was given, and those that take its place on disk
 * while the hub runs: processes that began before a deletion go on with theirs.
 * @param dir where the file lies; `null` looks at none
 */
export function createMachineTrust(key: Uint8Array, dir: string | null): MachineTrust {
  let keys: readonly TrustedKey[] = [trusted(key)];
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<TrustedKey | null> | null = null;

  async function look(place: string): Promise<TrustedKey | null> {
    const found = await lookForMachineKey(place);
    if (found === null || keys.some((known) => Buffer.compare(known.key, found) === 0)) return null;
    const fresh = trusted(found);
    keys = [fresh, ...keys].slice(0, MAX_KEYS);
    return fresh;
  }

  return {
    get keys() {
      return keys;
    },
    lookAgain() {
      if (looking !== null) return looking;
      const now = performance.now();
      if (dir === null || now - lookedAt < LOOK_EVERY_MS) return Promise.resolve(null);
      lookedAt = now;
      looking = look(dir).finally(() => {
        looking = null;
      });
      return looking;
    },
  };
}

function trusted(key: Uint8Array): TrustedKey {
  return { key, forwarding: forwardingKey(key) };
}
