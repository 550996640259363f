import type { Notice } from "@wsight/protocol";
import { momentUrl } from "./links.ts";
import { parseTemplate, renderTemplate, type TemplateScope } from "./template.ts";
import { usualDescription, usualSummary } from "./usual.ts";
import { type NoticeFacts, vocabularyOf } from "./vocabulary.ts";

/** Longest summary, in characters: the subject of a mail. */
const MAX_SUMMARY = 300;

/** What every notice of a hub shares. */
export interface WordsOptions {
  /** Address that people reach the hub by, without `/dashboard`; `null` for unknown. */
  readonly publicUrl: string | null;
}

/**
 * Puts what happened into words. Never throws: where a template of the rule can't be used, the usual text stands in,
 * and the description says so.
 */
export function composeNotice(facts: NoticeFacts, { publicUrl }: WordsOptions): Notice {
  const { rule, state } = facts;
  const url = momentUrl(facts, publicUrl);
  const faults: string[] = [];
  const summary = summaryWith(facts, url, faults);
  const description = textOf(rule.description, vocabularyOf(facts, summary, url), "description", faults);
  return {
    kind: facts.kind,
    episodeId: facts.episodeId,
    seq: facts.seq,
    fingerprint: state.fingerprint,
    ruleId: rule.id,
    name: rule.name,
    severity: facts.severity,
    labels: { ...rule.labels, ...state.labels },
    summary,
    description: readable([description ?? usualDescription(facts), ...faults].join("\n")),
    metric: rule.metric,
    unit: facts.unit,
    value: state.value,
    limit: facts.limit,
    peak: state.peak,
    firedAt: facts.firedAt,
    endedAt: facts.endedAt,
    endReason: facts.endReason,
    culprits: state.culprits,
    runbookUrl: rule.runbookUrl,
    url,
    at: facts.at,
  };
}

/** The summary alone, for lists. Never throws. */
export function composeSummary(facts: NoticeFacts, { publicUrl }: WordsOptions): string {
  return summaryWith(facts, momentUrl(facts, publicUrl), []);
}

function summaryWith(facts: NoticeFacts, url: string, faults: string[]): string {
  const usual = usualSummary(facts);
  // What a rule says of itself firing would be wrong of its own failure.
  const template = facts.kind === "error" ? "" : facts.rule.summary;
  const text = textOf(template, vocabularyOf(facts, usual, url), "summary", faults) ?? usual;
  return oneLine(text);
}

/** `null` for the usual text. */
function textOf(template: string, scope: TemplateScope, what: string, faults: string[]): string | null {
  if (template.trim() === "") return null;
  try {
    return renderTemplate(parseTemplate(template), scope);
  } catch (error) {
    faults.push(
      `(The ${what} of this rule could not be used: ${error instanceof Error ? error.message : String(error)})`,
    );
    return null;
  }
}

function oneLine(text: string): string {
  const line = readable(text.replaceAll(/\s+/g, " ")).trim();
  if (line.length <= MAX_SUMMARY) return line;
  return `${line.slice(0, MAX_SUMMARY - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** Names of events and users come from anybody: nothing in them may steer a terminal, or turn a line around. */
function readable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const plain = text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "");
  // Halves of surrogate pairs become U+FFFD.
  return Buffer.from(plain, "utf8").toString("utf8");
}
