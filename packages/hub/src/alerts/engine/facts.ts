import type { AlertEpisode, AlertRow, AlertRule, AlertSuppression } from "@wsight/protocol";
import { figureUnit } from "../figure-unit.ts";
import { isSnoozed } from "../machine/due-notice.ts";
import type { InstanceState } from "../machine/instance-state.ts";
import { isWorse, mildestLevel } from "../machine/levels.ts";
import type { NoticeFacts } from "../words/vocabulary.ts";

/** What is told of an instance: how it stands, and its episode when there is one. */
export function factsOf(
  kind: NoticeFacts["kind"],
  rule: AlertRule,
  state: InstanceState,
  episode: AlertEpisode | null,
  at: number,
  seq: number,
): NoticeFacts {
  return {
    kind,
    rule,
    state,
    at,
    seq,
    episodeId: episode?.id ?? null,
    severity: state.level ?? mildestLevel(rule),
    limit: state.limit,
    activeAt: state.activeAt,
    firedAt: state.firedAt,
    endedAt: episode?.endedAt ?? null,
    endReason: episode?.endReason ?? null,
    unit: figureUnit(rule),
    error: "",
  };
}

/** The episode of a state that has just begun one. */
export function episodeOf(rule: AlertRule, state: InstanceState, id: string, at: number): AlertEpisode {
  return {
    id,
    fingerprint: state.fingerprint,
    ruleId: rule.id,
    ruleVersion: rule.version,
    name: rule.name,
    labels: state.labels,
    severity: state.level ?? mildestLevel(rule),
    metric: rule.metric,
    unit: figureUnit(rule),
    limit: state.limit,
    activeAt: state.activeAt ?? at,
    startedAt: state.firedAt ?? at,
    endedAt: null,
    endReason: null,
    peak: state.peak,
    peakAt: state.peakAt,
    ack: state.ack,
    notes: [],
    culprits: state.culprits,
  };
}

/** The episode with what its state has come to. */
export function episodeNow(
  episode: AlertEpisode,
  { level, limit, peak, peakAt, ack, culprits }: InstanceState,
): AlertEpisode {
  const isHigher = isWorse(level, episode.severity);
  return {
    ...episode,
    severity: isHigher && level !== null ? level : episode.severity,
    limit: isHigher || episode.limit === null ? limit : episode.limit,
    peak,
    peakAt,
    ack,
    culprits: culprits.length === 0 ? episode.culprits : culprits,
  };
}

/** An instance that is not in range, as people see it. */
export function rowOf(
  rule: AlertRule,
  state: InstanceState,
  suppressedBy: readonly AlertSuppression[],
  summary: string,
): AlertRow {
  return {
    fingerprint: state.fingerprint,
    ruleId: rule.id,
    name: rule.name,
    labels: state.labels,
    // Of one that has just ended, what it was last.
    status: state.status === "ok" ? "recovering" : state.status,
    severity: state.level ?? mildestLevel(rule),
    summary,
    metric: rule.metric,
    unit: figureUnit(rule),
    value: state.value,
    limit: state.limit,
    peak: state.peak,
    peakAt: state.peakAt,
    activeAt: state.activeAt ?? state.evaluatedAt,
    firedAt: state.firedAt,
    evaluatedAt: state.evaluatedAt,
    episodeId: state.episodeId,
    stale: state.stale,
    flapping: state.flappingAt !== null,
    ack: state.ack,
    snoozeUntil: state.snoozeUntil,
    suppressedBy: [...suppressedBy, ...ownSuppressions(state)],
    culprits: state.culprits,
    runbookUrl: rule.runbookUrl,
  };
}

function ownSuppressions(state: InstanceState): readonly AlertSuppression[] {
  const own: AlertSuppression[] = [];
  if (state.ack !== null) own.push({ by: "acknowledged" });
  if (isSnoozed(state, state.evaluatedAt)) own.push({ by: "snooze" });
  if (state.flappingAt !== null) own.push({ by: "flapping" });
  return own;
}
