import type { HistorySelector, MetricDefinition } from "@wsight/protocol";
import type { VNode } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Icon } from "../../components/icon.tsx";
import { Menu } from "../../components/menu.tsx";
import { attributeName } from "./names.ts";
import { type KnownSeries, valuesOf } from "./series-known.ts";

interface FiltersProps {
  readonly figure: HistorySelector;
  readonly metric: MetricDefinition;
  readonly known: KnownSeries | null;
  readonly onChange: (figure: HistorySelector) => void;
}

/** Which series of a figure count: attributes and the value they must have. */
export function Filters({ figure, metric, known, onChange }: FiltersProps): VNode | null {
  const [adding, setAdding] = useState<string | null>(null);
  const { where = {}, ...rest } = figure;
  const set = (labels: Readonly<Record<string, string>>) =>
    onChange(Object.keys(labels).length === 0 ? rest : { ...rest, where: labels });
  const free = metric.attributes.filter((name) => where[name] === undefined);
  return (
    <>
      {Object.entries(where).map(([name, value]) => (
        <span key={name} class="chip filter-chip">
          {attributeName(name)} = {value}
          <button
            type="button"
            aria-label={`Remove the filter ${attributeName(name)} = ${value}`}
            onClick={() => set(Object.fromEntries(Object.entries(where).filter(([other]) => other !== name)))}
          >
            <Icon name="close" />
          </button>
        </span>
      ))}
      {adding === null ? (
        free.length === 0 ? null : (
          <Menu
            label="Filter by"
            buttonClass="button filter-add"
            buttonKind="bare"
            items={free.map((name) => ({ label: attributeName(name), icon: "search", run: () => setAdding(name) }))}
          >
            <Icon name="plus" />
            Filter
          </Menu>
        )
      ) : (
        <Value
          name={adding}
          values={valuesOf(known, figure.metric, adding)}
          onDone={(value) => {
            setAdding(null);
            if (value !== "") set({ ...where, [adding]: value });
          }}
        />
      )}
    </>
  );
}

interface ValueProps {
  readonly name: string;
  /** Values that are known. */
  readonly values: readonly string[];
  /** Empty for none after all. */
  readonly onDone: (value: string) => void;
}

function Value({ name, values, onDone }: ValueProps): VNode {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <form
      class="filter-value"
      onSubmit={(event) => {
        event.preventDefault();
        onDone(field.current?.value.trim() ?? "");
      }}
    >
      <label>
        {attributeName(name)} =
        <input
          ref={field}
          class="field"
          list={id}
          maxLength={128}
          autocomplete="off"
          spellcheck={false}
          onKeyDown={(event) => {
            if (event.key === "Escape") onDone("");
          }}
          onChange={(event) => {
            // One that was chosen from the list is meant as it is.
            if (values.includes(event.currentTarget.value)) onDone(event.currentTarget.value);
          }}
          onBlur={(event) => onDone(event.currentTarget.value.trim())}
        />
      </label>
      <datalist id={id}>
        {values.map((value) => (
          <option key={value} value={value} />
        ))}
      </datalist>
    </form>
  );
}
