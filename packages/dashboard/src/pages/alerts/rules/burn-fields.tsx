import { ALERT_SEVERITIES } from "@wsight/protocol";
import type { VNode } from "preact";
import { optionsOf } from "../../../components/choice.tsx";
import { SelectField, TextField } from "../../../components/fields.tsx";
import { Icon } from "../../../components/icon.tsx";
import { type BurnWindowDraft, type RuleDraft, USUAL_WINDOWS } from "./rule-draft.ts";

interface BurnFieldsProps {
  readonly draft: RuleDraft;
  readonly mistakes: Readonly<Record<string, string>>;
  readonly onChange: (part: Partial<RuleDraft>) => void;
}

const MOST_WINDOWS = 6;

/** How much should be good, and how fast what may be bad is used up. */
export function BurnFields({ draft, mistakes, onChange }: BurnFieldsProps): VNode {
  const { objective, burnWindows } = draft;
  const change = (place: number, part: Partial<BurnWindowDraft>) =>
    onChange({ burnWindows: burnWindows.map((window, index) => (index === place ? { ...window, ...part } : window)) });
  return (
    <>
      <div class="fields">
        <TextField
          label="Should be good"
          value={objective}
          help="What is left to 100 % is the budget that may be used up in 30 days."
          mistake={mistakes["burnRate.objective"]}
          onInput={(value) => onChange({ objective: value })}
        />
      </div>
      {mistakes["burnRate.windows"] === undefined ? null : <p class="mistake">{mistakes["burnRate.windows"]}</p>}
      <ul class="burn-windows">
        {burnWindows.map((window, index) => {
          const path = `burnRate.windows[${index}]`;
          return (
            <li key={index} class="fields">
              <TextField
                label="Over"
                value={window.long}
                mistake={mistakes[`${path}.longSec`]}
                onInput={(long) => change(index, { long })}
              />
              <TextField
                label="and over"
                value={window.short}
                mistake={mistakes[`${path}.shortSec`]}
                onInput={(short) => change(index, { short })}
              />
              <TextField
                label="times as fast"
                value={window.factor}
                mistake={mistakes[`${path}.factor`]}
                onInput={(factor) => change(index, { factor })}
              />
              <SelectField
                label="Severity"
                value={window.severity}
                mistake={mistakes[`${path}.severity`]}
                options={optionsOf(ALERT_SEVERITIES)}
                onChange={(severity) => change(index, { severity })}
              />
              <button
                type="button"
                class="button"
                data-kind="bare"
                aria-label={`Remove windows ${index + 1}`}
                onClick={() => onChange({ burnWindows: burnWindows.filter((_, place) => place !== index) })}
              >
                <Icon name="close" />
              </button>
            </li>
          );
        })}
      </ul>
      <div class="fields">
        {burnWindows.length >= MOST_WINDOWS ? null : (
          <button
            type="button"
            class="button"
            onClick={() =>
              onChange({
                burnWindows: [...burnWindows, { long: "1 h", short: "5 min", factor: "10", severity: "warning" }],
              })
            }
          >
            <Icon name="plus" />
            Add windows
          </button>
        )}
        <button type="button" class="button" onClick={() => onChange({ burnWindows: USUAL_WINDOWS })}>
          Usual windows
        </button>
      </div>
    </>
  );
}
