import type { AlertLimit, AlertRule, HealthState } from "@wsight/protocol";
import { figureUnit } from "../alerts/figure-unit.ts";
import type { FiringView, Observation, RuleObserver } from "../alerts/observation.ts";
import type { RatioCounts } from "../alerts/observe/ratio.ts";
import { AdaptiveRatio, type RatioFinding } from "./adaptive-ratio.ts";
import type { SeenCheck } from "./table-checks.ts";
import { figure, instanceOf, span } from "./words.ts";

/** A check whose limits are those of a rule. */
interface FigureCheck {
  readonly id: string;
  readonly name: string;
  readonly ruleId: string;
  /** Said while there is no sample, and nothing is wrong with that. */
  readonly idle: string;
}

/** Figures that are judged by the limits of built-in rules, whoever changed those. */
const FIGURE_CHECKS: readonly FigureCheck[] = [
  { id: "ws-latency", name: "Message latency", ruleId: "websocket-latency-mean", idle: "No message was timed lately" },
  { id: "event-loop", name: "Event loop", ruleId: "event-loop-lag", idle: "No process tells its event-loop lag" },
  { id: "pool", name: "Connection pool", ruleId: "websocket-pool", idle: "No WebSocket server tells its capacity" },
  { id: "queue", name: "Queue length", ruleId: "queue-length", idle: "" },
  { id: "workers", name: "Job workers", ruleId: "no-active-workers", idle: "" },
  { id: "host", name: "Host memory", ruleId: "host-memory", idle: "" },
];

/** Ratios, judged over the window that suits how many events there are. */
export const RATIO_CHECKS: readonly (FigureCheck & { readonly what: string })[] = [
  {
    id: "ws-errors",
    name: "Message errors",
    ruleId: "websocket-errors",
    idle: "No message came lately",
    what: "messages failed",
  },
  {
    id: "connect-success",
    name: "Connection success",
    ruleId: "websocket-connect",
    idle: "Nobody connected lately",
    what: "connections were refused",
  },
];

const STATES = { warning: "degraded", critical: "unhealthy" } as const;
const NOBODY_FIRES: FiringView = { fires: () => false };

/** What figure checks look at. */
export interface FigureSource {
  readonly observer: RuleObserver;
  /** The rule as it stands; `undefined` when it is gone. */
  readonly rule: (id: string) => AlertRule | undefined;
}

/** Judges figures by the limits of their rules. A figure that has no source is left out unless its check says why. */
export function figureChecks({ observer, rule: find }: FigureSource, at: number): readonly SeenCheck[] {
  return FIGURE_CHECKS.flatMap((check): readonly SeenCheck[] => {
    const rule = find(check.ruleId);
    if (rule === undefined || !rule.enabled) return [];
    const seen = observer.observe(rule, at, NOBODY_FIRES);
    const worst = seen.toSorted((a, b) => rank(b) - rank(a) || further(rule, a, b))[0];
    if (worst === undefined) return check.idle === "" ? [] : [unknown(check, rule, check.idle)];
    return [judged(check, rule, worst, observer, at)];
  });
}

function rank({ level }: Observation): number {
  return level === "critical" ? 2 : Number(level !== null);
}

/** Which of two is nearer to trouble. */
function further({ op }: AlertRule, a: Observation, b: Observation): number {
  return op === "lt" || op === "lte" ? a.value - b.value : b.value - a.value;
}

function judged(
  { id, name }: FigureCheck,
  rule: AlertRule,
  worst: Observation,
  observer: RuleObserver,
  at: number,
): SeenCheck {
  const state: HealthState = worst.level === null ? "healthy" : STATES[worst.level];
  const limit = lowest(worst.limit);
  const node = worst.labels.node ?? nodeOf(rule, worst, observer, at);
  const unit = figureUnit(rule);
  const where = node === null ? "" : ` on ${instanceOf(node)}`;
  const queue = worst.labels.queue === undefined ? "" : ` of ${worst.labels.queue}`;
  const limits = limit === null ? "" : `, limit ${figure(limit, unit)}`;
  const value = rule.kind === "composite" ? "" : ` ${figure(worst.value, unit)}`;
  const reason =
    rule.kind === "composite"
      ? state === "healthy"
        ? `${name}: in range`
        : `${rule.name}${queue}`
      : `${name}${queue}${where}${value}${limits}`;
  return { id, name, state, value: worst.value, unit, limit, reason, node, ruleId: rule.id, idle: false };
}

function nodeOf(rule: AlertRule, worst: Observation, observer: RuleObserver, at: number): string | null {
  if (worst.level === null) return null;
  return observer.culprits(rule, worst.labels, at).find(({ label }) => label === "node")?.name ?? null;
}

function unknown({ id, name }: FigureCheck, rule: AlertRule, reason: string): SeenCheck {
  const limit = lowest(rule.warn ?? rule.crit);
  const unit = figureUnit(rule);
  return { id, name, state: "unknown", value: null, unit, limit, reason, node: null, ruleId: rule.id, idle: true };
}

function lowest(limit: AlertLimit | null): number | null {
  return typeof limit === "number" || limit === null ? limit : limit[0];
}

/** One ratio over its life; call it each second. */
export class RatioCheck {
  readonly #check: (typeof RATIO_CHECKS)[number];
  readonly #ratio = new AdaptiveRatio();

  constructor(check: (typeof RATIO_CHECKS)[number]) {
    this.#check = check;
  }

  /** @param counts `null` where nothing that could count reports */
  look(rule: AlertRule | undefined, counts: RatioCounts | null, at: number): SeenCheck | null {
    this.#ratio.add(at, counts?.bad ?? 0, counts?.total ?? 0);
    if (rule === undefined || !rule.enabled) return null;
    const [warn, crit] = [badLimit(rule, rule.warn), badLimit(rule, rule.crit)];
    const critical = crit === null ? null : this.#ratio.exceeds(crit);
    const found = critical ?? (warn === null ? null : this.#ratio.exceeds(warn));
    if (found !== null) return this.#bad(rule, found, critical === null ? warn : crit, critical === null);
    const usual = this.#ratio.over(USUAL_SEC);
    if (usual.ratio === null) return unknown(this.#check, rule, this.#check.idle);
    const { id, name } = this.#check;
    const reason = `${figure(usual.ratio, "1")} of ${usual.total} ${this.#check.what} in ${span(USUAL_SEC * 1000)}`;
    const more = { value: usual.ratio, unit: "1", limit: warn, node: null, ruleId: rule.id, idle: false };
    return { id, name, state: "healthy", reason, ...more };
  }

  #bad(rule: AlertRule, { ratio, windowSec, total }: RatioFinding, limit: number | null, mild: boolean): SeenCheck {
    const { id, name, what } = this.#check;
    const limits = limit === null ? "" : `, limit ${figure(limit, "1")}`;
    const reason = `${figure(ratio ?? 0, "1")} of ${total} ${what} in ${span(windowSec * 1000)}${limits}`;
    const state = mild ? "degraded" : "unhealthy";
    return { id, name, state, reason, value: ratio, unit: "1", limit, node: null, ruleId: rule.id, idle: false };
  }
}

/** The window that a ratio in range is told of, seconds. */
const USUAL_SEC = 300;

/** A limit as the share that is bad: of a success ratio, what is missing to one. */
function badLimit({ op }: AlertRule, limit: AlertLimit | null): number | null {
  if (typeof limit !== "number") return null;
  return op === "lt" || op === "lte" ? Number((1 - limit).toPrecision(12)) : limit;
}
