import { CATALOGUE, type Indicator, type MetricDefinition } from "@wsight/protocol";
import type { VNode } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Dialog } from "../../components/dialog.tsx";
import { Icon } from "../../components/icon.tsx";
import { areaOf, metricTitle } from "./names.ts";
import type { KnownSeries } from "./series-known.ts";

interface MetricPickerProps {
  readonly known: KnownSeries | null;
  /** Offered before the metrics. @default none */
  readonly indicators?: readonly Indicator[];
  readonly onPick: (metric: string) => void;
  readonly onClose: () => void;
}

/** Every metric there is, those that history holds first. */
export function MetricPicker({ known, indicators = [], onPick, onClose }: MetricPickerProps): VNode {
  const listId = useId();
  const list = useRef<HTMLDivElement>(null);
  const [query, setQuery] = useState("");
  const [place, setPlace] = useState(0);
  const found = [...indicators, ...rank(known)].filter((metric) => matches(metric, query));
  const current = found[Math.min(place, found.length - 1)];
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  });
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter" && current !== undefined) onPick(current.name);
    if (step === undefined || found.length === 0) return;
    event.preventDefault();
    setPlace((Math.min(place, found.length - 1) + step + found.length) % found.length);
  };
  return (
    <Dialog title="Choose a metric" class="palette metric-picker" bare onClose={onClose}>
      <div class="palette-field">
        <Icon name="search" />
        <input
          type="text"
          role="combobox"
          aria-label="Search metrics"
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={current === undefined ? undefined : `${listId}-${found.indexOf(current)}`}
          aria-autocomplete="list"
          autocomplete="off"
          placeholder="Search by name or meaning"
          value={query}
          onInput={(event) => {
            setQuery(event.currentTarget.value);
            setPlace(0);
          }}
          onKeyDown={onKeyDown}
        />
        <kbd>Esc</kbd>
      </div>
      <div ref={list} class="palette-list" id={listId} role="listbox" aria-label="Metrics">
        {found.map((metric, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox above holds the focus and the keys
          <div
            key={metric.name}
            id={`${listId}-${index}`}
            class="palette-item metric-item"
            role="option"
            tabIndex={-1}
            aria-selected={metric === current}
            onClick={() => onPick(metric.name)}
          >
            <span>
              {metricTitle(metric.name)}
              <small class="truncate">{metric.help}</small>
            </span>
            <small>
              {areaOf(metric.name)}
              {"of" in metric
                ? " · indicator"
                : known === null
                  ? ""
                  : ` · ${countText(known.get(metric.name)?.count ?? 0)}`}
            </small>
          </div>
        ))}
      </div>
      {found.length === 0 ? <p class="palette-none">No metric is called that, or does that.</p> : null}
    </Dialog>
  );
}

function countText(series: number): string {
  return series === 0 ? "nothing kept" : `${series} series`;
}

function rank(known: KnownSeries | null): readonly MetricDefinition[] {
  const present = (metric: MetricDefinition) => (known === null || known.has(metric.name) ? 0 : 1);
  return [...CATALOGUE].sort((a, b) => present(a) - present(b));
}

/** True when every word of the query is in what the metric is called or does. */
function matches({ name, help }: Pick<MetricDefinition, "name" | "help">, query: string): boolean {
  const text = `${name} ${metricTitle(name)} ${areaOf(name)} ${help}`.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
