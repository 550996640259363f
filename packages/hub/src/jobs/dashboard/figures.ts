import type { EstimateRecord, EstimationQuality, WorkerFigures, WorkersTable } from "@wsight/protocol";

/** Digits of what is told. */
const DIGITS = 6;

/** A figure times `scale`; what is not known is `null`, never zero. */
export function known(value: number | null | undefined, scale = 1): number | null {
  if (value === null || value === undefined || !Number.isFinite(value)) return null;
  return Number((value * scale).toPrecision(DIGITS));
}

/** ms as seconds. */
export function seconds(ms: number | null | undefined): number | null {
  return known(ms, 0.001);
}

/** A share from 0 to 1, of 100. */
export function percent(share: number | null | undefined): number | null {
  return known(share, 100);
}

/** How good estimates were. */
export function qualityOf(record: EstimateRecord | undefined): EstimationQuality {
  const { meanConfidence } = record ?? {};
  return {
    samples: record?.samples ?? 0,
    meanErrorSec: seconds(record?.meanErrorMs),
    medianErrorSec: seconds(record?.medianErrorMs),
    medianRatio: known(record?.medianRatio),
    coveragePct: percent(record?.coverage),
    confidence: percent(meanConfidence),
  };
}

/** All workers together. */
export function workerFigures({ rows, total, stalled, dead, utilization, imbalance }: WorkersTable): WorkerFigures {
  const count = (state: string): number => rows.filter((row) => row.state === state).length;
  return {
    total,
    busy: count("busy"),
    idle: count("idle"),
    paused: count("paused"),
    stalled,
    dead,
    utilizationPct: percent(utilization),
    imbalance: known(imbalance),
  };
}
