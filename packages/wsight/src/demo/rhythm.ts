import { createRandom } from "./random.ts";

/** A day of the demo, in ms: long enough to see a wave on a chart of minutes. */
const DAY_MS = 150_000;
/** Within each of these windows there is one burst. */
const BURST_EVERY_MS = 25_000;
const BURST_LASTS_MS = 4_000;

/** How busy people are at a time since the start: about 1 on average, more in a burst. */
export type Rhythm = (elapsedMs: number) => number;

/** Makes a wave with a burst every now and then; the same for the same seed. */
export function createRhythm(seed: number): Rhythm {
  return (elapsedMs) => {
    const wave = 1 + 0.55 * Math.sin((2 * Math.PI * elapsedMs) / DAY_MS);
    const window = Math.floor(elapsedMs / BURST_EVERY_MS);
    const random = createRandom(seed + window);
    const begins = window * BURST_EVERY_MS + random() * (BURST_EVERY_MS - BURST_LASTS_MS);
    const height = 1.5 + random() * 1.5;
    const inBurst = elapsedMs >= begins && elapsedMs < begins + BURST_LASTS_MS;
    return inBurst ? wave * height : wave;
  };
}
