import { createHash, randomBytes } from "node:crypto";

/** Longest user id kept. */
const MAX_LENGTH = 128;

/**
 * Turns what the application calls a user into bounded text, or `null` when it
 * is nothing usable. With `hash` on it is a salted hash: rows of one process
 * belong together, nobody can be named from them.
 */
export function createUserKey(options: { readonly hash: boolean }): (user: unknown) => string | null {
  const salt = randomBytes(16);
  return (user) => {
    if (typeof user !== "string" && typeof user !== "number") return null;
    const text = String(user).slice(0, MAX_LENGTH);
    if (text === "") return null;
    return options.hash ? `u_${createHash("sha256").update(salt).update(text).digest("base64url").slice(0, 12)}` : text;
  };
}
