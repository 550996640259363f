import { createHash, timingSafeEqual } from "node:crypto";

/** How long a one-time code can be used, in ms. */
const CODE_LIFE_MS = 900_000;

/** The code of the sign-in link. */
export interface OneTimeCode {
  /** True once, for the right code in time. */
  use(code: string): boolean;
}

/** @param code what the link carries; `null` accepts nothing */
export function createOneTimeCode(code: string | null, now: () => number = Date.now): OneTimeCode {
  let left = code === null || code === "" ? null : digest(code);
  const expiresAt = now() + CODE_LIFE_MS;
  return {
    use(given) {
      // Digests have one length, so the comparison takes the same time for every guess.
      if (left === null || now() >= expiresAt || !timingSafeEqual(left, digest(given))) return false;
      left = null;
      return true;
    },
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
