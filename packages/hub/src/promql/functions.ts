import type { ValueType } from "./expression.ts";

/** What a function takes and gives. */
export interface FunctionShape {
  readonly takes: readonly ValueType[];
  /** How many of `takes` must be given. @default all */
  readonly least?: number;
  readonly gives: ValueType;
}

const OF_VECTOR: FunctionShape = { takes: ["vector"], gives: "vector" };
const OVER_TIME: FunctionShape = { takes: ["matrix"], gives: "vector" };

/** Every function that is answered, by its name. */
export const FUNCTIONS: Readonly<Record<string, FunctionShape>> = {
  rate: OVER_TIME,
  increase: OVER_TIME,
  delta: OVER_TIME,
  irate: OVER_TIME,
  idelta: OVER_TIME,
  changes: OVER_TIME,
  resets: OVER_TIME,
  avg_over_time: OVER_TIME,
  min_over_time: OVER_TIME,
  max_over_time: OVER_TIME,
  sum_over_time: OVER_TIME,
  count_over_time: OVER_TIME,
  last_over_time: OVER_TIME,
  present_over_time: OVER_TIME,
  quantile_over_time: { takes: ["scalar", "matrix"], gives: "vector" },
  histogram_quantile: { takes: ["scalar", "vector"], gives: "vector" },
  histogram_count: OF_VECTOR,
  histogram_sum: OF_VECTOR,
  histogram_avg: OF_VECTOR,
  abs: OF_VECTOR,
  ceil: OF_VECTOR,
  floor: OF_VECTOR,
  round: { takes: ["vector", "scalar"], least: 1, gives: "vector" },
  clamp: { takes: ["vector", "scalar", "scalar"], gives: "vector" },
  clamp_min: { takes: ["vector", "scalar"], gives: "vector" },
  clamp_max: { takes: ["vector", "scalar"], gives: "vector" },
  exp: OF_VECTOR,
  ln: OF_VECTOR,
  log2: OF_VECTOR,
  log10: OF_VECTOR,
  sqrt: OF_VECTOR,
  sgn: OF_VECTOR,
  sort: OF_VECTOR,
  sort_desc: OF_VECTOR,
  absent: OF_VECTOR,
  timestamp: OF_VECTOR,
  scalar: { takes: ["vector"], gives: "scalar" },
  vector: { takes: ["scalar"], gives: "vector" },
  time: { takes: [], gives: "scalar" },
};
