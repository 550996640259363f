import { type AlertRule, asFields, asList, asText, type BackTestAnswer } from "@wsight/protocol";
import type { HubAsk } from "../hub-ask.ts";

/** Something in a file of rules that could not be taken over. */
interface ImportRefusal {
  /** Group and place in the file. */
  readonly where: string;
  readonly name: string;
  readonly reason: string;
}

/** What came of a file of rules. */
export interface ImportAnswer {
  readonly rules: readonly AlertRule[];
  readonly refused: readonly ImportRefusal[];
  readonly saved: boolean;
}

/** A rule as it is sent; the hub fills in what it decides itself. */
export type RuleBody = Omit<AlertRule, "id" | "version" | "builtin" | "createdBy" | "updatedAt"> & {
  readonly id?: string;
};

/** Questions about rules, and what administrators may change. All throw as `HubAsk` does. */
export interface RulesApi {
  list(signal: AbortSignal): Promise<readonly AlertRule[]>;
  versions(id: string, signal: AbortSignal): Promise<readonly AlertRule[]>;
  /** When a rule would have fired in the days up to now. */
  preview(rule: RuleBody, hours: number, signal: AbortSignal): Promise<BackTestAnswer>;
  /** @param known what is replaced; `null` for a new one */
  save(known: Pick<AlertRule, "id" | "version"> | null, rule: RuleBody): Promise<AlertRule>;
  enable(known: Pick<AlertRule, "id" | "version">, enabled: boolean): Promise<AlertRule>;
  remove(known: Pick<AlertRule, "id" | "version">): Promise<void>;
  /** @param save false only looks at it */
  import(text: string, save: boolean): Promise<ImportAnswer>;
}

const BAD = "BAD_FRAME";
const MOST = 1000;

/** Puts questions about rules into words for `ask`. */
export function createRulesApi(ask: HubAsk): RulesApi {
  // Answers are looked at down to their outer shape only: the hub made them.
  const one = (id: string): string => `rules/${encodeURIComponent(id)}`;
  const asRule = (value: unknown): AlertRule => {
    asText(BAD, "id", asFields(BAD, "rule", value).id);
    return value as AlertRule;
  };
  const list = async (path: string, name: string, signal: AbortSignal): Promise<readonly AlertRule[]> =>
    asList(BAD, name, asFields(BAD, path, await ask("GET", path, { signal }))[name], MOST) as readonly AlertRule[];
  return {
    list: (signal) => list("rules", "rules", signal),
    versions: (id, signal) => list(`${one(id)}/versions`, "versions", signal),
    async preview(rule, hours, signal) {
      const fields = asFields(BAD, "preview", await ask("POST", "rules/preview", { body: { rule, hours }, signal }));
      asList(BAD, "lines", fields.lines, MOST);
      asList(BAD, "episodes", fields.episodes, MOST);
      return fields as unknown as BackTestAnswer;
    },
    async save(known, rule) {
      return asRule(
        known === null
          ? await ask("POST", "rules", { body: rule })
          : await ask("PUT", one(known.id), { body: rule, version: known.version }),
      );
    },
    enable: async ({ id, version }, enabled) => asRule(await ask("PATCH", one(id), { body: { enabled }, version })),
    async remove({ id, version }) {
      await ask("DELETE", one(id), { version });
    },
    async import(text, save) {
      const fields = asFields(BAD, "import", await ask("POST", "rules/import", { body: { text, save } }));
      asList(BAD, "rules", fields.rules, MOST);
      asList(BAD, "refused", fields.refused, 10_000);
      return fields as unknown as ImportAnswer;
    },
  };
}
