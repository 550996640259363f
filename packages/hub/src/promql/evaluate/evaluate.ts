import type { Labels } from "@wsight/protocol";
import type { Aggregate, Call, Expression, Selector } from "../expression.ts";
import type { Pacer } from "../pacer.ts";
import { PromqlError } from "../promql-error.ts";
import type { Source } from "../source/source.ts";
import type { Stream } from "../source/stream.ts";
import { lookbackOf } from "../source/tier.ts";
import { type Grid, momentOf } from "../values/grid.ts";
import { NAME, withoutLabels } from "../values/labels.ts";
import { checkDistinct, emptyLine, hasAny, type Line, mapLine, setValue, type Value } from "../values/line.ts";
import { aggregate, sortLines } from "./aggregate.ts";
import { joinValues } from "./binary.ts";
import { growthLine, newestLine } from "./distribution-growth.ts";
import { histogramFigure, histogramQuantile } from "./histogram-functions.ts";
import { largest, MATH, roundTo, smallest } from "./math.ts";
import { RANGE_FUNCTIONS } from "./range-functions.ts";
import { forEachNewest, forEachWindow } from "./window.ts";

/** What an evaluation works with. */
export interface Evaluation {
  readonly source: Source;
  readonly grid: Grid;
  readonly pacer: Pacer;
  /** Told what somebody who reads the answer should know. */
  readonly warn: (text: string) => void;
}

/**
 * Evaluates an expression at all moments of a grid at once.
 * @throws PromqlError `execution` or `timeout`, or the reason of a signal
 */
export async function evaluate(expression: Expression, evaluation: Evaluation): Promise<Value> {
  return new Evaluator(evaluation).value(expression);
}

class Evaluator {
  readonly #source: Source;
  readonly #grid: Grid;
  readonly #pacer: Pacer;
  readonly #warn: (text: string) => void;

  constructor({ source, grid, pacer, warn }: Evaluation) {
    this.#source = source;
    this.#grid = grid;
    this.#pacer = pacer;
    this.#warn = warn;
  }

  async value(expression: Expression): Promise<Value> {
    switch (expression.type) {
      case "number":
        return this.#scalar(() => expression.value);
      case "string":
        return { type: "string", text: expression.text };
      case "selector":
        return this.#vector(await this.#newest(expression));
      case "negate":
        return this.#negate(await this.value(expression.of));
      case "call":
        return this.#call(expression);
      case "aggregate":
        return this.#vector(await this.#aggregate(expression));
      case "binary": {
        const { left, right } = expression;
        const task = { binary: expression, length: this.#grid.length, pacer: this.#pacer, warn: this.#warn };
        const value = await joinValues(await this.value(left), await this.value(right), task);
        return value.type === "vector" ? this.#vector(value.lines) : value;
      }
    }
  }

  #scalar(valueAt: (place: number) => number): Value {
    return { type: "scalar", values: Float64Array.from({ length: this.#grid.length }, (_, i) => valueAt(i)) };
  }

  #vector(lines: readonly Line[]): Value {
    return { type: "vector", lines: checkDistinct(lines) };
  }

  /** The newest value at each moment. */
  async #newest(selector: Selector, isTime = false): Promise<readonly Line[]> {
    const lines: Line[] = [];
    const use = { isGrowth: false, looksWithin: false, isExhaustive: false };
    for await (const stream of this.#source.read(selector, this.#grid, use)) {
      await this.#spend();
      const line = this.#newestOf(stream, selector.offsetMs, isTime);
      if (hasAny(line)) lines.push(line);
    }
    return lines;
  }

  #newestOf(stream: Stream, offsetMs: number, isTime: boolean): Line {
    const look = { lookbackMs: lookbackOf(stream.stepMs), offsetMs };
    const labels = isTime ? withoutLabels(stream.labels) : stream.labels;
    if (stream.type === "distribution" && !isTime) return newestLine(stream, labels, this.#grid, look);
    const line = emptyLine(labels, this.#grid.length);
    forEachNewest(stream, this.#grid, look, (newest, place) => {
      const at = (stream.times[newest] ?? 0) / 1000;
      setValue(line, place, isTime || stream.type === "distribution" ? at : (stream.values[newest] ?? 0));
    });
    return line;
  }

  #negate(value: Value): Value {
    if (value.type === "scalar") return { type: "scalar", values: value.values.map((one) => -one) };
    if (value.type === "string") throw new PromqlError("execution", "a string has no sign");
    return this.#vector(value.lines.map((line) => negated(line)));
  }

  async #aggregate({ operation, choice, parameter, of }: Aggregate): Promise<readonly Line[]> {
    const given = parameter === null ? new Float64Array(0) : await this.#numbers(parameter);
    const lines = await this.#lines(of);
    const { length } = this.#grid;
    return aggregate(lines, { operation, choice, parameter: given, length, pacer: this.#pacer, warn: this.#warn });
  }

  async #call({ name, arguments: given }: Call): Promise<Value> {
    const [first, second] = given;
    if (name === "time") return this.#scalar((place) => momentOf(this.#grid, place) / 1000);
    if (first === undefined) throw new PromqlError("execution", `${name}: expected an argument`);
    if (name === "vector") return this.#vector([fullLine({}, await this.#numbers(first))]);
    if (name === "scalar") return this.#toScalar(await this.#lines(first));
    if (name === "timestamp") return this.#vector(await this.#timestamps(first));
    if (name === "absent") return this.#vector(this.#absent(first, await this.#lines(first)));
    if (RANGE_FUNCTIONS[name] !== undefined) return this.#vector(await this.#overTime(name, given));
    if (name === "histogram_quantile" && second !== undefined) {
      const quantiles = await this.#numbers(first);
      return this.#vector(await histogramQuantile(await this.#lines(second), quantiles, this.#pacer));
    }
    const lines = await this.#lines(first);
    if (name === "sort" || name === "sort_desc") return this.#vector(sortLines(lines, name === "sort" ? 1 : -1));
    const parameters = await Promise.all(given.slice(1).map((one) => this.#numbers(one)));
    return this.#vector(lines.map((line) => this.#each(name, line, parameters)).filter(hasAny));
  }

  /** A function of each value by itself. */
  #each(name: string, line: Line, [first, second]: readonly Float64Array[]): Line {
    const labels = withoutLabels(line.labels);
    if (name.startsWith("histogram_")) return histogramFigure(name, line, labels);
    // Native histograms have no such figures, as in Prometheus.
    if (line.histograms !== null) return emptyLine(labels, line.values.length);
    const plain = MATH[name];
    if (plain !== undefined) return mapLine(line, labels, plain);
    if (name === "round") return mapLine(line, labels, (value, i) => roundTo(value, first?.[i] ?? 1));
    return clampLine(line, labels, name, first, second);
  }

  async #overTime(name: string, given: readonly Expression[]): Promise<readonly Line[]> {
    const shape = RANGE_FUNCTIONS[name];
    const selector = given.at(-1);
    if (shape === undefined || selector?.type !== "selector" || selector.rangeMs === null)
      throw new PromqlError("execution", `${name}: expected a range vector`);
    const range = { rangeMs: selector.rangeMs, offsetMs: selector.offsetMs };
    const [first] = given;
    const parameter = given.length > 1 && first !== undefined ? await this.#numbers(first) : new Float64Array(0);
    const { isGrowth = false, looksWithin = false, isCheap = false, keepsName = false } = shape;
    const lines: Line[] = [];
    const use = { isGrowth, looksWithin, isExhaustive: !isCheap };
    for await (const stream of this.#source.read(selector, this.#grid, use)) {
      await this.#spend();
      const labels = keepsName ? stream.labels : withoutLabels(stream.labels);
      if (stream.type === "distribution") {
        if (name === "rate" || name === "increase")
          lines.push(growthLine(stream, labels, this.#grid, { ...range, isRate: name === "rate" }));
        else this.#warn(`native histograms are left out of ${name}; use ${stream.labels[NAME]}_bucket, _sum or _count`);
        continue;
      }
      const line = emptyLine(labels, this.#grid.length);
      const answer = shape.prepare(stream, range.rangeMs, parameter);
      forEachWindow(stream, this.#grid, range, (window, place) => {
        const value = answer(window, place);
        if (value !== undefined) setValue(line, place, value);
      });
      lines.push(line);
    }
    return lines.filter(hasAny);
  }

  async #timestamps(of: Expression): Promise<readonly Line[]> {
    if (of.type === "selector") return this.#newest(of, true);
    const lines = await this.#lines(of);
    return lines.map((line) => mapLine(line, withoutLabels(line.labels), (_, i) => momentOf(this.#grid, i) / 1000));
  }

  #toScalar(lines: readonly Line[]): Value {
    return this.#scalar((place) => {
      const there = lines.filter(({ present, histograms }) => present[place] === 1 && histograms === null);
      return there.length === 1 ? (there[0]?.values[place] ?? Number.NaN) : Number.NaN;
    });
  }

  #absent(of: Expression, lines: readonly Line[]): readonly Line[] {
    const line = emptyLine(of.type === "selector" ? knownLabels(of) : {}, this.#grid.length);
    for (let place = 0; place < this.#grid.length; place++)
      if (!lines.some(({ present }) => present[place] === 1)) setValue(line, place, 1);
    return hasAny(line) ? [line] : [];
  }

  async #lines(expression: Expression): Promise<readonly Line[]> {
    const value = await this.value(expression);
    if (value.type !== "vector") throw new PromqlError("execution", `expected an instant vector, got a ${value.type}`);
    return value.lines;
  }

  async #numbers(expression: Expression): Promise<Float64Array> {
    const value = await this.value(expression);
    if (value.type !== "scalar") throw new PromqlError("execution", `expected a scalar, got a ${value.type}`);
    return value.values;
  }

  #spend(): Promise<void> {
    this.#pacer.spendPoints(this.#grid.length);
    return this.#pacer.turn();
  }
}

/** `clamp` with both ends, `clamp_min` and `clamp_max` with one. A moment whose ends are the wrong way round has no value. */
function clampLine(
  line: Line,
  labels: Labels,
  name: string,
  first: Float64Array | undefined,
  second: Float64Array | undefined,
): Line {
  const lows = name === "clamp_max" ? undefined : first;
  const highs = name === "clamp" ? second : name === "clamp_max" ? first : undefined;
  const answer = emptyLine(labels, line.values.length);
  line.values.forEach((value, i) => {
    const low = lows?.[i];
    const high = highs?.[i];
    if (line.present[i] !== 1 || (low !== undefined && high !== undefined && low > high)) return;
    const capped = high === undefined ? value : smallest(high, value);
    setValue(answer, i, low === undefined ? capped : largest(low, capped));
  });
  return answer;
}

function negated(line: Line): Line {
  const labels = withoutLabels(line.labels);
  if (line.histograms === null) return mapLine(line, labels, (value) => -value);
  return { ...line, labels, histograms: line.histograms.map((one) => one?.times(-1) ?? null) };
}

function fullLine(labels: Labels, values: Float64Array): Line {
  return { labels, values, present: new Uint8Array(values.length).fill(1), histograms: null };
}

/** Labels that a selector says for sure, but its name. */
function knownLabels({ matchers }: Selector): Labels {
  const labels: Record<string, string> = {};
  const doubtful = new Set<string>();
  for (const { label, operator, value } of matchers) {
    if (label === NAME) continue;
    if (operator !== "=" || label in labels) doubtful.add(label);
    else labels[label] = value;
  }
  return Object.fromEntries(Object.entries(labels).filter(([label, value]) => !doubtful.has(label) && value !== ""));
}
