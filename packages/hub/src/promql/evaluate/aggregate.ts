import type { Aggregation, LabelChoice } from "../expression.ts";
import type { Pacer } from "../pacer.ts";
import { Distribution } from "../values/distribution.ts";
import { chooseLabels, keyOfLabels } from "../values/labels.ts";
import { emptyLine, hasAny, type Line, setValue } from "../values/line.ts";
import { byValue, valueQuantile } from "../values/quantile.ts";

/** Aggregations that choose among lines instead of putting them together. */
type Selection = "topk" | "bottomk";

/** What the values of one moment come to. */
const FOLDS: Readonly<Record<Exclude<Aggregation, Selection | "quantile">, (values: readonly number[]) => number>> = {
  sum: (values) => values.reduce((sum, value) => sum + value),
  avg: mean,
  min: (values) => values.reduce((least, value) => (value < least || Number.isNaN(least) ? value : least)),
  max: (values) => values.reduce((most, value) => (value > most || Number.isNaN(most) ? value : most)),
  count: (values) => values.length,
  group: () => 1,
  stddev: (values) => Math.sqrt(variance(values)),
  stdvar: variance,
};

/** What is to be put together, and how. */
export interface AggregateTask {
  readonly operation: Aggregation;
  readonly choice: LabelChoice;
  /** One value for each moment. */
  readonly parameter: Float64Array;
  readonly length: number;
  readonly pacer: Pacer;
  readonly warn: (text: string) => void;
}

/** Puts lines together by the labels of the choice. */
export async function aggregate(lines: readonly Line[], task: AggregateTask): Promise<readonly Line[]> {
  const answer: Line[] = [];
  for (const { labels, members } of groupLines(lines, task.choice)) {
    await task.pacer.turn();
    if (task.operation === "topk" || task.operation === "bottomk") answer.push(...choose(members, task));
    else answer.push(fold(labels, members, task));
    task.pacer.spendPoints(task.length);
  }
  return answer.filter(hasAny);
}

interface Group {
  readonly labels: Line["labels"];
  readonly members: Line[];
}

function groupLines(lines: readonly Line[], choice: LabelChoice): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const line of lines) {
    const labels = chooseLabels(line.labels, choice);
    const key = keyOfLabels(labels);
    const group = groups.get(key) ?? { labels, members: [] };
    groups.set(key, group);
    group.members.push(line);
  }
  return [...groups.values()];
}

function fold(labels: Line["labels"], members: readonly Line[], task: AggregateTask): Line {
  const isHistogram = members.some(({ histograms }) => histograms !== null);
  const countsOnly = task.operation === "count" || task.operation === "group";
  if (isHistogram && !countsOnly) return foldHistograms(labels, members, task);
  const { operation, length, parameter } = task;
  const line = emptyLine(labels, length);
  const values: number[] = [];
  for (let place = 0; place < length; place++) {
    values.length = 0;
    for (const member of members) if (member.present[place] === 1) values.push(member.values[place] ?? 0);
    if (values.length === 0) continue;
    const value =
      operation === "quantile"
        ? valueQuantile(parameter[place] ?? Number.NaN, values)
        : FOLDS[operation as keyof typeof FOLDS](values);
    setValue(line, place, value);
  }
  return line;
}

function foldHistograms(labels: Line["labels"], members: readonly Line[], task: AggregateTask): Line {
  const { operation, length, warn } = task;
  const line = emptyLine(labels, length, true);
  if (operation !== "sum" && operation !== "avg") {
    warn(`native histograms are left out of ${operation}`);
    return line;
  }
  const histograms = members.filter((member) => member.histograms !== null);
  if (histograms.length < members.length) {
    warn(`${operation} of native histograms together with numbers is left out`);
    return line;
  }
  for (let place = 0; place < length; place++) {
    const there = histograms.flatMap((member) => member.histograms?.[place] ?? []);
    if (there.length === 0 || line.histograms === null) continue;
    const whole = there.reduce((all, one) => all.add(one), new Distribution());
    line.histograms[place] = operation === "avg" ? whole.times(1 / there.length) : whole;
    line.present[place] = 1;
  }
  return line;
}

/** The same lines, each only at the moments it is among the chosen. */
function choose(members: readonly Line[], { operation, parameter, length, warn }: AggregateTask): readonly Line[] {
  const numbers = members.filter(({ histograms }) => histograms === null);
  if (numbers.length < members.length) warn(`native histograms are left out of ${operation}`);
  const chosen = numbers.map(({ labels }) => emptyLine(labels, length));
  const sign = operation === "topk" ? -1 : 1;
  for (let place = 0; place < length; place++) {
    const there = numbers.flatMap((line, i) => (line.present[place] === 1 ? [i] : []));
    const valueAt = (i: number): number => numbers[i]?.values[place] ?? 0;
    const ranked = there.sort((a, b) => rank(valueAt(a), valueAt(b), sign));
    for (const i of ranked.slice(0, Math.max(0, Math.floor(parameter[place] ?? 0)))) {
      const line = chosen[i];
      if (line !== undefined) setValue(line, place, valueAt(i));
    }
  }
  return sortLines(chosen.filter(hasAny), sign);
}

/** In the order of their values, where there is but one moment; `sign` is -1 for the largest first. */
export function sortLines(lines: readonly Line[], sign: number): readonly Line[] {
  if (lines.some(({ values }) => values.length !== 1)) return lines;
  return lines.toSorted((a, b) => rank(a.values[0] ?? 0, b.values[0] ?? 0, sign));
}

/** NaN comes last, whichever end is asked for. */
function rank(a: number, b: number, sign: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return -byValue(a, b);
  return sign * (a - b);
}

function mean(values: readonly number[]): number {
  const sum = values.reduce((whole, value) => whole + value);
  // The sum of large values may be beyond what a number holds where their mean is not.
  if (Number.isFinite(sum) || values.some((value) => !Number.isFinite(value))) return sum / values.length;
  return values.reduce((whole, value) => whole + value / values.length, 0);
}

function variance(values: readonly number[]): number {
  let average = values[0] ?? 0;
  let squares = 0;
  for (let i = 1; i < values.length; i++) {
    const value = values[i] ?? 0;
    const off = value - average;
    average += off / (i + 1);
    squares += off * (value - average);
  }
  return squares / values.length;
}
