import type { AlertMatcher } from "@wsight/protocol";
import type { VNode } from "preact";
import { useId } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { Icon } from "../../components/icon.tsx";
import { matcherText } from "./words.ts";

const OPS: readonly { readonly value: AlertMatcher["op"]; readonly word: string }[] = [
  { value: "=", word: "is" },
  { value: "!=", word: "is not" },
  { value: "=~", word: "matches" },
  { value: "!~", word: "does not match" },
];
/** What every alert can be matched by. */
const LABELS = ["rule", "severity", "node", "service"] as const;
/** Most conditions of one list. */
const MOST = 16;

interface MatchersProps {
  /** What they choose: `Alerts`. */
  readonly legend: string;
  readonly matchers: readonly AlertMatcher[];
  readonly mistake?: string | undefined;
  readonly onChange: (matchers: readonly AlertMatcher[]) => void;
}

/** Conditions that all must hold, one a line. */
export function Matchers({ legend, matchers, mistake, onChange }: MatchersProps): VNode {
  const { live } = useApp();
  const id = useId();
  const change = (index: number, part: Partial<AlertMatcher>) =>
    onChange(matchers.map((matcher, place) => (place === index ? { ...matcher, ...part } : matcher)));
  const rows = live.table("alerts").value?.rows ?? [];
  const labels = new Set<string>([...LABELS, ...rows.flatMap((row) => Object.keys(row.labels))]);
  const valuesOf = (label: string): readonly string[] =>
    label === "severity"
      ? ["warning", "critical"]
      : label === "node"
        ? (live.table("nodes").value ?? []).map(({ node }) => node)
        : [...new Set(rows.map((row) => (label === "rule" ? row.ruleId : (row.labels[label] ?? ""))))];
  return (
    <fieldset class="matchers" aria-describedby={mistake === undefined ? undefined : `${id}-mistake`}>
      <legend>{legend}</legend>
      {matchers.map((matcher, index) => (
        <div key={index} class="matcher">
          <input
            class="field"
            type="text"
            list={`${id}-labels`}
            spellcheck={false}
            autocomplete="off"
            aria-label={`Label ${index + 1}`}
            placeholder="label"
            value={matcher.label}
            onInput={(event) => change(index, { label: event.currentTarget.value })}
          />
          <select
            class="field-select"
            aria-label={`Comparison ${index + 1}`}
            value={matcher.op}
            onChange={(event) => change(index, { op: event.currentTarget.value as AlertMatcher["op"] })}
          >
            {OPS.map(({ value, word }) => (
              <option key={value} value={value}>
                {word}
              </option>
            ))}
          </select>
          <input
            class="field"
            type="text"
            list={`${id}-values-${index}`}
            spellcheck={false}
            autocomplete="off"
            aria-label={`Value ${index + 1}`}
            placeholder={matcher.op.endsWith("~") ? "pattern, e.g. web-.*" : "value"}
            value={matcher.value}
            onInput={(event) => change(index, { value: event.currentTarget.value })}
          />
          <datalist id={`${id}-values-${index}`}>
            {valuesOf(matcher.label).map((value) => (
              <option key={value} value={value} />
            ))}
          </datalist>
          <button
            type="button"
            class="button"
            data-kind="bare"
            aria-label={`Remove condition ${index + 1}`}
            onClick={() => onChange(matchers.filter((_, place) => place !== index))}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
      <datalist id={`${id}-labels`}>
        {[...labels].map((label) => (
          <option key={label} value={label} />
        ))}
      </datalist>
      {matchers.length >= MOST ? null : (
        <button type="button" class="button" onClick={() => onChange([...matchers, { label: "", op: "=", value: "" }])}>
          <Icon name="plus" />
          Add condition
        </button>
      )}
      {mistake === undefined ? null : (
        <p id={`${id}-mistake`} class="mistake">
          {mistake}
        </p>
      )}
    </fieldset>
  );
}

/** Conditions to be read; `none` stands for no condition. */
export function MatcherChips({
  matchers,
  none,
}: {
  readonly matchers: readonly AlertMatcher[];
  readonly none: string;
}): VNode {
  return (
    <span class="chips">
      {matchers.length === 0 ? <span class="chip">{none}</span> : null}
      {matchers.map((matcher) => (
        <span key={matcherText(matcher)} class="chip mono">
          {matcherText(matcher)}
        </span>
      ))}
    </span>
  );
}
