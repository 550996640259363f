import { INDICATORS } from "@wsight/protocol";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../../../app-context.ts";
import { optionsOf } from "../../../components/choice.tsx";
import { Labelled, SelectField, TextField } from "../../../components/fields.tsx";
import { MetricPicker } from "../../history/metric-picker.tsx";
import { attributeName } from "../../history/names.ts";
import { type KnownSeries, valuesOf } from "../../history/series-known.ts";
import { type FigureDraft, usualAggregate } from "./figure-draft.ts";
import { aggregateName, offerOf } from "./figure-offer.ts";

type Mistakes = Readonly<Record<string, string>>;

interface FigureFieldsProps {
  readonly figure: FigureDraft;
  /** What history holds, for what can be chosen; `null` while that is not known. */
  readonly known: KnownSeries | null;
  readonly mistakes: Mistakes;
  /** Of the hub's names of these fields: empty, or `expression.when.`. */
  readonly path: string;
  readonly onChange: (figure: FigureDraft) => void;
}

/** What is looked at: a metric or an indicator, what is taken of it, of which series, over how long. */
export function FigureFields({ figure, known, mistakes, path, onChange }: FigureFieldsProps): VNode {
  const { metric, agg, window } = figure;
  const [picking, setPicking] = useState(false);
  const offer = offerOf(metric);
  const aggregates = offer?.aggregates ?? [agg];
  return (
    <>
      <div class="fields">
        <Labelled label="Metric" help={offer?.help} mistake={mistakes[`${path}metric`]} wide>
          {(own) => (
            <button
              {...own}
              type="button"
              class="field metric-field"
              aria-haspopup="dialog"
              onClick={() => setPicking(true)}
            >
              {offer?.title ?? metric}
            </button>
          )}
        </Labelled>
      </div>
      <div class="fields">
        {aggregates.length < 2 ? null : (
          <SelectField
            label="Value"
            value={agg}
            mistake={mistakes[`${path}agg`]}
            options={aggregates.map((value) => ({ value, label: aggregateName(value) }))}
            onChange={(value) => onChange({ ...figure, agg: value })}
          />
        )}
        <TextField
          label="Over the last"
          value={window}
          mistake={mistakes[`${path}windowSec`]}
          onInput={(value) => onChange({ ...figure, window: value })}
        />
        <FilterFields figure={figure} known={known} mistakes={mistakes} path={path} onChange={onChange} />
      </div>
      {picking ? (
        <MetricPicker
          known={known}
          indicators={INDICATORS}
          onClose={() => setPicking(false)}
          onPick={(picked) => {
            setPicking(false);
            if (picked !== metric) onChange({ ...figure, metric: picked, agg: usualAggregate(picked), where: {} });
          }}
        />
      ) : null}
    </>
  );
}

/** Which series count. */
function FilterFields({ figure, known, mistakes, path, onChange }: FigureFieldsProps): VNode {
  const { live } = useApp();
  const { where, nodes, metric } = figure;
  const attributes = offerOf(metric)?.attributes ?? [];
  const present = (live.table("nodes").value ?? []).map(({ node }) => node);
  const [node = ""] = nodes;
  const choices = [...new Set([...present, ...nodes])].sort();
  return (
    <>
      {attributes.map((attribute) => {
        const value = where[attribute] ?? "";
        const values = valuesOf(known, metric, attribute);
        const offered = value === "" || values.includes(value) ? values : [value, ...values];
        return (
          <SelectField
            key={attribute}
            label={`Only ${attributeName(attribute)}`}
            value={value}
            mistake={mistakes[`${path}filter.where.${attribute}`]}
            options={[
              { value: "", label: "any" },
              ...offered.filter(Boolean).map((one) => ({ value: one, label: one })),
            ]}
            onChange={(chosen) => {
              const { [attribute]: _before, ...others } = where;
              onChange({ ...figure, where: chosen === "" ? others : { ...others, [attribute]: chosen } });
            }}
          />
        );
      })}
      <SelectField
        label="Only node"
        value={nodes.length > 1 ? nodes.join() : node}
        mistake={mistakes[`${path}filter.nodes`]}
        options={[
          { value: "", label: "any" },
          ...(nodes.length > 1 ? [{ value: nodes.join(), label: `${nodes.length} nodes` }] : []),
          ...optionsOf(choices),
        ]}
        onChange={(chosen) => onChange({ ...figure, nodes: chosen === "" ? [] : chosen.split(",") })}
      />
    </>
  );
}
