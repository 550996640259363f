import type { DurationEstimate } from "@wsight/protocol";
import type { QueueOutlook } from "./estimator.ts";
import { seededUnits, type UnitSource } from "./seeded-units.ts";

// The queue is played through some times, with runs drawn from their
// estimates: each worker takes the next job as soon as it is free. Errors of
// estimates of one queue lean the same way, so that each play also draws how
// far all of them are off together; without it the interval of a long queue
// would be far too narrow. Jobs beyond the first are not drawn one by one:
// their sum is nearly normal.

const PLAYS = 32;
/** Jobs that are drawn one by one. */
const DRAWN = 64;
/** How far all estimates of a queue are off together, as a logarithm: at least, and as a share of what each may be off. */
const SHARED = 0.1;
const SHARED_OF_EACH = 0.25;
const NORMAL_P90 = 1.2816;
/** No draw is further out. Estimates say nothing of what is beyond; real runs end sooner there than a normal curve has it. */
const FURTHEST = 1.5;
/** Nodes and weights of the mean over a normal curve that ends there. */
const MEAN_AT = [-1.41, -0.74, 0, 0.74, 1.41] as const;
const MEAN_OF = [0.15, 0.22, 0.26, 0.22, 0.15] as const;
const NOTHING = { mean: 0, variance: 0 } as const;
const SEED = 0x9e3779b9;

/** How a run is drawn: its median, and how far it goes below and above, as logarithms. */
interface Draw {
  readonly median: number;
  readonly below: number;
  readonly above: number;
}

/**
 * When a job behind all those of the outlook begins, ms from now: `workers` places, each taken again as soon as it is
 * free. Deterministic. Without workers it answers as for one.
 */
export function simulateWait(outlook: QueueOutlook): DurationEstimate {
  const places = Math.max(1, Math.floor(outlook.workers));
  const running = outlook.running.map(drawOf);
  const first = outlook.ahead.slice(0, DRAWN).map(drawOf);
  const rest = restOf(outlook);
  if (running.length + first.length < places && rest.mean === 0) return atLeast(outlook.notBeforeMs, [0]);
  const unit = seededUnits(SEED);
  const shared = SHARED + SHARED_OF_EACH * meanSpread([...running, ...first]);
  const waits: number[] = [];
  for (let play = 0; play < PLAYS; play++) {
    const lean = Math.exp(shared * normalAt((play + 0.5) / PLAYS));
    const free = firstFree(places, running, first, unit);
    waits.push(lean * (free + (rest.mean + Math.sqrt(rest.variance) * normalAt(unit())) / places));
  }
  return atLeast(outlook.notBeforeMs, waits);
}

function meanSpread(draws: readonly Draw[]): number {
  const sum = draws.reduce((total, { below, above }) => total + (below + above) / 2, 0);
  return sum / Math.max(1, draws.length);
}

/** When a place is free, after those ahead took theirs. */
function firstFree(places: number, running: readonly Draw[], ahead: readonly Draw[], unit: UnitSource): number {
  const free = running.map((draw) => drawn(draw, unit)).sort((a, b) => a - b);
  while (free.length < places) free.unshift(0);
  // More may run than there are workers now: those that end first are not replaced.
  free.splice(0, free.length - places);
  for (const draw of ahead) putBack(free, (free[0] ?? 0) + drawn(draw, unit));
  return free[0] ?? 0;
}

/** Takes the first place and sorts it in again where it is free next. */
function putBack(free: number[], until: number): void {
  let at = 0;
  for (; at + 1 < free.length && (free[at + 1] ?? 0) < until; at++) free[at] = free[at + 1] ?? 0;
  free[at] = until;
}

/** Sum of the runs that are not drawn one by one. */
function restOf({ ahead, more, usual }: QueueOutlook): { readonly mean: number; readonly variance: number } {
  const others = usual === undefined ? NOTHING : moments(drawOf(usual.run));
  const jobs = usual?.jobs ?? 0;
  let mean = 0;
  let variance = 0;
  const all = ahead.map((run) => moments(drawOf(run)));
  all.forEach((each, at) => {
    if (at < DRAWN && more === 0) return;
    mean += each.mean;
    variance += each.variance;
  });
  if (more === 0) return { mean: mean + jobs * others.mean, variance: variance + jobs * others.variance };
  const share = all.length === 0 ? 0 : more / all.length;
  const beyond = all.slice(DRAWN);
  const sum = (pick: "mean" | "variance"): number => beyond.reduce((total, each) => total + each[pick], 0);
  return {
    mean: share * mean + sum("mean") + jobs * others.mean,
    variance: share * variance + sum("variance") + jobs * others.variance,
  };
}

function drawOf(run: DurationEstimate): Draw {
  const median = Math.log(Math.max(1, run.p50));
  return {
    median,
    below: Math.max(0, median - Math.log(Math.max(1, run.p10))) / NORMAL_P90,
    above: Math.max(0, Math.log(Math.max(1, run.p90)) - median) / NORMAL_P90,
  };
}

function drawn(draw: Draw, unit: UnitSource): number {
  return runAt(draw, normalAt(unit()));
}

function runAt({ median, below, above }: Draw, normal: number): number {
  return Math.exp(median + normal * (normal < 0 ? below : above));
}

function moments(draw: Draw): { readonly mean: number; readonly variance: number } {
  const runs = MEAN_AT.map((at) => runAt(draw, at));
  const mean = runs.reduce((sum, run, at) => sum + run * (MEAN_OF[at] ?? 0), 0);
  const variance = runs.reduce((sum, run, at) => sum + (run - mean) ** 2 * (MEAN_OF[at] ?? 0), 0);
  return { mean, variance };
}

/** Of a share between 0 and 1, how far out it is on a normal curve; off by less than 0.01. */
function normalAt(share: number): number {
  const at = Math.log(share / (1 - share)) / 1.702;
  return Math.min(FURTHEST, Math.max(-FURTHEST, at));
}

function atLeast(notBeforeMs: number, waits: readonly number[]): DurationEstimate {
  const sorted = waits.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.max(0, notBeforeMs, quantile(sorted, share));
  return { p10: at(0.1), p50: at(0.5), p90: at(0.9) };
}

function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const low = sorted[Math.floor(place)] ?? 0;
  const high = sorted[Math.ceil(place)] ?? low;
  return low + (place - Math.floor(place)) * (high - low);
}
