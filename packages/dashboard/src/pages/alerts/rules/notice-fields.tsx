import type { VNode } from "preact";
import { AreaField, TextField } from "../../../components/fields.tsx";
import { Icon } from "../../../components/icon.tsx";
import type { RuleFieldsProps } from "./rule-fields.tsx";
import { hasMistake, Section } from "./rule-section.tsx";

/** What notices say, and how often. */
export function NoticeFields({ draft, mistakes, onChange }: RuleFieldsProps): VNode {
  return (
    <Section title="What people are told">
      <div class="fields">
        <TextField
          label="Told again every"
          value={draft.repeat}
          help="empty: once"
          mistake={mistakes.repeatSec}
          onInput={(repeat) => onChange({ repeat })}
        />
        <TextField
          label="at most so many times"
          value={draft.maxRepeats}
          help="empty: no limit"
          mistake={mistakes.maxRepeats}
          onInput={(maxRepeats) => onChange({ maxRepeats })}
        />
        <TextField
          label="Runbook"
          wide
          kind="url"
          placeholder="https://…"
          value={draft.runbookUrl}
          mistake={mistakes.runbookUrl}
          onInput={(runbookUrl) => onChange({ runbookUrl })}
        />
      </div>
      <details class="more-fields" open={hasMistake(mistakes, ["summary", "description", "labels"])}>
        <summary>Own words and labels</summary>
        <div class="fields">
          <TextField
            label="Summary"
            wide
            value={draft.summary}
            placeholder="empty: the usual sentence"
            help="Templates such as {{name}} {{value}} {{limit}}; see docs/notices.md"
            mistake={mistakes.summary}
            onInput={(summary) => onChange({ summary })}
          />
          <AreaField
            label="Description"
            wide
            value={draft.description}
            mistake={mistakes.description}
            onInput={(description) => onChange({ description })}
          />
        </div>
        <LabelFields draft={draft} mistakes={mistakes} onChange={onChange} />
      </details>
    </Section>
  );
}

const MOST_LABELS = 16;

function LabelFields({ draft, mistakes, onChange }: Pick<RuleFieldsProps, "draft" | "mistakes" | "onChange">): VNode {
  const { labels } = draft;
  const change = (place: number, pair: readonly [string, string]) =>
    onChange({ labels: labels.map((label, index) => (index === place ? pair : label)) });
  const mistake = Object.entries(mistakes).find(([name]) => name.startsWith("labels"))?.[1];
  return (
    <fieldset class="matchers">
      <legend>Labels, for routes and silences</legend>
      {labels.map(([name, value], index) => (
        <div key={index} class="rule-label">
          <input
            class="field"
            type="text"
            spellcheck={false}
            aria-label={`Label ${index + 1}`}
            placeholder="team"
            value={name}
            onInput={(event) => change(index, [event.currentTarget.value, value])}
          />
          <input
            class="field"
            type="text"
            spellcheck={false}
            aria-label={`Value ${index + 1}`}
            placeholder="chat"
            value={value}
            onInput={(event) => change(index, [name, event.currentTarget.value])}
          />
          <button
            type="button"
            class="button"
            data-kind="bare"
            aria-label={`Remove label ${index + 1}`}
            onClick={() => onChange({ labels: labels.filter((_, place) => place !== index) })}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
      {labels.length >= MOST_LABELS ? null : (
        <button type="button" class="button" onClick={() => onChange({ labels: [...labels, ["", ""]] })}>
          <Icon name="plus" />
          Add label
        </button>
      )}
      {mistake === undefined ? null : <p class="mistake">{mistake}</p>}
    </fieldset>
  );
}
