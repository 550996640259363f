import type { AlertLimit, AlertRule, BackTestLine, Labels } from "@wsight/protocol";
import type { HistoryReader } from "../../store/reader.ts";
import { figureUnit } from "../figure-unit.ts";
import type { Observation, RuleObserver } from "../observation.ts";
import { PastSource } from "./past/past-source.ts";
import { Watches } from "./watches.ts";

/** Burn rates have windows of minutes to days: seconds would tell nothing more. */
const BURN_RATE_STEP_MS = 60_000;

/** Which rule is looked at over which past. */
export interface StoredObserverParts {
  readonly reader: HistoryReader;
  readonly rule: AlertRule;
  /** ms epoch; rounded down to the resolution. */
  readonly fromAt: number;
  /** ms epoch, exclusive. */
  readonly toAt: number;
  /** Points of a line, at most: the interval of the lines is the finest that needs no more. */
  readonly linePoints: number;
  /** Gives up with its reason. */
  readonly signal: AbortSignal;
}

/** A {@link RuleObserver} of one rule over the past; times must not go back. */
export interface StoredObserver extends RuleObserver {
  /** What it is evaluated on, ms: 1000 where seconds are kept, else the step of the finest tier that reaches back. */
  readonly resolutionMs: number;
  /** Start of what is looked at, ms epoch: a multiple of the resolution. */
  readonly fromAt: number;
  /** Unit of its values. */
  readonly unit: string;
  /** How much of the time that was looked at has data, 0 to 1. */
  readonly coverage: number;
  /**
   * Has to be called, and awaited unless it is `null`, before a second is
   * looked at: reads the next part of the past. `at` is the start of a second
   * whose end is a multiple of the resolution: `fromAt + resolutionMs − 1000`, then on by whole resolutions.
   */
  load(at: number): Promise<void> | null;
  /** Start of the lines, ms epoch: shortly before the first value. Once everything was observed. */
  readonly linesFromAt: number;
  /** Interval of the lines, ms: finer where there is only a short past. Once everything was observed. */
  readonly lineStepMs: number;
  /**
   * The figure of the busiest instances, at most `most`: of each interval the value that was furthest towards the
   * limits, so that no breach is hidden. Once everything was observed.
   */
  lines(most: number): readonly BackTestLine[];
  /** How many instances had a value. */
  readonly instances: number;
  readonly limits: { readonly warn: AlertLimit | null; readonly crit: AlertLimit | null };
}

/** Prepares a look at the past of a rule. @throws WsightError `BAD_REQUEST` when the rule can't be evaluated, or would be too much */
export async function createStoredObserver(parts: StoredObserverParts): Promise<StoredObserver> {
  const { reader, rule, fromAt, toAt, signal } = parts;
  signal.throwIfAborted();
  const source = new PastSource(reader, signal);
  const watches = new Watches({ source, reachSec: Infinity, long: null });
  // Whatever the rule looks at is asked for here, before it is read.
  watches.of(rule);
  const finestMs = rule.kind === "burn_rate" ? BURN_RATE_STEP_MS : 1000;
  await source.open({ fromAt, toAt, leadSec: longestWindow(rule), finestMs });
  const { stepMs } = source;
  // Finer than it is looked at, a line would be dots.
  const looksMs = Math.ceil((rule.everySec * 1000) / stepMs) * stepMs;
  const lines = new Lines(rule, source.fromAt, looksMs, parts.linePoints);

  return {
    resolutionMs: stepMs,
    fromAt: source.fromAt,
    unit: figureUnit(rule),
    get coverage() {
      return source.coverage;
    },
    get linesFromAt() {
      return lines.fromAt;
    },
    get lineStepMs() {
      return lines.stepMs;
    },
    limits: { warn: rule.warn, crit: rule.crit },
    get instances() {
      return lines.count;
    },
    load: (at) => source.load(at),
    lines: (most) => lines.busiest(most),
    observe(_rule, at, firing) {
      const { seen } = watches.observe(rule, at, firing);
      for (const one of seen) lines.take(one, at);
      return seen;
    },
    ended(_rule, labels, at) {
      const groups = watches.of(rule).groups(labels);
      const second = Math.floor(at / 1000);
      return groups.length > 0 && groups.every((group) => group.ended(second, rule.windowSec));
    },
    culprits: () => [],
  };
}

function longestWindow(rule: AlertRule): number {
  const windows = (rule.burnRate?.windows ?? []).flatMap(({ longSec, shortSec }) => [longSec, shortSec]);
  return Math.max(rule.windowSec, ...windows, ...conditionWindows(rule.expression));
}

function conditionWindows(expression: AlertRule["expression"]): readonly number[] {
  if (expression === null || "rule" in expression) return [];
  if ("when" in expression) return [expression.when.windowSec];
  if ("not" in expression) return conditionWindows(expression.not);
  return ("all" in expression ? expression.all : expression.any).flatMap(conditionWindows);
}

interface Drawn {
  readonly labels: Labels;
  /** By interval; those that are not there have no value. */
  values: (number | null)[];
  furthest: number;
}

/**
 * Values of instances, the furthest of each interval. They begin with the first value, and intervals are made twice as
 * long whenever there would be too many: minutes of a past that has no more are not drawn as one point of a week.
 */
class Lines {
  readonly #points: number;
  readonly #downwards: boolean;
  readonly #drawn = new Map<string, Drawn>();
  #fromAt: number;
  #stepMs: number;
  #cells = 0;

  constructor({ op }: AlertRule, fromAt: number, stepMs: number, points: number) {
    this.#fromAt = fromAt;
    this.#stepMs = stepMs;
    this.#points = points;
    this.#downwards = op === "lt" || op === "lte";
  }

  get count(): number {
    return this.#drawn.size;
  }

  get fromAt(): number {
    return this.#fromAt;
  }

  get stepMs(): number {
    return this.#stepMs;
  }

  take({ labels, value }: Observation, at: number): void {
    if (this.#drawn.size === 0) this.#fromAt += Math.floor((at - this.#fromAt) / this.#stepMs) * this.#stepMs;
    const key = JSON.stringify(labels);
    let drawn = this.#drawn.get(key);
    if (drawn === undefined) {
      drawn = { labels, values: [], furthest: value };
      this.#drawn.set(key, drawn);
    }
    const cell = this.#cellOf(at);
    const { values } = drawn;
    while (values.length <= cell) values.push(null);
    values[cell] = this.#further(values[cell] ?? null, value);
    if (this.#isFurther(value, drawn.furthest)) drawn.furthest = value;
  }

  busiest(most: number): readonly BackTestLine[] {
    return [...this.#drawn.values()]
      .sort((a, b) => (this.#isFurther(a.furthest, b.furthest) ? -1 : Number(a.furthest !== b.furthest)))
      .slice(0, most)
      .map(({ labels, values }) => ({
        labels,
        values: Array.from({ length: this.#cells }, (_, cell) => values[cell] ?? null),
      }));
  }

  #cellOf(at: number): number {
    let cell = Math.floor((at - this.#fromAt) / this.#stepMs);
    while (cell >= this.#points) {
      this.#widen();
      cell = Math.floor((at - this.#fromAt) / this.#stepMs);
    }
    this.#cells = Math.max(this.#cells, cell + 1);
    return cell;
  }

  #widen(): void {
    this.#stepMs *= 2;
    this.#cells = Math.ceil(this.#cells / 2);
    for (const drawn of this.#drawn.values()) {
      const { values } = drawn;
      drawn.values = Array.from({ length: Math.ceil(values.length / 2) }, (_, cell) =>
        this.#further(values[cell * 2] ?? null, values[cell * 2 + 1] ?? null),
      );
    }
  }

  #further(a: number | null, b: number | null): number | null {
    if (a === null || b === null) return a ?? b;
    return this.#isFurther(b, a) ? b : a;
  }

  #isFurther(value: number, than: number): boolean {
    return this.#downwards ? value < than : value > than;
  }
}
