import type { AlertEngine, AlertEngineOptions } from "./engine/alert-engine.ts";
import { Book } from "./engine/book.ts";
import { Changes } from "./engine/changes.ts";
import { createCommands } from "./engine/commands.ts";
import { Evaluator } from "./engine/evaluator.ts";
import { episodeNow } from "./engine/facts.ts";
import { Keeper } from "./engine/keeper.ts";
import { countsOf, worstFirst } from "./engine/ranking.ts";
import { RuleChanges } from "./engine/rule-changes.ts";
import { Teller } from "./engine/teller.ts";

/** An engine without rules. */
export function createAlertEngine({ observer, plan, words, newEpisodeId }: AlertEngineOptions): AlertEngine {
  const book = new Book();
  const changes = new Changes();
  const teller = new Teller({ book, changes, words, plan });
  const keeper = new Keeper({ book, changes, teller, observer, newEpisodeId });
  const evaluator = new Evaluator({ book, changes, keeper, observer });
  const ruleChanges = new RuleChanges({ book, changes, keeper, teller });
  return {
    ...createCommands({ book, changes, keeper, teller }),
    setRules: (rules, at) => ruleChanges.set(rules, at),
    setPlan: (newer) => teller.setPlan(newer),
    restore: (instances, episodes, at) => ruleChanges.restore(instances, episodes, at),
    *evaluate(at) {
      yield* evaluator.evaluateAll(at);
      yield* teller.tellAll(at);
    },
    take: () => changes.take(),
    rows: (most) => worstFirst(book.active, most).map(({ slot, state }) => teller.row(slot, state)),
    counts: () => countsOf(book),
    openEpisodes: () =>
      [...book.active].flatMap(({ episode, state }) =>
        episode === null || state === null ? [] : [episodeNow(episode, state)],
      ),
  };
}
