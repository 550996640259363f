import {
  type AlertRule,
  type AlertSeverity,
  asFields,
  describe,
  type Fields,
  type Labels,
  WsightError,
} from "@wsight/protocol";
import { parseDuration } from "../../promql/literals.ts";
import { parseQuery } from "../../promql/parse.ts";
import { PromqlError } from "../../promql/promql-error.ts";
import { attributesOf } from "../parse/figure.ts";
import { idFrom } from "../parse/reads.ts";
import { parseRule } from "../parse/rule.ts";
import { importText } from "./annotations.ts";
import { conditionOf, type ImportedCondition } from "./condition-of.ts";
import { Refusal } from "./refusal.ts";
import type { YamlDocument } from "./yaml-document.ts";

const CODE = "BAD_REQUEST";
/** Longest file, in characters. */
const MAX_TEXT = 262_144;
/** Longest expression: what says more than this can't be told here anyway. */
const MAX_EXPR = 4096;
/** Longest name of a rule. */
const MAX_NAME = 120;
/** Most rules of one file. */
const MAX_RULES = 500;
const RULE_NAMES = ["alert", "expr", "for", "keep_firing_for", "labels", "annotations"];
const GROUP_NAMES = ["name", "interval", "rules", "labels"];
/** Severities that are critical; all others warn. */
const CRITICAL = /^(?:critical|crit|page|error|emergency|fatal|high|sev1|p1)$/i;

/** Something of a file, and what became of it. */
export interface ImportRemark {
  /** `groups[0].rules[2], line 14`. */
  readonly where: string;
  /** Name of the rule; empty where there is none. */
  readonly name: string;
  readonly reason: string;
}

/** What came of a file. Nothing is saved by it. */
export interface ImportAnswer {
  readonly rules: readonly AlertRule[];
  /** Rules that can't be told here. */
  readonly refused: readonly ImportRemark[];
  /** What was left out of rules that can. */
  readonly notes: readonly ImportRemark[];
}

/** Who imports, when, and beside which rules; ids that are taken get a number. */
export interface ImportContext {
  readonly by: string;
  /** ms epoch. */
  readonly now: number;
  readonly rules: readonly AlertRule[];
}

/**
 * Reads the alerting rules of a Prometheus rule file (or of a `PrometheusRule` of its operator) that watch metrics of
 * wsight. See docs/alerts.md for what can be read.
 * @throws WsightError (rejects) `BAD_REQUEST` for text that is no rule file, `TOO_LARGE`
 */
export async function importPrometheusRules(text: string, context: ImportContext): Promise<ImportAnswer> {
  const document = await readDocument(text);
  const file = asFields(CODE, "rule file", document.value);
  const isResource = file.kind === "PrometheusRule";
  const path = isResource ? ["spec", "groups"] : ["groups"];
  const groups = isResource ? asFields(CODE, "spec", file.spec).groups : file.groups;
  if (!Array.isArray(groups)) throw new WsightError(CODE, `groups: expected an array, got ${describe(groups)}`);
  const importer = new Importer(document, context);
  for (const [i, group] of groups.entries()) importer.readGroup([...path, i], group);
  return importer.answer();
}

async function readDocument(text: string): Promise<YamlDocument> {
  if (text.length > MAX_TEXT)
    throw new WsightError("TOO_LARGE", `rule file: expected at most ${MAX_TEXT} characters, got ${text.length}`);
  // Few hubs ever import anything; the parser is read by those that do.
  const { parseYaml } = await import("./yaml-document.ts");
  try {
    return parseYaml(text);
  } catch (error) {
    throw new WsightError(CODE, `rule file: expected YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
}

type Path = readonly (string | number)[];

class Importer {
  readonly #document: YamlDocument;
  readonly #context: ImportContext;
  readonly #rules: AlertRule[] = [];
  readonly #refused: ImportRemark[] = [];
  readonly #notes: ImportRemark[] = [];
  readonly #ids: Set<string>;
  #count = 0;

  constructor(document: YamlDocument, context: ImportContext) {
    this.#document = document;
    this.#context = context;
    this.#ids = new Set(context.rules.map(({ id }) => id));
  }

  answer(): ImportAnswer {
    return { rules: this.#rules, refused: this.#refused, notes: this.#notes };
  }

  readGroup(path: Path, value: unknown): void {
    const group = fieldsOf(value);
    if (group === null || !Array.isArray(group.rules)) {
      this.#refused.push(this.#remark(path, "", "expected a group with rules"));
      return;
    }
    this.#noteOthers(path, "", group, GROUP_NAMES);
    for (const [i, rule] of group.rules.entries()) {
      if (++this.#count > MAX_RULES) throw new WsightError(CODE, `rule file: expected at most ${MAX_RULES} rules`);
      this.#readRule([...path, "rules", i], rule, group);
    }
  }

  #readRule(path: Path, value: unknown, group: Fields): void {
    const rule = fieldsOf(value) ?? {};
    const name = typeof rule.alert === "string" ? rule.alert : typeof rule.record === "string" ? rule.record : "";
    const notes: string[] = [];
    try {
      if (rule.record !== undefined) throw new Refusal("recording rules are not supported");
      if (name === "") throw new Refusal("expected a name: alert");
      const made = this.#made(name, rule, group, notes);
      this.#rules.push(made);
      this.#ids.add(made.id);
    } catch (error) {
      this.#refused.push(this.#remark(path, name, reasonOf(error)));
      return;
    }
    for (const note of notes) this.#notes.push(this.#remark(path, name, note));
    this.#noteOthers(path, name, rule, RULE_NAMES);
  }

  #made(name: string, rule: Fields, group: Fields, notes: string[]): AlertRule {
    if (typeof rule.expr !== "string" && typeof rule.expr !== "number")
      throw new Refusal("expected an expression: expr");
    const expr = String(rule.expr);
    if (expr.length > MAX_EXPR) throw new Refusal(`expr: expected at most ${MAX_EXPR} characters, got ${expr.length}`);
    const condition = conditionOf(parseQuery(expr));
    const { severity, labels } = labelsOf({ ...fieldsOf(group.labels), ...fieldsOf(rule.labels) }, condition, notes);
    const everySec =
      group.interval === undefined ? undefined : Math.min(3600, Math.max(1, secondsOf("interval", group.interval)));
    const draft = {
      id: this.#freeId(name),
      name: name.slice(0, MAX_NAME),
      ...shapeOf(condition, severity),
      severity,
      forSec: rule.for === undefined ? 0 : secondsOf("for", rule.for),
      keepFiringSec: rule.keep_firing_for === undefined ? 0 : secondsOf("keep_firing_for", rule.keep_firing_for),
      ...(everySec === undefined ? {} : { everySec }),
      labels,
      ...textsOf(fieldsOf(rule.annotations) ?? {}, condition, notes),
    };
    const { by, now, rules } = this.#context;
    return parseRule(draft, { id: null, base: null, rules: [...rules, ...this.#rules], by, now });
  }

  #freeId(name: string): string {
    const id = idFrom(name.replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2")) || "imported";
    for (let i = 1; ; i++) {
      const tried = i === 1 ? id : `${id.slice(0, 60)}-${i}`;
      if (!this.#ids.has(tried)) return tried;
    }
  }

  #noteOthers(path: Path, name: string, fields: Fields, known: readonly string[]): void {
    for (const field of Object.keys(fields)) {
      if (!known.includes(field)) this.#notes.push(this.#remark(path, name, `${field.slice(0, 60)} is left out`));
    }
  }

  #remark(path: Path, name: string, reason: string): ImportRemark {
    const line = this.#document.lineOf(path);
    const place = path.reduce<string>(
      (text, part) => (typeof part === "number" ? `${text}[${part}]` : text === "" ? part : `${text}.${part}`),
      "",
    );
    return { where: line === null ? place : `${place}, line ${line}`, name: name.slice(0, MAX_NAME), reason };
  }
}

function shapeOf(condition: ImportedCondition, severity: AlertSeverity): object {
  const { kind, figure, op, limit, expression, afterSec } = condition;
  const shape = { kind, ...figure, op };
  if (kind === "composite") return { ...shape, expression };
  if (kind === "no_data") return { ...shape, noData: { mode: "firing", afterSec } };
  return { ...shape, [severity === "critical" ? "crit" : "warn"]: limit };
}

/** Labels that do not change with the alert; those of the series are told anyway. */
function labelsOf(
  fields: Fields,
  { figure }: ImportedCondition,
  notes: string[],
): { readonly severity: AlertSeverity; readonly labels: Labels } {
  const labels: [string, string][] = [];
  let severity: AlertSeverity = "warning";
  for (const [label, value] of Object.entries(fields)) {
    const text = String(value);
    if (label === "severity") severity = CRITICAL.test(text) ? "critical" : "warning";
    else if (text.includes("{{")) notes.push(`label ${label} is left out: it has a template`);
    else if (figure.groupBy.includes(label))
      notes.push(`label ${label} is left out: it is told by what the rule is grouped by`);
    else labels.push([label, text]);
  }
  return { severity, labels: Object.fromEntries(labels) };
}

function textsOf(annotations: Fields, { figure }: ImportedCondition, notes: string[]): object {
  const attributes = [...attributesOf(figure.metric), ...figure.groupBy];
  const take = (names: readonly string[]): string => {
    const name = names.find((one) => typeof annotations[one] === "string");
    if (name === undefined) return "";
    const { text, note } = importText(String(annotations[name]), attributes);
    if (note !== null) notes.push(`annotation ${name}: ${note}`);
    return text;
  };
  const summary = take(["summary", "title"]).replaceAll(/\s+/g, " ").slice(0, 500);
  const description = take(["description", "message"]);
  const runbookUrl = String(annotations.runbook_url ?? annotations.runbook ?? "");
  const isUsable = /^https:\/\/\S+$/.test(runbookUrl);
  if (runbookUrl !== "" && !isUsable) notes.push("the address of the runbook is left out: expected https://");
  return { summary, description, runbookUrl: isUsable ? runbookUrl : "" };
}

function secondsOf(name: string, value: unknown): number {
  const durationMs = value === 0 ? 0 : parseDuration(String(value));
  if (durationMs === null) throw new Refusal(`${name}: expected a duration such as 5m, got ${describe(value)}`);
  return Math.ceil(durationMs / 1000);
}

function fieldsOf(value: unknown): Fields | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

/** What a person can do something about; anything else is ours to know of. */
function reasonOf(error: unknown): string {
  if (error instanceof PromqlError) return error.message.replace('invalid parameter "query": ', "expr: ");
  if (error instanceof RangeError) return "expr: it is nested too deeply";
  if (error instanceof Refusal || error instanceof WsightError) return error.message;
  throw error;
}
