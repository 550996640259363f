import type { Histogram, MetricDefinition, MetricKind } from "@wsight/protocol";
import { bucketBounds, familyName, unitSuffix } from "./names.ts";

/** Metadata of a metric family. */
export interface Family {
  /** Without the `_total` of a counter. */
  readonly name: string;
  readonly kind: MetricKind;
  /** As OpenMetrics writes it; empty for none. */
  readonly unit: string;
  readonly help: string;
  /** Upper bounds of classic buckets of a histogram. */
  readonly bounds: readonly number[];
}

/** One series of a family at one time. */
export interface FamilySample {
  /** Names and values, in the order in which they are written. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number | Histogram;
}

/** Turns families into bytes of one format. Call `family`, then `sample` for each of its series, at last `finish`. */
export interface Renderer {
  /** Bytes so far, about. */
  readonly length: number;
  family(family: Family): void;
  sample(sample: FamilySample): void;
  /** Ends the exposition. */
  finish(): Uint8Array;
}

/** The family of a metric of the catalogue. */
export function familyOf(metric: MetricDefinition): Family {
  const { kind, help } = metric;
  const bounds = kind === "histogram" ? bucketBounds(metric) : [];
  return { name: familyName(metric), kind, unit: unitSuffix(metric), help, bounds };
}
