import { WsightError } from "@wsight/protocol";
import type { Sample } from "./sample.ts";

const UNKEPT = /[\0\p{Cs}]/u;
const NODE_FAULT = "node: expected text without NUL and halves of characters, got one with them";
const NUMBERS = ["min", "max", "sum", "count", "last"] as const;

/**
 * What keeps a sample from being stored, or `null` when nothing does.
 * @param goodNode a name that needs no check any more
 */
export function faultOf(sample: Sample, goodNode?: string): string | null {
  const { at, intervalMs, min, max, sum, count, last, node } = sample;
  // What is not finite makes the difference NaN.
  const finite = min - min + (max - max) + (sum - sum) + (count - count) + (last - last) === 0;
  const timed = Number.isSafeInteger(at) && at >= 0 && Number.isSafeInteger(intervalMs) && intervalMs >= 1;
  return finite && timed && (node === goodNode || !UNKEPT.test(node)) ? null : describeFault(sample);
}

function describeFault(sample: Sample): string | null {
  const name = sample.series.metric.name;
  if (!Number.isSafeInteger(sample.at) || sample.at < 0) return `${name} at: expected ms since 1970, got ${sample.at}`;
  if (!Number.isSafeInteger(sample.intervalMs) || sample.intervalMs < 1) {
    return `${name} intervalMs: expected a whole number from 1, got ${sample.intervalMs}`;
  }
  // PostgreSQL's texts can hold any character but this one, and halves of one come back as another.
  if (UNKEPT.test(sample.node)) return `${name} ${NODE_FAULT}`;
  const odd = NUMBERS.find((field) => !Number.isFinite(sample[field]));
  return odd === undefined ? null : `${name} ${odd}: expected a finite number, got ${sample[odd]}`;
}

/** Every store refuses the same samples with the same words. @throws WsightError `BAD_REQUEST` */
export function checkSamples(samples: readonly Sample[]): void {
  for (const sample of samples) {
    const fault = faultOf(sample);
    if (fault !== null) throw new WsightError("BAD_REQUEST", fault);
  }
}

/** Every store refuses the same names. @throws WsightError `BAD_REQUEST` */
export function checkNode({ node, metric }: { readonly node: string; readonly metric: string }): void {
  if (UNKEPT.test(node)) throw new WsightError("BAD_REQUEST", `${metric} ${NODE_FAULT}`);
}
