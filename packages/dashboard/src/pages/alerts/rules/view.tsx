import type { AlertRule } from "@wsight/protocol";
import type { VNode } from "preact";
import { useMemo, useState } from "preact/hooks";
import { useApp } from "../../../app-context.ts";
import { Problem } from "../../history/problem.tsx";
import { useAsked } from "../../history/use-asked.ts";
import { type HubAsk, problemOf } from "../hub-ask.ts";
import { RuleList } from "./rule-list.tsx";
import { createRulesApi } from "./rules-api.ts";
import "../../../style/rules.css";

interface RulesTabProps {
  readonly ask: HubAsk;
  /** Whether this person may change anything. */
  readonly admin: boolean;
}

/** What is watched for: every rule, and the editor of the one that the address names (`rule`; `new` for none yet). */
export function RulesTab({ ask, admin }: RulesTabProps): VNode {
  const { route, toasts } = useApp();
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
  return (
    <div class="rules">
      {asked.problem === null ? null : <Problem what="The rules" problem={asked.problem} onRetry={asked.again} />}
      {asked.value === null ? null : (
        <RuleList
          rules={asked.value}
          admin={admin}
          onOpen={open}
          onEnable={enable}
          onNew={() => open("new")}
          onImport={() => undefined}
        />
      )}
    </div>
  );
}
