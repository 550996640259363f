import type { AlertCommit, InstanceState, NoticeDraft } from "@wsight/hub";
import type { AlertEpisode, AlertRule, AlertSilence, Notice, NoticeKind } from "@wsight/protocol";

/** When the samples of alerts begin, ms epoch. */
export const ALERT_START_AT = 1_792_000_200_000;
/** A commit without anything. */
export const EMPTY_COMMIT: AlertCommit = { instances: [], forgotten: [], episodes: [], notices: [] };

/** A rule as somebody would save it. */
export function sampleRule(changes: Partial<AlertRule> = {}): AlertRule {
  return {
    id: "slow",
    name: 'Slow "replies" \\ é 🚀',
    kind: "threshold",
    metric: "websocket.server.message.latency",
    agg: "p95",
    filter: { where: { source: "ack" }, nodes: ["chat/1"] },
    windowSec: 60,
    groupBy: ["node"],
    op: "gt",
    warn: 0.1,
    crit: 0.2,
    recovery: 0.08,
    severity: "warning",
    wilson: false,
    burnRate: null,
    expression: null,
    forSec: 60,
    keepFiringSec: 60,
    everySec: 5,
    minSamples: 1,
    noData: { mode: "keep", afterSec: 60 },
    flap: { transitions: 4, windowSec: 1800, holdSec: 900 },
    labels: { team: "chat\nroom" },
    summary: "",
    description: "",
    runbookUrl: "",
    repeatSec: 14_400,
    maxRepeats: null,
    enabled: true,
    builtin: false,
    version: 1,
    createdBy: "ada",
    updatedAt: ALERT_START_AT,
    ...changes,
  };
}

/** A silence as somebody would save it. */
export function sampleSilence(id: string): AlertSilence {
  return {
    id,
    matchers: [{ label: "node", op: "=~", value: "chat/.*" }],
    kind: "maintenance",
    startsAt: "2026-11-21T02:30",
    durationSec: 3600,
    timeZone: "Europe/Berlin",
    recurrence: { every: "week", days: [0, 6], until: null },
    comment: "every weekend",
    createdBy: "ada",
    createdAt: ALERT_START_AT,
  };
}

/** The state of instance `fingerprint`, as of so many seconds after the start. */
export function sampleState(fingerprint: string, second = 0, changes: Partial<InstanceState> = {}): InstanceState {
  const at = ALERT_START_AT + second * 1000;
  const told = { firing: true, level: "critical", seq: 1, at, repeats: 0 } as const;
  const known = {
    fingerprint,
    ruleId: "slow",
    ruleVersion: 1,
    labels: { node: "chat/1", path: "a\u0000b" },
    status: "firing",
    level: "critical",
    limit: [0.1, 0.2],
    activeAt: ALERT_START_AT,
    firedAt: ALERT_START_AT,
    recoverAt: null,
    lowerAt: null,
    value: 1 / 3,
    sampleAt: at,
    evaluatedAt: at,
    stale: false,
    peak: 1e300,
    peakAt: at,
    episodeId: `E-${fingerprint}`,
    transitions: [ALERT_START_AT, at],
    flappingAt: null,
    holds: 0,
    ack: { by: "ada", at, note: "on it" },
    snoozeUntil: null,
    told,
    culprits: [{ label: "user", name: "u-1", value: 12 }],
  } as const;
  // What a state holds beside this is kept as it is, whatever it is.
  return { ...(known as unknown as InstanceState), ...changes };
}

/** Episode `id`, `started` seconds after the start; `lasted` seconds long, or still going on. */
export function sampleEpisode(id: string, started = 0, lasted: number | null = null): AlertEpisode {
  const startedAt = ALERT_START_AT + started * 1000;
  return {
    id,
    fingerprint: `f-${id}`,
    ruleId: "slow",
    ruleVersion: 1,
    name: "Slow replies",
    labels: { node: "chat/1" },
    severity: "warning",
    metric: "websocket.server.message.latency",
    unit: "s",
    limit: 0.1,
    activeAt: startedAt - 60_000,
    startedAt,
    endedAt: lasted === null ? null : startedAt + lasted * 1000,
    endReason: lasted === null ? null : "recovered",
    peak: 0.4,
    peakAt: startedAt,
    ack: null,
    notes: [{ at: startedAt, by: "ada", text: "looking" }],
    culprits: [],
  };
}

/** What is told of an episode; of none for `null`. */
export function sampleNotice(kind: NoticeKind, episodeId: string | null = "E1", seq = 1): Notice {
  return {
    kind,
    episodeId,
    seq,
    fingerprint: episodeId === null ? null : `f-${episodeId}`,
    ruleId: "slow",
    name: "Slow replies",
    severity: "warning",
    labels: { node: "chat/1" },
    summary: "p95 of replies is 400 ms on chat/1, limit 100 ms",
    description: "",
    metric: "websocket.server.message.latency",
    unit: "s",
    value: 0.4,
    limit: 0.1,
    peak: 0.4,
    firedAt: ALERT_START_AT,
    endedAt: kind === "resolved" ? ALERT_START_AT + 60_000 : null,
    endReason: kind === "resolved" ? "recovered" : null,
    culprits: [],
    runbookUrl: "",
    url: "",
    at: ALERT_START_AT,
  };
}

/** A notice on its way, to channel `chat` in a group that is told at once. */
export function sampleDraft(
  kind: NoticeKind,
  episodeId: string | null = "E1",
  seq = 1,
  changes: Partial<NoticeDraft> = {},
): NoticeDraft {
  const channelId = changes.channelId ?? "chat";
  return {
    dedupeKey: `${episodeId}.${kind}.${seq}.${channelId}`,
    channelId,
    groupKey: "slow warning",
    groupWaitSec: 0,
    groupIntervalSec: 0,
    notice: sampleNotice(kind, episodeId, seq),
    ...changes,
  };
}
