import type { EstimateExplanation, EstimateFactor, JobPlan, SimilarJob } from "@wsight/protocol";
import { PLAN_MULTIPLIERS } from "@wsight/protocol";
import { CONTEXTS, NAME, PLAN, SIZE, sizeBucket, sizeBucketBounds, USER } from "./contexts.ts";
import type { JobFeatures } from "./estimator.ts";
import type { NodeShelf } from "./node-shelf.ts";
import { priorOf } from "./prior.ts";
import type { QueueModel } from "./queue-model.ts";
import type { PastRun, RunNode } from "./run-node.ts";
import type { RunReader } from "./run-reader.ts";

const MOST_SIMILAR = 10;

/** Reasons in the order in which they narrow the queue down. */
const REASONS = [
  { bit: NAME, factor: "name" },
  { bit: SIZE, factor: "size" },
  { bit: PLAN, factor: "priority" },
  { bit: USER, factor: "user" },
] as const;

/** Why an estimate of such a job is as it is. */
export function explainRun(features: JobFeatures, shelf: NodeShelf, reader: RunReader): EstimateExplanation {
  const model = shelf.model(features.queue);
  const nodes = shelf.find(features);
  if (model === null || !reader.read(features, nodes, model, model.place)) return explainPrior(features);
  const shares = reader.shares(CONTEXTS.length);
  const level = CONTEXTS[shares.indexOf(Math.max(...shares))] ?? 0;
  return {
    factors: factorsOf(features, nodes, model, reader),
    level: levelText(features, level),
    similar: similarOf(nodes, shares),
  };
}

function explainPrior(features: JobFeatures): EstimateExplanation {
  const alike = priorOf({ ...features, sizeBytes: null, sizeCategory: null });
  const factors: EstimateFactor[] = [];
  const size = priorOf(features).p50 / alike.p50;
  if (size !== 1) factors.push({ factor: "size", multiplier: size, samples: 0, text: "Its size class, a first guess" });
  if (features.plan !== null) factors.push(planPrior(features.plan));
  return { factors: byWeight(factors), level: "no finished job yet: size class and plan alone", similar: [] };
}

function planPrior(plan: JobPlan): EstimateFactor {
  return { factor: "priority", multiplier: PLAN_MULTIPLIERS[plan], samples: 0, text: `Plan ${plan}, a first guess` };
}

/** Each reason by what it changes when it is added to those before it, so that all multiply to the estimate. */
function factorsOf(
  features: JobFeatures,
  nodes: readonly (RunNode | null)[],
  model: QueueModel,
  reader: RunReader,
): readonly EstimateFactor[] {
  const factors: EstimateFactor[] = [];
  let allowed = 0;
  const median = (): number => {
    const some = nodes.map((node, context) => (((CONTEXTS[context] ?? 0) & ~allowed) === 0 ? node : null));
    return reader.read(onlyOf(features, allowed), some, model, model.place)
      ? reader.basis(model.place).median
      : Number.NaN;
  };
  let before = median();
  for (const { bit, factor } of REASONS) {
    const samples = nodes[CONTEXTS.indexOf(bit)]?.count ?? 0;
    allowed |= bit;
    // A size or a plan that was never seen is reached from others.
    if (samples === 0 && bit !== SIZE && bit !== PLAN) continue;
    const now = median();
    const multiplier = Math.exp(now - before);
    before = now;
    if (Number.isFinite(multiplier) && (samples > 0 || multiplier !== 1)) {
      factors.push({ factor, multiplier, samples, text: reasonText(features, bit, multiplier) });
    }
  }
  if (features.load !== null) factors.push(loadFactor(features.load, model));
  return byWeight(factors);
}

/** A job of which no more is known than some bits of a context. */
function onlyOf(features: JobFeatures, bits: number): JobFeatures {
  return {
    ...features,
    load: null,
    ...((bits & SIZE) === 0 ? { sizeBytes: null, sizeCategory: null } : {}),
    ...((bits & PLAN) === 0 ? { plan: null } : {}),
  };
}

function loadFactor(load: number, model: QueueModel): EstimateFactor {
  const multiplier = Math.exp(model.load.shift(load));
  const text = `Machines ${Math.round(100 * load)} % loaded: ${times(multiplier)}`;
  return { factor: "load", multiplier, samples: model.load.samples(load), text };
}

function byWeight(factors: readonly EstimateFactor[]): readonly EstimateFactor[] {
  return factors.toSorted((a, b) => Math.abs(Math.log(b.multiplier)) - Math.abs(Math.log(a.multiplier)));
}

function reasonText(features: JobFeatures, bit: number, multiplier: number): string {
  return `${upperFirst(partText(features, bit))}: ${times(multiplier)}`;
}

function times(multiplier: number): string {
  if (Math.abs(multiplier - 1) < 0.03) return "no difference";
  return multiplier > 1 ? `${multiplier.toFixed(2)} times as long` : `${Math.round(100 * (1 - multiplier))} % shorter`;
}

function levelText(features: JobFeatures, bits: number): string {
  const parts = REASONS.filter(({ bit }) => (bits & bit) !== 0).map(({ bit }) => partText(features, bit));
  return [`queue ${features.queue}`, ...parts].join(", ");
}

function partText(features: JobFeatures, bit: number): string {
  if (bit === NAME) return `name ${features.name}`;
  if (bit === PLAN) return `plan ${features.plan}`;
  if (bit === USER) return "this user";
  if (features.sizeBytes === null) return `size class ${features.sizeCategory}`;
  return sizeText(features.sizeBytes);
}

function sizeText(bytes: number): string {
  const [from, to] = sizeBucketBounds(sizeBucket(bytes));
  const unit = [1e9, 1e6, 1e3].find((least) => to >= least) ?? 1;
  const name = { 1e9: "GB", 1e6: "MB", 1e3: "kB", 1: "B" }[String(unit)] ?? "B";
  const short = (value: number): string => String(Number((value / unit).toPrecision(2)));
  return `${short(from)}–${short(to)} ${name}`;
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Of the context that tells most first, until there are enough; then by time. */
function similarOf(nodes: readonly (RunNode | null)[], shares: readonly number[]): readonly SimilarJob[] {
  const found = new Map<number, PastRun>();
  const order = shares.map((_, context) => context).sort((a, b) => (shares[b] ?? 0) - (shares[a] ?? 0));
  for (const context of order) {
    for (const run of nodes[context]?.runs.toReversed() ?? []) {
      if (found.size < MOST_SIMILAR && !run.cut && run.job !== "") found.set(run.place, run);
    }
  }
  return [...found.values()]
    .sort((a, b) => b.endedAt - a.endedAt)
    .map((run) => ({
      job: run.job,
      endedAt: run.endedAt,
      runMs: Math.round(Math.exp(run.log)),
      sizeBytes: run.sizeBytes,
    }));
}
