import type { Health, HistoryEvent } from "@wsight/protocol";
import { composeHealth, type JudgedCheck, stateOf } from "./compose.ts";
import { type FigureSource, figureChecks, RATIO_CHECKS, RatioCheck } from "./figure-checks.ts";
import { isWorse, Latch } from "./latch.ts";
import type { RatioAt } from "./ratio-counts.ts";
import { eventOf, type HealthTurn } from "./strip.ts";
import { type SeenCheck, type Tables, tableChecks } from "./table-checks.ts";

/** A check that got worse stays so this long: a ratio, and anything else. */
const HOLD_RATIO_MS = 120_000;
const HOLD_MS = 30_000;
/** The first turn waits this long after the start, so that it is not about what has not reported yet. */
const SETTLE_MS = 5000;
/** Turns that are remembered without history. */
const MAX_TURNS = 2000;
/** A state that lasts is told again after this, so that a look at a day need not read weeks, ms. */
const TELL_AGAIN_MS = 12 * 3_600_000;
/** Longest gap between two looks that is made up for second by second, ms. */
const MAX_BEHIND_MS = 60_000;

/** What health is made from. */
export interface HealthParts extends FigureSource {
  /** What of a ratio came in a second. */
  readonly ratioAt: RatioAt;
  readonly tables: () => Tables;
  /** Takes what is to be kept. */
  readonly note: (events: readonly HistoryEvent[]) => void;
}

/** Keeps looking at how well the server does. */
export interface HealthKeeper {
  /** Looks at the second that starts at `at` and those missed before it; `now` is the present, both ms epoch. */
  observe(at: number, now: number): void;
  /** As it was seen last. */
  health(): Health;
  /** Turns since this hub started, oldest first, the newest 2,000. */
  turns(): readonly HealthTurn[];
}

/** Makes one that knows nothing yet. */
export function createHealthKeeper(parts: HealthParts): HealthKeeper {
  const ratios = RATIO_CHECKS.map((check) => ({ ruleId: check.ruleId, check: new RatioCheck(check) }));
  const held = new Map<string, Latch<SeenCheck>>();
  const ratioIds = new Set(RATIO_CHECKS.map(({ id }) => id));
  const turns: HealthTurn[] = [];
  let startedAt: number | null = null;
  let lookedAt: number | null = null;
  let health: Health = composeHealth([], null, 0);

  /** Ratios count every second once, also those that nobody looked at. */
  function ratioChecks(at: number): readonly SeenCheck[] {
    const behind = lookedAt === null ? 1 : (at - lookedAt) / 1000;
    const from = behind >= 1 && behind * 1000 <= MAX_BEHIND_MS ? at - (behind - 1) * 1000 : at;
    let seen: readonly (SeenCheck | null)[] = [];
    for (let second = from; second <= at; second += 1000)
      seen = ratios.map(({ ruleId, check }) => {
        const rule = parts.rule(ruleId);
        return check.look(rule, rule === undefined ? null : parts.ratioAt(rule, second), second);
      });
    lookedAt = at;
    return seen.filter((check) => check !== null);
  }

  function hold(check: SeenCheck, now: number): JudgedCheck {
    let latch = held.get(check.id);
    if (latch === undefined) {
      latch = new Latch(ratioIds.has(check.id) ? HOLD_RATIO_MS : HOLD_MS);
      held.set(check.id, latch);
    }
    return latch.take(check, now);
  }

  function tell(now: number): void {
    const last = turns.at(-1);
    if (last?.state === health.state && now - last.at < TELL_AGAIN_MS) return;
    if (now - (startedAt ?? now) < SETTLE_MS) return;
    const reason = isWorse(health.state, "healthy") ? (health.reasons[0] ?? "") : "";
    const turn: HealthTurn = { at: now, state: health.state, reason };
    turns.push(turn);
    if (turns.length > MAX_TURNS) turns.shift();
    parts.note([eventOf(turn)]);
  }

  return {
    observe(at, now) {
      if (lookedAt === at) return;
      startedAt ??= now;
      const seen = [...ratioChecks(at), ...figureChecks(parts, at), ...tableChecks(parts.tables(), now)];
      const judged = seen.map((check) => hold(check, now));
      const state = stateOf(judged);
      const since = state === health.state && health.since !== null ? health.since : now;
      health = composeHealth(judged, since, at);
      tell(now);
    },
    health: () => health,
    turns: () => turns,
  };
}
