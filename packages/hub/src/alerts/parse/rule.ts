import {
  ALERT_KINDS,
  ALERT_SEVERITIES,
  type AlertExpression,
  type AlertFigure,
  type AlertFlap,
  type AlertKind,
  type AlertRule,
  asFields,
  groupLabelsOf,
  type Labels,
  MAX_ALERT_RULES,
  NO_DATA_MODES,
  type NoDataMode,
} from "@wsight/protocol";
import { MAX_TEMPLATE } from "../words/template.ts";
import { templateFault } from "../words/template-fault.ts";
import { readBurnRate } from "./burn-rate.ts";
import { conditionsOf, readExpression, rulesOf } from "./expression.ts";
import { attributesOf, FIGURE_NAMES, readFigure } from "./figure.ts";
import { Form } from "./form.ts";
import { labelName, readLabels } from "./labels.ts";
import { operator, readLimits } from "./limits.ts";
import { address, flag, id, idFrom, line, oneOf, orNull, text, wanted, whole } from "./reads.ts";

/** What a client may send back, but does not decide. */
const OURS = ["builtin", "version", "createdBy", "updatedAt"];
const NAMES = [
  ...FIGURE_NAMES,
  ...[
    "id",
    "name",
    "kind",
    "groupBy",
    "op",
    "warn",
    "crit",
    "recovery",
    "severity",
    "wilson",
    "burnRate",
    "expression",
  ],
  ...["forSec", "keepFiringSec", "everySec", "minSamples", "noData", "flap", "labels", "summary", "description"],
  ...["runbookUrl", "repeatSec", "maxRepeats", "enabled"],
  ...OURS,
];

const MAX_GROUP_BY = 4;
const MAX_LABELS = 16;
const MAX_NAME = 120;
const MAX_SUMMARY = 500;
const DAY_SEC = 86_400;
const WEEK_SEC = 7 * DAY_SEC;
const MONTH_SEC = 30 * DAY_SEC;
/** Labels that every notice has anyway. */
const RESERVED = ["rule", "severity"];

/** What a rule is saved as. */
export interface RuleContext {
  /** Of the address; `null` for a new one, which says it itself or is named after its name. */
  readonly id: string | null;
  /** The one that it replaces. */
  readonly base: AlertRule | null;
  /** All there are, for those that composite rules name. */
  readonly rules: readonly AlertRule[];
  readonly by: string;
  /** ms epoch. */
  readonly now: number;
}

/**
 * Parses a rule that came from outside; what is left out has its default.
 * @throws WsightError `BAD_REQUEST`, naming every field that is not right
 */
export function parseRule(value: unknown, context: RuleContext): AlertRule {
  const { base, by, now, rules } = context;
  const form = Form.open("rule", value, NAMES);
  const name = form.required("name", line(MAX_NAME, 1), "");
  const ruleId = readId(form, context, name);
  if (base === null && rules.length >= MAX_ALERT_RULES) form.fail("id", `expected at most ${MAX_ALERT_RULES} rules`);
  const kind = form.optional("kind", oneOf(ALERT_KINDS), "threshold");
  const judged = readJudged(form, kind, ruleId, rules);
  const groupBy = readGroupBy(form, judged);
  const rule: AlertRule = {
    id: ruleId,
    name,
    kind,
    ...judged,
    groupBy,
    severity: form.optional("severity", oneOf(ALERT_SEVERITIES), "warning"),
    ...readTimes(form, kind),
    labels: readRuleLabels(form, groupBy),
    summary: form.optional("summary", line(MAX_SUMMARY), ""),
    description: form.optional("description", text(MAX_TEMPLATE), ""),
    runbookUrl: form.optional("runbookUrl", address(["https:"]), ""),
    repeatSec: form.optional("repeatSec", repeat, 4 * 3600),
    maxRepeats: form.optional("maxRepeats", orNull(whole(0, 10_000)), null),
    enabled: form.optional("enabled", flag, true),
    builtin: base?.builtin ?? false,
    version: (base?.version ?? 0) + 1,
    createdBy: base?.createdBy ?? by,
    updatedAt: now,
  };
  checkTemplates(form, rule);
  form.finish("rule");
  return rule;
}

/**
 * Parses a change of a rule: what is left out stays as it is.
 * @throws WsightError `BAD_REQUEST`, naming every field that is not right
 */
export function parseRulePatch(value: unknown, context: RuleContext & { readonly base: AlertRule }): AlertRule {
  return parseRule({ ...context.base, ...asFields("BAD_REQUEST", "rule", value) }, context);
}

type Judged = AlertFigure & Pick<AlertRule, "op" | "warn" | "crit" | "recovery" | "wilson" | "burnRate" | "expression">;

/** What is looked at, and when it is beyond its limits. Fields of other kinds must be empty: they would promise what does not happen. */
function readJudged(form: Form, kind: AlertKind, ruleId: string, rules: readonly AlertRule[]): Judged {
  if (kind !== "burn_rate") refuseFor(form, kind, ["burnRate"]);
  if (kind !== "composite") refuseFor(form, kind, ["expression"]);
  if (kind !== "threshold") refuseFor(form, kind, ["warn", "crit", "recovery"]);
  if (kind === "composite") return readComposite(form, ruleId, rules);
  const figure = readFigure(form);
  if (kind === "threshold") return { ...figure, ...readLimits(form, figure.metric), burnRate: null, expression: null };
  const burnRate = kind === "burn_rate" ? readBurnRate(form, figure.metric) : null;
  return { ...figure, ...noLimits(form), burnRate, expression: null };
}

/** The operator says nothing without limits; it is kept for who changes the kind back. */
function noLimits(form: Form): Pick<AlertRule, "op" | "warn" | "crit" | "recovery" | "wilson"> {
  if (form.raw("wilson") === true) form.fail("wilson", "expected false: only thresholds of a ratio have it");
  return { op: form.optional("op", operator, "gt"), warn: null, crit: null, recovery: null, wilson: false };
}

/** A composite rule is shown by the figure of its first condition, unless it names one itself. */
function readComposite(form: Form, ruleId: string, rules: readonly AlertRule[]): Judged {
  const expression = readExpression(form, ruleId, rules);
  const figure = form.has("metric") ? readFigure(form) : figureOf(expression, rules);
  if (figure === null && !form.hasFault("expression"))
    form.fail("metric", "expected a metric to show: the expression has none");
  const { metric = "", agg = "value", filter = {}, windowSec = 60 } = figure ?? {};
  return { metric, agg, filter, windowSec, ...noLimits(form), burnRate: null, expression };
}

function figureOf(expression: AlertExpression, rules: readonly AlertRule[]): AlertFigure | null {
  const [named] = rulesOf(expression);
  return conditionsOf(expression)[0] ?? rules.find((rule) => rule.id === named) ?? null;
}

function refuseFor(form: Form, kind: AlertKind, names: readonly string[]): void {
  for (const name of names) {
    const given = form.raw(name);
    if (given !== undefined && given !== null) form.fail(name, wanted(`null for kind ${kind}`, given));
  }
}

function readId(form: Form, { id: wantedId, base }: RuleContext, name: string): string {
  const known = wantedId ?? base?.id ?? null;
  const own = form.optional("id", id, known ?? idFrom(name));
  if (known !== null && own !== known) form.fail("id", wanted(`${known}, as the address says`, own));
  if (own === "" && !form.hasFault("name"))
    form.fail("id", "expected an id: the name has no letters or digits to make one of");
  return own;
}

function readGroupBy(form: Form, { metric, expression }: Judged): readonly string[] {
  const metrics = expression === null ? [metric] : [metric, ...conditionsOf(expression).map((one) => one.metric)];
  const offered = new Set(metrics.flatMap((one) => groupLabelsOf(one, attributesOf(one))));
  const labels = form.list("groupBy", form.raw("groupBy") ?? [], MAX_GROUP_BY, (name, label) =>
    form.check(
      name,
      label,
      (where, given) => {
        const known = labelName(where, given);
        if (metric !== "" && !offered.has(known)) throw new Error(wanted(`one of ${[...offered].join(", ")}`, known));
        return known;
      },
      "",
    ),
  );
  return [...new Set(labels)];
}

type Times = Pick<AlertRule, "forSec" | "keepFiringSec" | "everySec" | "minSamples" | "noData" | "flap">;

function readTimes(form: Form, kind: AlertKind): Times {
  const everySec = form.optional("everySec", whole(1, 3600), 5);
  return {
    forSec: form.optional("forSec", whole(0, WEEK_SEC), 60),
    keepFiringSec: form.optional("keepFiringSec", whole(0, WEEK_SEC), 60),
    everySec,
    minSamples: form.optional("minSamples", whole(0, 1e9), 1),
    noData: readNoData(form, kind),
    flap: readFlap(form, everySec),
  };
}

function readNoData(form: Form, kind: AlertKind): AlertRule["noData"] {
  const mode: NoDataMode = kind === "no_data" ? "firing" : "keep";
  if (!form.has("noData")) return { mode, afterSec: 300 };
  const at = form.within("noData", form.raw("noData"), ["mode", "afterSec"]);
  return {
    mode: at.optional("mode", oneOf(NO_DATA_MODES), mode),
    afterSec: at.optional("afterSec", whole(1, WEEK_SEC), 300),
  };
}

function readFlap(form: Form, everySec: number): AlertFlap | null {
  const usual: AlertFlap = {
    transitions: 4,
    windowSec: Math.min(DAY_SEC, Math.max(1800, 30 * everySec)),
    holdSec: 900,
  };
  if (!form.has("flap")) return usual;
  if (form.raw("flap") === null) return null;
  const at = form.within("flap", form.raw("flap"), ["transitions", "windowSec", "holdSec"]);
  return {
    transitions: at.optional("transitions", whole(2, 20), usual.transitions),
    windowSec: at.optional("windowSec", whole(60, DAY_SEC), usual.windowSec),
    holdSec: at.optional("holdSec", whole(60, DAY_SEC), usual.holdSec),
  };
}

function readRuleLabels(form: Form, groupBy: readonly string[]): Labels {
  return readLabels(form, "labels", form.raw("labels") ?? {}, MAX_LABELS, (label) => {
    if (RESERVED.includes(label)) return `expected another name: every notice has ${label} already`;
    if (groupBy.includes(label)) return `expected another name: ${label} is told by what it is grouped by`;
    try {
      labelName("", label);
      return null;
    } catch {
      return "expected letters, digits, _ and . (no digit and no __ first), at most 128";
    }
  });
}

function checkTemplates(form: Form, rule: AlertRule): void {
  for (const name of ["summary", "description"] as const) {
    const fault = form.hasFault(name) ? null : templateFault(rule[name], rule);
    if (fault !== null) form.fail(name, fault);
  }
}

function repeat(where: string, value: unknown): number {
  const given = whole(0, MONTH_SEC)(where, value);
  if (given > 0 && given < 300) throw new Error(wanted("0 for never, or at least 300", given));
  return given;
}
