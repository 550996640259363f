import type { AlertLimit, AlertRule, AlertSeverity, EpisodeEnd, NoticeKind } from "@wsight/protocol";
import { serviceOf } from "../../prometheus/names.ts";
import type { InstanceState } from "../machine/instance-state.ts";
import { formatDuration, formatLimit, formatTime, formatValue } from "./quantity.ts";
import type { TemplateScope } from "./template.ts";

/** What is told: of which rule and instance, what happened, and when. */
export interface NoticeFacts {
  readonly kind: NoticeKind;
  readonly rule: AlertRule;
  /** As it is after what happened. */
  readonly state: InstanceState;
  /** Sample time of what happened, ms epoch. */
  readonly at: number;
  /** Number of the notice within its episode; 0 for those of no episode. */
  readonly seq: number;
  /** Of the episode; may differ from that of the state once it is in range again. */
  readonly episodeId: string | null;
  readonly severity: AlertSeverity;
  /** The limit that it was beyond. */
  readonly limit: AlertLimit | null;
  /** When the episode was first beyond its limit and when it fired, ms epoch. */
  readonly activeAt: number | null;
  readonly firedAt: number | null;
  /** For `resolved`. */
  readonly endedAt: number | null;
  readonly endReason: EpisodeEnd | null;
  /** Unit of the values, as the catalogue has it. */
  readonly unit: string;
  /** What went wrong, for `error`; empty else. */
  readonly error: string;
}

/** Everything a template can say of a notice. */
export function vocabularyOf(facts: NoticeFacts, summary: string, url: string): TemplateScope {
  const { rule, state, unit } = facts;
  const labels = { ...rule.labels, ...state.labels };
  const node = labels.node ?? "";
  return {
    name: rule.name,
    rule: rule.id,
    kind: facts.kind,
    severity: facts.severity,
    metric: rule.metric,
    unit,
    value: formatValue(state.value, unit),
    rawValue: rawOf(state.value),
    limit: facts.limit === null ? "" : formatLimit(facts.limit, unit),
    peak: state.peak === null ? "" : formatValue(state.peak, unit),
    node,
    service: labels.service ?? (node === "" ? "" : serviceOf(node)),
    labels: Object.entries(labels).map(([label, value]) => ({ label, value })),
    ...Object.fromEntries(Object.entries(labels).map(([label, value]) => [`labels.${label}`, value])),
    culprits: state.culprits.map(({ label, name, value }) => ({
      label,
      name,
      value: label === "user" ? String(value) : formatValue(value, unit),
    })),
    summary,
    error: facts.error,
    activeAt: formatTime(facts.activeAt),
    firedAt: formatTime(facts.firedAt),
    endedAt: formatTime(facts.endedAt),
    at: formatTime(facts.at),
    duration: lastedOf(facts),
    endReason: facts.endReason?.replaceAll("_", " ") ?? "",
    firing: facts.kind !== "resolved",
    resolved: facts.kind === "resolved",
    critical: facts.severity === "critical",
    warning: facts.severity === "warning",
    episode: facts.episodeId ?? "",
    runbookUrl: rule.runbookUrl,
    url,
  };
}

/** How long it has lasted, in words; empty before it fired. */
export function lastedOf({ firedAt, endedAt, at }: NoticeFacts): string {
  return firedAt === null ? "" : formatDuration((endedAt ?? at) - firedAt);
}

function rawOf(value: number | null): string {
  return value === null ? "" : String(value);
}
