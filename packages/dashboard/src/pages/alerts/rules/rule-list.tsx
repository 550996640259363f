import type { AlertRule } from "@wsight/protocol";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../../../app-context.ts";
import { EmptyState } from "../../../components/empty-state.tsx";
import { Icon } from "../../../components/icon.tsx";
import { plural } from "../words.ts";
import { ruleSentence } from "./rule-words.ts";

interface RuleListProps {
  readonly rules: readonly AlertRule[];
  readonly admin: boolean;
  readonly onOpen: (id: string) => void;
  /** Switches a rule on or off. */
  readonly onEnable: (rule: AlertRule, enabled: boolean) => void;
  readonly onNew: () => void;
  readonly onImport: () => void;
}

/** From so many rules on there is something to search. */
const SEARCHED_FROM = 8;

/** Every rule: what it looks for, how it stands, and whether it is on. */
export function RuleList({ rules, admin, onOpen, onEnable, onNew, onImport }: RuleListProps): VNode {
  const [query, setQuery] = useState("");
  const words = query.toLowerCase().split(/\s+/);
  const found = rules.filter((rule) => {
    const text = `${rule.name} ${rule.id} ${rule.metric} ${ruleSentence(rule)}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const off = rules.filter(({ enabled }) => !enabled).length;
  return (
    <>
      <div class="rules-head">
        {rules.length < SEARCHED_FROM ? null : (
          <input
            class="field"
            type="search"
            aria-label="Search rules"
            placeholder="Search rules"
            value={query}
            onInput={(event) => setQuery(event.currentTarget.value)}
          />
        )}
        <p class="fine">
          {plural(rules.length, "rule")}
          {off === 0 ? "" : `, ${off} switched off`}
        </p>
        {admin ? (
          <span class="rules-acts">
            <button type="button" class="button" onClick={onImport}>
              <Icon name="in" />
              Import
            </button>
            <button type="button" class="button" data-kind="primary" onClick={onNew}>
              <Icon name="plus" />
              New rule
            </button>
          </span>
        ) : null}
      </div>
      {found.length === 0 ? (
        <div class="card">
          <EmptyState
            icon="search"
            title={rules.length === 0 ? "No rule yet" : "No rule is called that, or does that"}
            why={
              rules.length === 0
                ? "A rule says what is watched for, and what is made of it."
                : "Search by name, metric or words."
            }
          />
        </div>
      ) : (
        <ul class="card rule-list">
          {found.map((rule) => (
            <RuleItem key={rule.id} rule={rule} admin={admin} onOpen={onOpen} onEnable={onEnable} />
          ))}
        </ul>
      )}
    </>
  );
}

interface RuleItemProps extends Pick<RuleListProps, "admin" | "onOpen" | "onEnable"> {
  readonly rule: AlertRule;
}

function RuleItem({ rule, admin, onOpen, onEnable }: RuleItemProps): VNode {
  return (
    <li data-off={rule.enabled ? undefined : ""}>
      <div class="rule-what">
        <button type="button" class="rule-name" onClick={() => onOpen(rule.id)}>
          {rule.name}
        </button>
        <p>{ruleSentence(rule)}</p>
      </div>
      <span class="chips">
        <Standing rule={rule} />
        {rule.builtin && rule.version === 1 ? <span class="chip">built in</span> : null}
        {rule.version > 1 ? <span class="chip">version {rule.version}</span> : null}
      </span>
      <input
        class="switch"
        type="checkbox"
        role="switch"
        aria-label={`${rule.name}: on`}
        aria-checked={rule.enabled}
        checked={rule.enabled}
        disabled={!admin}
        onChange={(event) => onEnable(rule, event.currentTarget.checked)}
      />
    </li>
  );
}

/** Whether it fires right now. */
function Standing({ rule: { id, enabled } }: { readonly rule: AlertRule }): VNode | null {
  const { live } = useApp();
  if (!enabled) return <span class="chip">off</span>;
  const rows = (live.table("alerts").value?.rows ?? []).filter(
    ({ ruleId, status }) => ruleId === id && status !== "pending",
  );
  if (rows.length === 0) return null;
  const critical = rows.some(({ severity }) => severity === "critical");
  return (
    <span class="chip" data-tone={critical ? "crit" : "warn"}>
      <Icon name={critical ? "alert" : "warn"} />
      {rows.length === 1 ? "fires" : `${rows.length} fire`}
    </span>
  );
}
