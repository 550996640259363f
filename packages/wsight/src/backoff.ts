const FIRST_MS = 250;
const LONGEST_MS = 30_000;

/** The wait before attempt `attempt` (from 0), in ms: doubles from 0.25 s to 30 s, a quarter more or less by chance. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt) * (0.75 + random() / 2);
}
