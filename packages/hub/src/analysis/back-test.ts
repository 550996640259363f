import type { AlertRule, BackTestAnswer, BackTestEpisode, BackTestQuery } from "@wsight/protocol";
import type { AlertEngine } from "../alerts/engine/alert-engine.ts";
import { createAlertEngine } from "../alerts/engine.ts";
import type { FiringView, Observation, RuleObserver } from "../alerts/observation.ts";
import { createStoredObserver, type StoredObserver } from "../alerts/observe/stored-observer.ts";
import { createPlan } from "../alerts/plan/plan.ts";
import { composeNotice } from "../alerts/words/compose-notice.ts";
import type { HistoryReader } from "../store/reader.ts";
import { EpisodeLog } from "./back-test/episode-log.ts";
import { MessageCount } from "./back-test/message-count.ts";
import { OnsetCount } from "./back-test/onset-count.ts";
import { Pace } from "./pace.ts";

/** Intervals of the lines of an answer, at most; with a longer past there are at least half as many. */
const LINE_POINTS = 1000;
/** Instances whose figure is answered. */
const MAX_LINES = 20;

/**
 * When a rule would have fired: the engine that evaluates rules live looks at
 * what is stored, one evaluation after the other. @throws WsightError
 * `BAD_REQUEST` when the rule can't be evaluated
 */
export async function backTest(
  reader: HistoryReader,
  { rule, fromAt, toAt }: BackTestQuery,
  signal: AbortSignal,
): Promise<BackTestAnswer> {
  const observer = await createStoredObserver({ reader, rule, fromAt, toAt, linePoints: LINE_POINTS, signal });
  const ruled = atResolution(rule, observer.resolutionMs);
  const onsets = new OnsetCount();
  const messages = new MessageCount();
  const episodes = new EpisodeLog();
  const engine = engineOver(observer, ruled, onsets, fromAt);
  const pace = new Pace(signal);
  const { resolutionMs } = observer;
  const first = observer.fromAt + resolutionMs - 1000;
  for (let at = first; at + 1000 <= toAt; at += ruled.everySec * 1000) {
    const loading = observer.load(at);
    if (loading !== null) await loading;
    for (const _ of engine.evaluate(at));
    const changes = engine.take();
    for (const episode of changes?.commit.episodes ?? []) episodes.add(episode);
    for (const draft of changes?.commit.notices ?? []) messages.add(draft);
    if (pace.isDue) await pace.rest();
  }
  return {
    fromAt,
    toAt,
    linesFromAt: observer.linesFromAt,
    stepMs: observer.lineStepMs,
    resolutionMs,
    coverage: observer.coverage,
    unit: observer.unit,
    episodes: episodes.newest().map(toldOf),
    firings: episodes.count,
    notices: messages.count,
    naiveNotices: onsets.count,
    firingMs: episodes.lengthMs(toAt),
    lines: observer.lines(MAX_LINES),
    instances: observer.instances,
    limits: observer.limits,
  };
}

/** It can't be looked at more often than there are figures. */
function atResolution(rule: AlertRule, resolutionMs: number): AlertRule {
  const stepSec = resolutionMs / 1000;
  return { ...rule, enabled: true, everySec: Math.ceil(rule.everySec / stepSec) * stepSec };
}

function engineOver(observer: StoredObserver, rule: AlertRule, onsets: OnsetCount, at: number): AlertEngine {
  let episodesBegun = 0;
  const engine = createAlertEngine({
    observer: counted(observer, onsets),
    plan: createPlan({ silences: [], channels: [{ id: "one", enabled: true }], route: null, inhibitions: [] }),
    words: { notice: (facts) => composeNotice(facts, { publicUrl: null }), summary: () => "" },
    newEpisodeId: () => String(++episodesBegun),
  });
  engine.setRules([rule], at);
  return engine;
}

/** What the engine sees is what a bare comparison would have seen. */
function counted(observer: StoredObserver, onsets: OnsetCount): RuleObserver {
  return {
    observe(rule: AlertRule, at: number, firing: FiringView): readonly Observation[] {
      const observations = observer.observe(rule, at, firing);
      onsets.add(observations);
      return observations;
    },
    ended: (rule, labels, at) => observer.ended(rule, labels, at),
    culprits: () => [],
  };
}

function toldOf(episode: Parameters<EpisodeLog["add"]>[0]): BackTestEpisode {
  const { labels, activeAt, startedAt, endedAt, endReason, severity, peak } = episode;
  return { labels, activeAt, startedAt, endedAt, endReason, severity, peak };
}
