import type { AlertRule } from "@wsight/protocol";
import type { VNode } from "preact";
import { useMemo, useState } from "preact/hooks";
import { useApp } from "../../../app-context.ts";
import { parseFigure } from "../../../history/figure-text.ts";
import { Problem } from "../../history/problem.tsx";
import { useAsked } from "../../history/use-asked.ts";
import { type HubAsk, problemOf } from "../hub-ask.ts";
import { ImportDialog } from "./import-dialog.tsx";
import { newDraft, type RuleDraft } from "./rule-draft.ts";
import { RuleEditor } from "./rule-editor.tsx";
import { RuleList } from "./rule-list.tsx";
import { figureWords } from "./rule-words.ts";
import { createRulesApi } from "./rules-api.ts";
import "../../../style/rules.css";

/** Characters of a name that is proposed. */
const MOST_NAME = 100;

interface RulesTabProps {
  readonly ask: HubAsk;
  /** Whether this person may change anything. */
  readonly admin: boolean;
}

/** What is watched for: every rule, and the editor of the one that the address names (`rule`; `new` for none yet). */
export function RulesTab({ ask, admin }: RulesTabProps): VNode {
  const { route, toasts } = useApp();
  const [importing, setImporting] = useState(false);
  const api = useMemo(() => createRulesApi(ask), [ask]);
  const [turn, setTurn] = useState(0);
  const asked = useAsked(`rules ${turn}`, (signal) => api.list(signal));
  const open = (rule: string | null) => {
    const { rule: _before, figure: _figure, ...rest } = route.params.peek();
    route.navigate({ params: rule === null ? rest : { ...rest, rule } });
  };
  const enable = (rule: AlertRule, enabled: boolean) => {
    api.enable(rule, enabled).then(
      () => {
        toasts.show(`${rule.name} is ${enabled ? "on" : "off"}`);
        setTurn(turn + 1);
      },
      (error: unknown) => {
        toasts.show(problemOf(error), "crit");
        setTurn(turn + 1);
      },
    );
  };
  const { rule: chosen = "", figure = "" } = route.params.value;
  const rules = asked.value;
  const edited = rules?.find(({ id }) => id === chosen) ?? null;
  const refresh = () => setTurn((before) => before + 1);
  return (
    <div class="rules">
      {asked.problem === null ? null : <Problem what="The rules" problem={asked.problem} onRetry={asked.again} />}
      {rules === null ? null : edited !== null || chosen === "new" ? (
        <RuleEditor
          key={chosen}
          api={api}
          rule={edited}
          begin={beginWith(figure)}
          rules={rules}
          admin={admin}
          onClose={() => open(null)}
          onSaved={refresh}
        />
      ) : (
        <RuleList
          rules={rules}
          admin={admin}
          onOpen={open}
          onEnable={enable}
          onNew={() => open("new")}
          onImport={() => setImporting(true)}
        />
      )}
      {importing ? <ImportDialog api={api} onClose={() => setImporting(false)} onSaved={refresh} /> : null}
    </div>
  );
}

/** A new rule about what a chart shows, as the address names it. */
function beginWith(text: string): RuleDraft {
  const figure = text === "" ? null : parseFigure(text);
  if (figure === null) return newDraft();
  const { metric, agg, where = {}, nodes = [], by = [] } = figure;
  const draft = newDraft({ metric, agg: agg === "octave" ? "p95" : agg, where, nodes });
  const name = figureWords({ ...draft.figure, filter: { where, nodes } }).slice(0, MOST_NAME);
  return { ...draft, name, groupBy: by };
}
