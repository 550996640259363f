import {
  ALERT_SEVERITIES,
  type AlertKind,
  type AlertRule,
  groupLabelsOf,
  NO_DATA_MODES,
  type NoDataMode,
} from "@wsight/protocol";
import type { VNode } from "preact";
import { optionsOf } from "../../../components/choice.tsx";
import { SelectField, SwitchField, TextField } from "../../../components/fields.tsx";
import { Segmented } from "../../../components/segmented.tsx";
import { attributeName } from "../../history/names.ts";
import type { KnownSeries } from "../../history/series-known.ts";
import { BurnFields } from "./burn-fields.tsx";
import { ExpressionFields } from "./expression-fields.tsx";
import { isRange } from "./figure-draft.ts";
import { FigureFields } from "./figure-fields.tsx";
import { offerOf, unitOfFigure } from "./figure-offer.ts";
import { LimitField, OpField } from "./limit-fields.tsx";
import { quantityHint } from "./quantities.ts";
import type { RuleDraft } from "./rule-draft.ts";
import { hasMistake, Section } from "./rule-section.tsx";

/** What every part of the form needs. */
export interface RuleFieldsProps {
  readonly draft: RuleDraft;
  readonly rules: readonly AlertRule[];
  readonly known: KnownSeries | null;
  readonly mistakes: Readonly<Record<string, string>>;
  readonly onChange: (part: Partial<RuleDraft>) => void;
}

const KINDS: readonly { readonly value: AlertKind; readonly label: string; readonly title: string }[] = [
  { value: "threshold", label: "Limit", title: "A figure beyond a limit" },
  { value: "no_data", label: "No data", title: "A figure that is not there any more" },
  { value: "burn_rate", label: "Error budget", title: "An error budget that is used up too fast" },
  { value: "composite", label: "Several", title: "Several conditions at once" },
];

/** What is looked for. */
export function ConditionFields(props: RuleFieldsProps): VNode {
  const { draft, rules, known, mistakes, onChange } = props;
  const { kind, figure } = draft;
  return (
    <Section title="What is looked for">
      <div class="fields">
        <TextField
          label="Name"
          wide
          required
          value={draft.name}
          placeholder="Stands in notices: Slow messages"
          mistake={mistakes.name ?? mistakes.id}
          onInput={(name) => onChange({ name })}
        />
      </div>
      <Segmented label="Kind" options={KINDS} value={kind} onChange={(chosen) => onChange({ kind: chosen })} />
      {kind === "composite" ? (
        <ExpressionFields
          expression={draft.expression}
          path="expression"
          rules={rules}
          known={known}
          mistakes={mistakes}
          onChange={(expression) => onChange({ expression })}
        />
      ) : (
        <FigureFields
          figure={figure}
          known={known}
          mistakes={mistakes}
          path=""
          onChange={(figure) => onChange({ figure })}
        />
      )}
      {kind === "threshold" ? <ThresholdFields {...props} /> : null}
      {kind === "burn_rate" ? <BurnFields draft={draft} mistakes={mistakes} onChange={onChange} /> : null}
      {kind === "burn_rate" && offerOf(figure.metric)?.ratio !== true ? (
        <p class="fine">A budget needs a ratio: choose an indicator such as “Error ratio” as the metric.</p>
      ) : null}
      <GroupFields {...props} />
    </Section>
  );
}

function ThresholdFields({ draft, mistakes, onChange }: RuleFieldsProps): VNode {
  const { op, figure } = draft;
  const example = quantityHint(unitOfFigure(figure)).replace("expected a figure such as ", "e.g. ");
  return (
    <>
      <div class="fields">
        <OpField value={op} mistake={mistakes.op} onChange={(chosen) => onChange({ op: chosen })} />
        <LimitField
          label="Warning"
          op={op}
          limit={draft.warn}
          placeholder={example}
          mistake={mistakes.warn}
          onChange={(warn) => onChange({ warn })}
        />
        <LimitField
          label="Critical"
          op={op}
          limit={draft.crit}
          placeholder="none"
          mistake={mistakes.crit}
          onChange={(crit) => onChange({ crit })}
        />
        {isRange(op) || op === "eq" || op === "ne" ? null : (
          <TextField
            label="Recovers at"
            value={draft.recovery}
            placeholder="the limit"
            mistake={mistakes.recovery}
            onInput={(recovery) => onChange({ recovery })}
          />
        )}
      </div>
      {offerOf(figure.metric)?.ratio === true ? (
        <SwitchField
          label="Only when it is certain"
          help="Few events prove nothing: the Wilson lower bound of the ratio has to be beyond the limit."
          checked={draft.wilson}
          onChange={(wilson) => onChange({ wilson })}
        />
      ) : null}
    </>
  );
}

/** Labels that can stand for instances. */
function groupsOf({ kind, figure, expression }: RuleDraft): readonly string[] {
  const metrics = kind === "composite" ? metricsOf(expression) : [figure.metric];
  return [...new Set(metrics.flatMap((metric) => groupLabelsOf(metric, offerOf(metric)?.attributes ?? [])))];
}

function metricsOf(expression: RuleDraft["expression"]): readonly string[] {
  if (expression.type === "when") return [expression.figure.metric];
  if (expression.type === "not") return metricsOf(expression.part);
  return expression.type === "rule" ? [] : expression.parts.flatMap(metricsOf);
}

function GroupFields({ draft, mistakes, onChange }: RuleFieldsProps): VNode {
  const { groupBy } = draft;
  const offered = [...new Set([...groupsOf(draft), ...groupBy])];
  const mistake = mistakes.groupBy ?? Object.entries(mistakes).find(([name]) => name.startsWith("groupBy["))?.[1];
  return (
    <fieldset class="group-by">
      <legend>An alert of its own for each</legend>
      {offered.map((name) => (
        <label key={name} class="check">
          <input
            type="checkbox"
            checked={groupBy.includes(name)}
            onChange={(event) =>
              onChange({
                groupBy: event.currentTarget.checked ? [...groupBy, name] : groupBy.filter((other) => other !== name),
              })
            }
          />
          {attributeName(name)}
        </label>
      ))}
      {mistake === undefined ? null : <p class="mistake">{mistake}</p>}
    </fieldset>
  );
}

const NO_DATA_WORDS: Readonly<Record<NoDataMode, string>> = {
  ok: "counts as in range",
  keep: "changes nothing",
  no_data: "is told by itself",
  firing: "counts as beyond the limit",
};

/** How long it has to last, and when it is over. */
export function TimeFields({ draft, mistakes, onChange }: RuleFieldsProps): VNode {
  return (
    <Section title="When it fires and when it is over">
      <div class="fields">
        <TextField
          label="Has to last"
          value={draft.lasts}
          mistake={mistakes.forSec}
          onInput={(lasts) => onChange({ lasts })}
        />
        <TextField
          label="Goes on after it recovered"
          value={draft.keepFiring}
          mistake={mistakes.keepFiringSec}
          onInput={(keepFiring) => onChange({ keepFiring })}
        />
        {draft.kind === "threshold" || draft.kind === "burn_rate" ? null : (
          <SelectField
            label="Severity"
            value={draft.severity}
            mistake={mistakes.severity}
            options={optionsOf(ALERT_SEVERITIES)}
            onChange={(severity) => onChange({ severity })}
          />
        )}
      </div>
      <div class="fields">
        <SelectField
          label="No data"
          value={draft.noData}
          mistake={mistakes["noData.mode"]}
          options={NO_DATA_MODES.map((value) => ({ value, label: NO_DATA_WORDS[value] }))}
          onChange={(noData) => onChange({ noData })}
        />
        <TextField
          label="after"
          value={draft.noDataAfter}
          mistake={mistakes["noData.afterSec"]}
          onInput={(noDataAfter) => onChange({ noDataAfter })}
        />
        <TextField
          label="Needs at least so many events or readings"
          value={draft.minSamples}
          mistake={mistakes.minSamples}
          onInput={(minSamples) => onChange({ minSamples })}
        />
      </div>
      <details class="more-fields" open={hasMistake(mistakes, ["everySec", "flap"])}>
        <summary>How often it is looked at, and when it comes and goes</summary>
        <div class="fields">
          <TextField
            label="Looked at every"
            value={draft.every}
            mistake={mistakes.everySec}
            onInput={(every) => onChange({ every })}
          />
        </div>
        <SwitchField
          label="Held when it comes and goes"
          help="One notice says so, and it stays until it has been calm."
          checked={draft.flaps}
          onChange={(flaps) => onChange({ flaps })}
        />
        {draft.flaps ? (
          <div class="fields">
            <TextField
              label="Changes"
              value={draft.flapTransitions}
              mistake={mistakes["flap.transitions"]}
              onInput={(flapTransitions) => onChange({ flapTransitions })}
            />
            <TextField
              label="within"
              value={draft.flapWindow}
              mistake={mistakes["flap.windowSec"]}
              onInput={(flapWindow) => onChange({ flapWindow })}
            />
            <TextField
              label="hold it for"
              value={draft.flapHold}
              mistake={mistakes["flap.holdSec"]}
              onInput={(flapHold) => onChange({ flapHold })}
            />
          </div>
        ) : null}
      </details>
    </Section>
  );
}
