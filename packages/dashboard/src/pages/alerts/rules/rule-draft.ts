import type { AlertKind, AlertOp, AlertRule, AlertSeverity, NoDataMode } from "@wsight/protocol";
import { type ExpressionDraft, expressionDraft, readExpressionDraft } from "./expression-draft.ts";
import {
  DraftReader,
  type FigureDraft,
  figureDraft,
  isRange,
  type LimitDraft,
  limitDraft,
  NO_LIMIT,
  usualAggregate,
} from "./figure-draft.ts";
import { offerOf, unitOfFigure } from "./figure-offer.ts";
import { writeQuantity } from "./quantities.ts";
import type { RuleBody } from "./rules-api.ts";

/** A pair of windows as it is typed. */
export interface BurnWindowDraft {
  readonly long: string;
  readonly short: string;
  readonly factor: string;
  readonly severity: AlertSeverity;
}

/** A rule as it is typed: what is half typed is nobody's business yet. */
export interface RuleDraft {
  readonly name: string;
  readonly kind: AlertKind;
  readonly figure: FigureDraft;
  readonly groupBy: readonly string[];
  readonly op: AlertOp;
  readonly warn: LimitDraft;
  readonly crit: LimitDraft;
  readonly recovery: string;
  readonly severity: AlertSeverity;
  readonly wilson: boolean;
  readonly objective: string;
  readonly burnWindows: readonly BurnWindowDraft[];
  readonly expression: ExpressionDraft;
  readonly lasts: string;
  readonly keepFiring: string;
  readonly every: string;
  readonly minSamples: string;
  readonly noData: NoDataMode;
  readonly noDataAfter: string;
  readonly flaps: boolean;
  readonly flapTransitions: string;
  readonly flapWindow: string;
  readonly flapHold: string;
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly summary: string;
  readonly description: string;
  readonly runbookUrl: string;
  readonly repeat: string;
  readonly maxRepeats: string;
  readonly enabled: boolean;
}

/** A draft as a rule, or what of it can't be read. */
export interface ReadDraft {
  /** `null` while something can't be read. */
  readonly body: RuleBody | null;
  /** By the names that the hub has for fields. */
  readonly mistakes: Readonly<Record<string, string>>;
}

/** Windows of the SRE workbook, for a budget of thirty days. */
export const USUAL_WINDOWS: readonly BurnWindowDraft[] = [
  { long: "1 h", short: "5 min", factor: "14.4", severity: "critical" },
  { long: "6 h", short: "30 min", factor: "6", severity: "critical" },
  { long: "3 d", short: "6 h", factor: "1", severity: "warning" },
];

/** A rule that is not there yet. */
export function newDraft(figure: Partial<FigureDraft> = {}): RuleDraft {
  const metric = figure.metric ?? "websocket.server.message.latency";
  return {
    name: "",
    kind: "threshold",
    figure: { metric, agg: usualAggregate(metric), where: {}, nodes: [], window: "1 min", ...figure },
    groupBy: [],
    op: "gt",
    warn: NO_LIMIT,
    crit: NO_LIMIT,
    recovery: "",
    severity: "warning",
    wilson: false,
    objective: "99 %",
    burnWindows: USUAL_WINDOWS,
    expression: { type: "all", parts: [] },
    lasts: "1 min",
    keepFiring: "1 min",
    every: "5 s",
    minSamples: "1",
    noData: "keep",
    noDataAfter: "5 min",
    flaps: true,
    flapTransitions: "4",
    flapWindow: "30 min",
    flapHold: "15 min",
    labels: [],
    summary: "",
    description: "",
    runbookUrl: "",
    repeat: "4 h",
    maxRepeats: "",
    enabled: true,
  };
}

/** A rule that there is, to be changed. */
export function draftOf(rule: AlertRule): RuleDraft {
  const unit = unitOfFigure(rule);
  const usual = newDraft();
  return {
    ...usual,
    name: rule.name,
    kind: rule.kind,
    figure: figureDraft(rule),
    groupBy: rule.groupBy,
    op: rule.op,
    warn: limitDraft(rule.warn, unit),
    crit: limitDraft(rule.crit, unit),
    recovery: rule.recovery === null ? "" : writeQuantity(rule.recovery, unit),
    severity: rule.severity,
    wilson: rule.wilson,
    ...(rule.burnRate === null ? {} : burnDraft(rule.burnRate)),
    ...(rule.expression === null ? {} : { expression: expressionDraft(rule.expression) }),
    lasts: time(rule.forSec),
    keepFiring: time(rule.keepFiringSec),
    every: time(rule.everySec),
    minSamples: String(rule.minSamples),
    noData: rule.noData.mode,
    noDataAfter: time(rule.noData.afterSec),
    ...flapDraft(rule, usual),
    labels: Object.entries(rule.labels),
    summary: rule.summary,
    description: rule.description,
    runbookUrl: rule.runbookUrl,
    repeat: rule.repeatSec === 0 ? "" : time(rule.repeatSec),
    maxRepeats: rule.maxRepeats === null ? "" : String(rule.maxRepeats),
    enabled: rule.enabled,
  };
}

function time(seconds: number): string {
  return writeQuantity(seconds, "s");
}

function burnDraft({
  objective,
  windows,
}: NonNullable<AlertRule["burnRate"]>): Pick<RuleDraft, "objective" | "burnWindows"> {
  return {
    objective: writeQuantity(objective, "1"),
    burnWindows: windows.map(({ longSec, shortSec, factor, severity }) => ({
      long: time(longSec),
      short: time(shortSec),
      factor: String(factor),
      severity,
    })),
  };
}

function flapDraft(
  { flap }: AlertRule,
  usual: RuleDraft,
): Pick<RuleDraft, "flaps" | "flapTransitions" | "flapWindow" | "flapHold"> {
  if (flap === null) return { ...usual, flaps: false };
  return {
    flaps: true,
    flapTransitions: String(flap.transitions),
    flapWindow: time(flap.windowSec),
    flapHold: time(flap.holdSec),
  };
}

/** Reads a draft. @param name stands in for a name that is not there yet */
export function readDraft(draft: RuleDraft, name: string = draft.name): ReadDraft {
  const reader = new DraftReader();
  const body: RuleBody = {
    name: name.trim(),
    kind: draft.kind,
    ...readJudged(reader, draft),
    groupBy: draft.groupBy,
    severity: draft.severity,
    forSec: reader.seconds("forSec", draft.lasts),
    keepFiringSec: reader.seconds("keepFiringSec", draft.keepFiring),
    everySec: reader.seconds("everySec", draft.every),
    minSamples: reader.number("minSamples", draft.minSamples),
    noData: { mode: draft.noData, afterSec: reader.seconds("noData.afterSec", draft.noDataAfter) },
    flap: draft.flaps
      ? {
          transitions: reader.number("flap.transitions", draft.flapTransitions),
          windowSec: reader.seconds("flap.windowSec", draft.flapWindow),
          holdSec: reader.seconds("flap.holdSec", draft.flapHold),
        }
      : null,
    labels: Object.fromEntries(draft.labels.filter(([label]) => label.trim() !== "")),
    summary: draft.summary,
    description: draft.description,
    runbookUrl: draft.runbookUrl.trim(),
    repeatSec: draft.repeat.trim() === "" ? 0 : reader.seconds("repeatSec", draft.repeat),
    maxRepeats: draft.maxRepeats.trim() === "" ? null : reader.number("maxRepeats", draft.maxRepeats),
    enabled: draft.enabled,
  };
  const { mistakes } = reader;
  if (name.trim() === "") mistakes.name = "expected a name: it stands in notices";
  return { body: Object.keys(mistakes).length === 0 ? body : null, mistakes };
}

type Judged = Pick<
  AlertRule,
  "metric" | "agg" | "filter" | "windowSec" | "op" | "warn" | "crit" | "recovery" | "wilson" | "burnRate" | "expression"
>;

function readJudged(reader: DraftReader, draft: RuleDraft): Judged {
  const { kind, op, figure } = draft;
  const none = { op, warn: null, crit: null, recovery: null, wilson: false, burnRate: null, expression: null };
  if (kind === "composite") {
    const expression = readExpressionDraft(reader, draft.expression, "expression");
    // It is shown by the figure of its first condition.
    const shown = firstFigure(draft.expression) ?? figure;
    return { ...reader.figure("", shown), ...none, expression };
  }
  const read = reader.figure("", figure);
  const unit = unitOfFigure(figure);
  if (kind === "no_data") return { ...read, ...none };
  if (kind === "burn_rate") {
    const windows = draft.burnWindows.map(({ long, short, factor, severity }, index) => ({
      longSec: reader.seconds(`burnRate.windows[${index}].longSec`, long),
      shortSec: reader.seconds(`burnRate.windows[${index}].shortSec`, short),
      factor: reader.number(`burnRate.windows[${index}].factor`, factor),
      severity,
    }));
    return {
      ...read,
      ...none,
      burnRate: { objective: reader.quantity("burnRate.objective", draft.objective, "1") ?? 0, windows },
    };
  }
  const warn = reader.limit("warn", draft.warn, op, unit);
  const crit = reader.limit("crit", draft.crit, op, unit);
  const recovery =
    isRange(op) || draft.recovery.trim() === "" ? null : reader.quantity("recovery", draft.recovery, unit);
  if (warn === null && crit === null && reader.mistakes.warn === undefined && reader.mistakes.crit === undefined)
    reader.mistakes.warn = "expected a limit here, or a critical one";
  return { ...read, ...none, warn, crit, recovery, wilson: draft.wilson && offerOf(figure.metric)?.ratio === true };
}

function firstFigure(expression: ExpressionDraft): FigureDraft | null {
  if (expression.type === "when") return expression.figure;
  if (expression.type === "not") return firstFigure(expression.part);
  if (expression.type === "rule") return null;
  for (const part of expression.parts) {
    const found = firstFigure(part);
    if (found !== null) return found;
  }
  return null;
}
