import type { AlertRule, EpisodeEnd, Labels } from "@wsight/protocol";
import { keepFiringMs, withoutOldFlapping, withTransition } from "./flapping.ts";
import type { InstanceState, ToldState } from "./instance-state.ts";
import { isFarther, isWorse, mildestLevel } from "./levels.ts";
import { afterPause, afterSilence, missingMs } from "./pauses.ts";
import type { Reading } from "./reading.ts";

/** What a step came to, beside the state. */
export type Move =
  | { readonly type: "fired" | "escalated" | "deescalated" | "lost" }
  /** `last` is the state at the episode's end, before it was cleared. */
  | { readonly type: "ended"; readonly reason: EpisodeEnd; readonly last: InstanceState };

/** A state and how it came to it. */
export interface Step {
  readonly state: InstanceState;
  /** In the order in which they happened; mostly none. */
  readonly moves: readonly Move[];
}

/** What a step depends on beside the state and what was read. */
export interface StepContext {
  readonly rule: AlertRule;
  /** Sample time, ms epoch; never before that of the step before. */
  readonly at: number;
  readonly newEpisodeId: (at: number, fingerprint: string) => string;
}

type Sample = Omit<Extract<Reading, { type: "sample" }>, "type">;
/** A sample, or a lack of data that is taken for a breach. */
type Judged = Omit<Sample, "value">;

const NO_MOVES: readonly Move[] = [];
const NOTHING_TOLD: ToldState = { firing: false, level: null, seq: 0, at: null, repeats: 0 };
/** A pending instance without data is dropped after this: nobody was told of it, and what it was may never come again. */
const MAX_STALE_PENDING_MS = 3_600_000;

/** An instance in range that was never beyond its limit. */
export function freshInstance(rule: AlertRule, fingerprint: string, labels: Labels, at: number): InstanceState {
  return {
    fingerprint,
    ruleId: rule.id,
    ruleVersion: rule.version,
    labels,
    status: "ok",
    level: null,
    limit: null,
    activeAt: null,
    firedAt: null,
    recoverAt: null,
    lowerAt: null,
    value: null,
    sampleAt: null,
    evaluatedAt: at,
    resumedAt: null,
    stale: false,
    peak: null,
    peakAt: null,
    episodeId: null,
    transitions: [],
    flappingAt: null,
    holds: 0,
    ack: null,
    snoozeUntil: null,
    told: NOTHING_TOLD,
    culprits: [],
  };
}

/**
 * The state machine of an instance.
 *
 * *ok*: in range. A breach makes it *pending*; when that has lasted for `forSec`
 * (at once for 0) and the window holds `minSamples`, *firing*: an episode
 * begins. Pending goes back to ok without a word. A firing one goes on while it
 * is between its limit and its recovery limit; on the good side of that it is
 * *recovering*, and after `keepFiringSec` (longer while it flaps) ok again: the
 * episode ends. A breach of the recovery limit before makes it firing again.
 * Its level rises at once and falls when the lower one has held for
 * `keepFiringSec`.
 *
 * Without a sample nothing is resolved: after `noData.afterSec` the mode of the
 * rule decides (in range, stale, *no_data* with an episode of its own where it
 * was not firing, a breach). *error*: the rule fails; what it was is seen by its
 * times, and it goes on from there.
 */
export function step(before: InstanceState, reading: Reading, context: StepContext): Step {
  const { rule, at } = context;
  const awake = withoutOldFlapping(afterPause(before, rule, at), rule, at);
  switch (reading.type) {
    case "sample":
      return onSample(awake, reading, context);
    case "missing":
      return onMissing(resumed({ ...awake, evaluatedAt: at }), context);
    case "ended":
      return closed(resumed({ ...awake, evaluatedAt: at }), "series_ended");
    case "failed":
      return stay({ ...awake, evaluatedAt: at, status: "error", stale: true });
  }
}

/** Ends what there is, whatever it is: the episode with its reason, a pending breach without a word. */
export function closed(state: InstanceState, reason: EpisodeEnd): Step {
  const moves: readonly Move[] = state.episodeId === null ? [] : [{ type: "ended", reason, last: state }];
  // That it flaps is known of the alert, not of one episode.
  const told = state.told.flapping === true ? { ...NOTHING_TOLD, flapping: true } : NOTHING_TOLD;
  return {
    moves,
    state: {
      ...state,
      status: "ok",
      level: null,
      activeAt: null,
      firedAt: null,
      recoverAt: null,
      lowerAt: null,
      stale: false,
      peak: null,
      peakAt: null,
      episodeId: null,
      ack: null,
      snoozeUntil: null,
      told,
      culprits: [],
    },
  };
}

function stay(state: InstanceState): Step {
  return { state, moves: NO_MOVES };
}

function after(first: Step, next: (state: InstanceState) => Step): Step {
  const { state, moves } = next(first.state);
  return { state, moves: [...first.moves, ...moves] };
}

/** An instance of a rule that failed is again what its times say it was. */
function resumed(state: InstanceState): InstanceState {
  if (state.status !== "error") return state;
  if (state.episodeId === null) return { ...state, status: state.activeAt === null ? "ok" : "pending" };
  if (state.recoverAt !== null) return { ...state, status: "recovering" };
  return { ...state, status: state.firedAt === null ? "no_data" : "firing" };
}

function onSample(state: InstanceState, sample: Sample, context: StepContext): Step {
  const { rule, at } = context;
  const awake = afterSilence(resumed(state), rule, at);
  // A level that is held goes with the limit that made it, not with the milder one that is breached meanwhile.
  const isHeld = sample.level === null || isWorse(awake.level, sample.level);
  const limit = isHeld ? (awake.limit ?? sample.limit) : sample.limit;
  // The only copy where nothing happens: there may be thousands each second.
  const seen = { ...awake, evaluatedAt: at, value: sample.value, limit, sampleAt: at, stale: false };
  return judged(seen, sample, context);
}

function judged(state: InstanceState, now: Judged, context: StepContext): Step {
  switch (state.status) {
    case "pending":
      return fromPending(state, now, context);
    case "firing":
      return fromFiring(state, now, context);
    case "recovering":
      return fromRecovering(state, now, context);
    case "no_data":
      return fromNoData(state, now, context);
    default:
      return fromOk(state, now, context);
  }
}

function fromOk(state: InstanceState, now: Judged, context: StepContext): Step {
  if (now.level === null) return stay(state.dismissed === true ? { ...state, dismissed: false } : state);
  if (state.dismissed === true) return stay(state);
  return fromPending({ ...state, status: "pending", activeAt: context.at }, now, context);
}

function fromPending(state: InstanceState, now: Judged, context: StepContext): Step {
  const { rule, at } = context;
  if (now.level === null) return closed(state, "recovered");
  const breaching = withPeak({ ...state, level: now.level }, context);
  const hasLasted = at - (state.activeAt ?? at) >= rule.forSec * 1000;
  return hasLasted && now.samples >= rule.minSamples ? fire(breaching, context) : stay(breaching);
}

function fire(state: InstanceState, { rule, at, newEpisodeId }: StepContext): Step {
  const firing: InstanceState = {
    ...state,
    status: "firing",
    firedAt: at,
    episodeId: newEpisodeId(at, state.fingerprint),
  };
  return { state: withTransition(firing, "bad", rule, at), moves: [{ type: "fired" }] };
}

function fromFiring(state: InstanceState, now: Judged, context: StepContext): Step {
  if (now.level === null && now.good) return recover(state, context);
  // What is not beyond its limit is never the worst, not even of a firing that began without data.
  const worst = now.level === null ? state : withPeak(state, context);
  return atLevel(worst, now, context);
}

/** Up at once, down when it has held. */
function atLevel(state: InstanceState, now: Judged, { rule, at }: StepContext): Step {
  const level = now.level ?? mildestLevel(rule);
  if (isWorse(level, state.level)) {
    return { state: { ...state, level, lowerAt: null }, moves: [{ type: "escalated" }] };
  }
  if (level === state.level) return stay(state.lowerAt === null ? state : { ...state, lowerAt: null });
  const lowerAt = state.lowerAt ?? at;
  if (at - lowerAt < keepFiringMs(state, rule)) return stay({ ...state, lowerAt });
  return { state: { ...state, level, limit: now.limit, lowerAt: null }, moves: [{ type: "deescalated" }] };
}

function recover(state: InstanceState, context: StepContext): Step {
  const { rule, at } = context;
  return endWhenKept(withTransition(inRecovery(state, at), "good", rule, at), context);
}

function inRecovery(state: InstanceState, at: number): InstanceState {
  return { ...state, status: "recovering", recoverAt: state.recoverAt ?? at, lowerAt: state.lowerAt ?? at };
}

function endWhenKept(state: InstanceState, { rule, at }: StepContext): Step {
  const isOver = at - (state.recoverAt ?? at) >= keepFiringMs(state, rule);
  return isOver ? closed(state, "recovered") : stay(state);
}

function fromRecovering(state: InstanceState, now: Judged, context: StepContext): Step {
  if (lacksOnlyData(state)) {
    return now.level === null ? endWhenKept(state, context) : dataThatBreach(state, now, context);
  }
  if (now.level === null && now.good) return endWhenKept(state, context);
  const { rule, at } = context;
  const firing = withTransition({ ...state, status: "firing", recoverAt: null }, "bad", rule, at);
  return fromFiring(firing, now, context);
}

function fromNoData(state: InstanceState, now: Judged, context: StepContext): Step {
  if (lacksOnlyData(state)) return now.level === null ? recover(state, context) : dataThatBreach(state, now, context);
  const { noData: _, ...told } = state.told;
  return fromFiring({ ...state, status: "firing", told }, now, context);
}

/** True for an episode that began with a lack of data: it never was beyond its limit. */
function lacksOnlyData({ firedAt }: InstanceState): boolean {
  return firedAt === null;
}

/** Data are back, and that ends their lack; what they say is another matter. */
function dataThatBreach(state: InstanceState, now: Judged, context: StepContext): Step {
  return after(closed(state, "recovered"), (ok) => fromOk(ok, now, context));
}

function onMissing(state: InstanceState, context: StepContext): Step {
  const { rule, at } = context;
  const forMs = missingMs(state, rule, at);
  if (forMs < rule.noData.afterSec * 1000 || state.dismissed === true) return stay(state);
  const mode = rule.kind === "no_data" ? "firing" : rule.noData.mode;
  switch (mode) {
    case "ok":
      return withoutDataInRange(state, context);
    case "keep":
      return state.status === "pending" && forMs >= MAX_STALE_PENDING_MS
        ? closed(state, "no_data_ok")
        : stay({ ...state, stale: true });
    case "no_data":
      return state.status === "no_data" ? stay(state) : lose(state, context);
    case "firing":
      return judged({ ...state, value: null, stale: false }, asBreach(state, rule), context);
  }
}

/** One that flaps is held: that it has no data every now and then is how it flaps. */
function withoutDataInRange(state: InstanceState, context: StepContext): Step {
  if (state.episodeId === null) return closed(state, "no_data_ok");
  const { rule, at } = context;
  const good = state.status === "recovering" ? state : withTransition(state, "good", rule, at);
  if (good.flappingAt === null) return closed(good, "no_data_ok");
  return endWhenKept({ ...inRecovery(good, at), value: null }, context);
}

function asBreach(state: InstanceState, rule: AlertRule): Judged {
  const level = state.level ?? mildestLevel(rule);
  return { samples: Number.POSITIVE_INFINITY, level, good: false, limit: state.limit };
}

function lose(state: InstanceState, { rule, at, newEpisodeId }: StepContext): Step {
  const lost: InstanceState = {
    ...state,
    status: "no_data",
    value: null,
    stale: false,
    recoverAt: null,
    lowerAt: null,
  };
  if (state.episodeId !== null) return { state: lost, moves: [{ type: "lost" }] };
  const own: InstanceState = {
    ...lost,
    level: mildestLevel(rule),
    activeAt: at,
    peak: null,
    peakAt: null,
    episodeId: newEpisodeId(at, state.fingerprint),
  };
  return { state: withTransition(own, "bad", rule, at), moves: [{ type: "lost" }] };
}

function withPeak(state: InstanceState, { rule, at }: StepContext): InstanceState {
  const { value } = state;
  if (value === null || !isFarther(rule, value, state.peak)) return state;
  return { ...state, peak: value, peakAt: at };
}
