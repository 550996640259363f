import type { AlertRule, AlertSeverity, Labels, Notice } from "@wsight/protocol";
import { serviceOf } from "../../prometheus/names.ts";

/** What silences, routes and inhibitions look at. */
export interface AlertSubject {
  readonly fingerprint: string;
  /** Everything that can be matched; see {@link matchedLabels}. */
  readonly labels: Labels;
}

/**
 * The labels that matchers see: those of the rule and the instance, `rule` (its id), `severity`, and `service`
 * where the node tells it. What the instance says wins over what the rule adds.
 */
export function matchedLabels(rule: Pick<AlertRule, "id" | "labels">, labels: Labels, severity: AlertSeverity): Labels {
  return withPlace({ ...rule.labels, ...labels, rule: rule.id, severity });
}

/** The same labels of a notice that is told already. */
export function labelsOfNotice({ labels, ruleId, severity }: Notice): Labels {
  return withPlace({ ...labels, ...(ruleId === null ? {} : { rule: ruleId }), severity });
}

function withPlace(labels: Readonly<Record<string, string>>): Labels {
  const { node, service } = labels;
  if (node === undefined || service !== undefined) return labels;
  return { ...labels, service: serviceOf(node) };
}
