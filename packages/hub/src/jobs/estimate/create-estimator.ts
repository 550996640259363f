import type { DurationEstimate } from "@wsight/protocol";
import { CONTEXTS, NAME, SIZE, USER } from "./contexts.ts";
import type { Estimator, JobFeatures, RunBasis, RunEstimate, RunOutcome } from "./estimator.ts";
import { explainRun } from "./explain.ts";
import { NodeShelf } from "./node-shelf.ts";
import { logOfClass, logOfSize, PRIOR_CONFIDENCE, PRIOR_SPREAD, priorOf } from "./prior.ts";
import { blendProgress, learnProgress } from "./progress-blend.ts";
import type { QueueModel } from "./queue-model.ts";
import { restOfRun } from "./rest-of-run.ts";
import type { PastRun, RunNode } from "./run-node.ts";
import { RunReader } from "./run-reader.ts";

/** How an estimator is made. */
export interface EstimatorOptions {
  /** Nodes that are kept; beyond, the one that learned longest ago is forgotten. @default 20000 */
  readonly maxNodes?: number;
}

const SAMPLES_WANTED = 20;
/** With so many runs of a queue, their distribution is taken at its word for half; for the rest it is that of a first guess. */
const HALF_TRUSTED = 2;
const NAMED = CONTEXTS.indexOf(NAME);
/** Contexts the slope of the size is learned in: the first of them that knows two runs. */
const SLOPE_CONTEXTS: readonly number[] = [NAME | USER, USER, NAME, 0].map((bits) => CONTEXTS.indexOf(bits));
/** Contexts in which plans are compared, for jobs with a name and without: who has another name is not alike. */
const PLAN_CONTEXTS: readonly number[] = [NAME | SIZE, NAME].map((bits) => CONTEXTS.indexOf(bits));
/** How near counts as right. */
const NEAR = 0.25;

/** An estimator that knows nothing yet. */
export function createEstimator(options: EstimatorOptions = {}): Estimator {
  const shelf = new NodeShelf(options.maxNodes ?? 20_000);
  const reader = new RunReader();

  const basisAsOf = (features: JobFeatures, nodes: readonly (RunNode | null)[], asOf: number): RunBasis | null => {
    const model = shelf.model(features.queue);
    return model !== null && reader.read(features, nodes, model, asOf) ? reader.basis(asOf) : null;
  };

  const predict = (features: JobFeatures): RunEstimate => {
    const model = shelf.model(features.queue);
    const nodes = shelf.find(features);
    const basis = model === null ? null : basisAsOf(features, nodes, model.place);
    if (model === null || basis === null) return firstGuess(features);
    const samples = nodes[0]?.count ?? 0;
    const trust = trustIn(samples);
    return {
      ...spanOf(model, basis, trust),
      confidence: Math.round(100 * trust * model.confidence.correct(basis.near) + (1 - trust) * PRIOR_CONFIDENCE),
      samples,
      samplesWanted: SAMPLES_WANTED,
      prior: false,
      basis,
    };
  };

  const learn = (features: JobFeatures, outcome: RunOutcome): void => {
    if (!(outcome.runMs >= 0 && outcome.runMs < Number.POSITIVE_INFINITY)) return;
    const log = Math.log(Math.max(1, outcome.runMs));
    const model = shelf.openModel(features.queue);
    const nodes = shelf.open(features);
    const asOf = outcome.said?.basis?.asOf ?? placeBefore(nodes[0], outcome.endedAt - outcome.runMs);
    const basis = outcome.said?.basis ?? basisAsOf(features, nodes, asOf);
    if (basis !== null) correct(model, basis, features.load, outcome);
    reader.read(features, nodes, model, asOf);
    reader.learn(log, model);
    const past = pastRun(model, features, { log, endedAt: outcome.endedAt, job: outcome.job, cut: false });
    learnPlan(model, nodes, past, reader);
    learnSlope(model, nodes, past);
    for (const node of [nodes[0], nodes[NAMED]]) if (node) learnProgress(node, outcome.runMs, outcome.progress);
    add(model, nodes, past);
  };

  return {
    predict,
    learn,
    remaining(features, said, progress): DurationEstimate {
      const nodes = shelf.find(features);
      const model = shelf.model(features.queue);
      const known = model !== null && reader.read(features, nodes, model, model.place);
      const byTime = restOfRun(known ? reader.grid() : null, said, progress.elapsedMs);
      return blendProgress(byTime, progress, [nodes[0] ?? null, nodes[NAMED] ?? null]);
    },
    censored(features, elapsedMs): void {
      const said = predict(features);
      // Who had not even come to the middle says nothing new.
      if (said.prior || !(elapsedMs > said.p50 && elapsedMs < Number.POSITIVE_INFINITY)) return;
      const { p50 } = restOfRun(reader.grid(), said, elapsedMs);
      const nodes = shelf.open(features);
      const endedAt = nodes[0]?.runs.at(-1)?.endedAt ?? 0;
      const opened = shelf.openModel(features.queue);
      add(opened, nodes, pastRun(opened, features, { log: Math.log(elapsedMs + p50), endedAt, job: "", cut: true }));
    },
    explain: (features) => explainRun(features, shelf, reader),
    takeChanged: (limit) => shelf.takeChanged(limit),
    restore: (nodes) => {
      shelf.restore(nodes);
    },
    get size(): number {
      return shelf.size;
    },
    get damaged(): number {
      return shelf.damaged;
    },
  };
}

function firstGuess(features: JobFeatures): RunEstimate {
  return { ...priorOf(features), confidence: PRIOR_CONFIDENCE, samples: 0, samplesWanted: SAMPLES_WANTED, prior: true };
}

/** One run agrees with itself, and says little of the next. */
function trustIn(samples: number): number {
  return samples ** 2 / (samples ** 2 + HALF_TRUSTED ** 2);
}

function spanOf(model: QueueModel, basis: RunBasis, trust = 1): DurationEstimate {
  const [below, above] = model.intervals.stretch(basis);
  const first = (1 - trust) * Math.log(PRIOR_SPREAD);
  return {
    p10: Math.exp(basis.median - trust * below - first),
    p50: Math.exp(basis.median),
    p90: Math.exp(basis.median + trust * above + first),
  };
}

function correct(model: QueueModel, basis: RunBasis, load: number | null, outcome: RunOutcome): void {
  const { runMs } = outcome;
  const { p10, p90 } = outcome.said ?? spanOf(model, basis);
  const log = Math.log(Math.max(1, runMs));
  const weight = model.weightOf(basis.asOf);
  model.intervals.learn(basis, log, runMs < p10 || runMs > p90, weight);
  const p50 = Math.exp(basis.median);
  model.confidence.learn(basis.near, Math.abs(runMs - p50) <= NEAR * p50, weight);
  model.load.learn(load, log - basis.median + model.load.shift(load));
}

/** The newest run that had ended when another began. */
function placeBefore(node: RunNode | null | undefined, at: number): number {
  return node?.runs.findLast((run) => run.endedAt <= at)?.place ?? 0;
}

function learnPlan(model: QueueModel, nodes: readonly (RunNode | null)[], past: PastRun, reader: RunReader): void {
  const contexts = nodes[NAMED] === null ? [0] : PLAN_CONTEXTS;
  const bySize = (run: PastRun): number => reader.move.bySize(run);
  contexts.some((context) => nodes[context]?.runs !== undefined && model.plans.learn(nodes[context], past, bySize));
}

function learnSlope(model: QueueModel, nodes: readonly (RunNode | null)[], past: PastRun): void {
  if (Number.isNaN(past.logSize)) return;
  const of = SLOPE_CONTEXTS.find((context) => (nodes[context]?.runs.length ?? 0) >= 2);
  const node = of === undefined ? null : nodes[of];
  if (node) model.slope.learn(node, past, model.plans);
}

function pastRun(
  model: QueueModel,
  features: JobFeatures,
  run: Pick<PastRun, "log" | "endedAt" | "job" | "cut">,
): PastRun {
  const { sizeBytes, sizeCategory, plan } = features;
  // Field by field: spread out, all that reads runs gets slower by half.
  return {
    log: run.log - model.load.shift(features.load),
    endedAt: run.endedAt,
    job: run.job,
    cut: run.cut,
    sizeBytes,
    sizeCategory,
    plan,
    logSize: logOfSize(sizeBytes, sizeCategory),
    logClass: logOfClass(sizeBytes, sizeCategory),
    place: model.place + 1,
  };
}

function add(model: QueueModel, nodes: readonly (RunNode | null)[], past: PastRun): void {
  model.place = past.place;
  for (const node of nodes) node?.add(past);
}
