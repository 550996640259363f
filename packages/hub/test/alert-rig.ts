import {
  type AlertEngine,
  composeNotice,
  composeSummary,
  createAlertEngine,
  createPlan,
  type EngineChanges,
  type FiringView,
  type InstanceState,
  type NoticeDraft,
  type Observation,
  type Plan,
  type PlanSetup,
  type RuleObserver,
} from "@wsight/hub";
import type { AlertEpisode, AlertRule, AlertSeverity, Labels, NoticeKind } from "@wsight/protocol";

/** When all stories begin. */
export const T0 = Date.UTC(2026, 10, 21, 12);
/** One evaluation of {@link ruleWith}. */
export const EVERY_SEC = 10;

/** A rule that is looked at each 10 s, must last for 20 s, goes on for 30 s, and says that what has no data for 30 s is stale. */
export function ruleWith(parts: Partial<AlertRule> = {}): AlertRule {
  return {
    id: "lag",
    name: "Event loop lag",
    kind: "threshold",
    metric: "websocket.server.active_connections",
    agg: "last",
    filter: {},
    windowSec: 10,
    groupBy: ["node"],
    op: "gt",
    warn: 10,
    crit: 20,
    recovery: 8,
    severity: "critical",
    wilson: false,
    burnRate: null,
    expression: null,
    forSec: 20,
    keepFiringSec: 30,
    everySec: EVERY_SEC,
    minSamples: 1,
    noData: { mode: "keep", afterSec: 30 },
    flap: null,
    labels: {},
    summary: "",
    description: "",
    runbookUrl: "",
    repeatSec: 0,
    maxRepeats: null,
    enabled: true,
    builtin: false,
    version: 1,
    createdBy: "",
    updatedAt: 0,
    ...parts,
  };
}

/** What a letter of a story reads: in range, between the limits, beyond warn, beyond crit. */
export const VALUES: Readonly<Record<string, number>> = { ".": 5, "~": 9, w: 15, c: 25 };

/** What a value of {@link VALUES} means to {@link ruleWith}. */
export function observationOf(labels: Labels, value: number, samples = 100): Observation {
  const level: AlertSeverity | null = value > 20 ? "critical" : value > 10 ? "warning" : null;
  return { labels, value, samples, level, good: value <= 8, limit: value > 20 ? 20 : 10 };
}

/** Reads what a story says: one letter for each evaluation, `-` is nothing, `x` an end as it should be, `!` a failure. */
export class ToldObserver implements RuleObserver {
  /** Stories by rule, then by node. */
  readonly stories = new Map<string, Map<string, string>>();
  readonly #everyMs: number;

  constructor(everySec: number = EVERY_SEC) {
    this.#everyMs = everySec * 1000;
  }

  tell(story: string, node = "a/1", ruleId = "lag"): void {
    const ofRule = this.stories.get(ruleId) ?? new Map<string, string>();
    this.stories.set(ruleId, ofRule.set(node, story));
  }

  #letter(story: string, at: number): string {
    return story[Math.floor((at - T0) / this.#everyMs)] ?? "-";
  }

  observe(rule: AlertRule, at: number, firing: FiringView): readonly Observation[] {
    const observations: Observation[] = [];
    for (const [node, story] of this.stories.get(rule.id) ?? []) {
      const letter = this.#letter(story, at);
      if (letter === "!") throw new Error("no such figure");
      const value = VALUES[letter];
      if (value !== undefined) observations.push(observationOf(node === "" ? {} : { node }, value));
    }
    if (rule.expression !== null && "rule" in rule.expression) {
      const isBreach = firing.fires(rule.expression.rule, {});
      const level = isBreach ? rule.severity : null;
      observations.push({ labels: {}, value: isBreach ? 1 : 0, samples: 1, level, good: !isBreach, limit: null });
    }
    return observations;
  }

  ended(rule: AlertRule, labels: Labels, at: number): boolean {
    return this.#letter(this.stories.get(rule.id)?.get(labels.node ?? "") ?? "", at) === "x";
  }

  culprits(_rule: AlertRule, { node = "" }: Labels, _at: number): ReturnType<RuleObserver["culprits"]> {
    return [{ label: "node", name: node, value: 1 }];
  }
}

/** One channel that is told everything. */
export const ONE_CHANNEL: PlanSetup = {
  silences: [],
  channels: [{ id: "mail", enabled: true }],
  route: null,
  inhibitions: null,
};

/** What a database would hold, and an engine that goes on from it. */
export class EngineRig {
  readonly observer: ToldObserver;
  rules: readonly AlertRule[];
  plan: Plan;
  engine: AlertEngine;
  /** As they were committed, through JSON. */
  readonly instances = new Map<string, InstanceState>();
  readonly episodes = new Map<string, AlertEpisode>();
  readonly notices: NoticeDraft[] = [];
  readonly happenings: EngineChanges["happenings"][number][] = [];
  readonly commits: string[] = [];
  #episodesBegun = 0;
  /** The next second that is evaluated. */
  at: number = T0;

  constructor(
    rules: readonly AlertRule[],
    setup: PlanSetup = ONE_CHANNEL,
    observer: ToldObserver = new ToldObserver(),
  ) {
    this.observer = observer;
    this.rules = rules;
    this.plan = createPlan(setup);
    this.engine = this.#make();
    this.engine.setRules(rules, this.at);
  }

  #make(): AlertEngine {
    return createAlertEngine({
      observer: this.observer,
      plan: this.plan,
      words: {
        notice: (facts) => composeNotice(facts, { publicUrl: null }),
        summary: (facts) => composeSummary(facts, { publicUrl: null }),
      },
      newEpisodeId: () => `E${++this.#episodesBegun}`,
    });
  }

  /** Looks at so many seconds, one in `everySec`. */
  run(times: number, everySec = 1): this {
    for (let i = 0; i < times; i++, this.at += everySec * 1000) {
      for (const _ of this.engine.evaluate(this.at));
      this.commit();
    }
    return this;
  }

  /** So many evaluations of {@link ruleWith}. */
  turns(evaluations: number): this {
    return this.run(evaluations, EVERY_SEC);
  }

  /** Keeps what happened. */
  commit(): void {
    const changes = this.engine.take();
    if (changes === null) return;
    const kept = JSON.stringify(changes.commit);
    this.commits.push(kept);
    const { instances, forgotten, episodes, notices } = JSON.parse(kept) as typeof changes.commit;
    for (const state of instances) this.instances.set(state.fingerprint, state);
    for (const fingerprint of forgotten) this.instances.delete(fingerprint);
    for (const episode of episodes) this.episodes.set(episode.id, episode);
    this.notices.push(...notices);
    this.happenings.push(...changes.happenings);
  }

  setPlan(setup: PlanSetup): void {
    this.plan = createPlan(setup);
    this.engine.setPlan(this.plan);
  }

  setRules(...rules: readonly AlertRule[]): void {
    this.rules = rules;
    this.engine.setRules(rules, this.at);
    this.commit();
  }

  /** Another engine goes on from what was committed, after so many seconds in which nobody looked. */
  restart(secondsAway: number): this {
    this.at += secondsAway * 1000;
    this.engine = this.#make();
    this.engine.setRules(this.rules, this.at);
    const open = [...this.episodes.values()].filter(({ endedAt }) => endedAt === null);
    this.engine.restore([...this.instances.values()], open, this.at);
    this.commit();
    return this;
  }

  /** What was told, oldest first: kind and second after the beginning. */
  told(ruleId?: string): readonly string[] {
    return this.notices
      .filter(({ notice }) => ruleId === undefined || notice.ruleId === ruleId)
      .map(({ notice }) => `${notice.kind}@${(notice.at - T0) / 1000}`);
  }

  /** The kinds alone. */
  kinds(): readonly NoticeKind[] {
    return this.notices.map(({ notice }) => notice.kind);
  }

  /** Why episodes ended, in their order. */
  endings(): readonly (string | null)[] {
    return [...this.episodes.values()].map(({ endReason }) => endReason);
  }

  /** Of what is not in range. */
  statuses(): readonly string[] {
    return this.engine.rows(100).map(({ status }) => status);
  }

  /** The only episode that goes on. */
  get open(): AlertEpisode {
    const [episode, ...others] = this.engine.openEpisodes();
    if (episode === undefined || others.length > 0) throw new Error(`expected one open episode, got ${others.length}`);
    return episode;
  }
}
