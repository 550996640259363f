import { randomFillSync } from "node:crypto";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TIME_DIGITS = 10;
const RANDOM_DIGITS = 16;

/** A ULID: 10 digits of time (ms epoch) and 16 of chance, so that ids sort by their time and never come twice. */
export function createUlid(at: number): string {
  let time = Math.max(0, Math.floor(at));
  let digits = "";
  for (let i = 0; i < TIME_DIGITS; i++) {
    digits = ALPHABET.charAt(time % 32) + digits;
    time = Math.floor(time / 32);
  }
  for (const byte of randomFillSync(new Uint8Array(RANDOM_DIGITS))) digits += ALPHABET.charAt(byte % 32);
  return digits;
}
