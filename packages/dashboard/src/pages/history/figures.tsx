import { findMetric, HISTORY_AGGREGATES, type HistoryAggregate, type HistorySelector } from "@wsight/protocol";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "../../components/icon.tsx";
import { Menu } from "../../components/menu.tsx";
import { fetchFile } from "../../format/download.ts";
import { splitsOf } from "../../history/figure-text.ts";
import { Filters } from "./filters.tsx";
import type { ExportQuery } from "./history-api.ts";
import { MetricPicker } from "./metric-picker.tsx";
import { attributeName, metricTitle } from "./names.ts";
import { MOST_FIGURES } from "./place.ts";
import type { KnownSeries } from "./series-known.ts";
import { AGGREGATE_NAMES } from "./units.ts";

interface FiguresProps {
  readonly figures: readonly HistorySelector[];
  /** Figures of the address that can't be asked. */
  readonly refused: readonly string[];
  readonly known: KnownSeries | null;
  readonly trend: boolean;
  readonly onChange: (figures: readonly HistorySelector[]) => void;
  readonly onTrend: (trend: boolean) => void;
  /** Where a file of all samples of these figures is. */
  readonly hrefOf: (format: ExportQuery["format"]) => string;
}

/** Every sample that is kept, of all series of the metrics, as the hub writes them. */
const FORMATS = [
  ["csv", "All samples, CSV"],
  ["json", "All samples, JSON"],
  ["ndjson", "All samples, NDJSON"],
] as const;

const TOPS = [5, 10, 20] as const;
/** Lines of a figure that is split, unless chosen. */
const FIRST_TOP = 5;
/** What a metric is asked for first, by its kind. */
const FIRST_AGGREGATE = { counter: "rate", gauge: "mean", histogram: "p95" } as const;

/** Which figures are looked at: a metric, how it is put together, how it is split, and which of its series. */
export function Figures({ figures, refused, known, trend, onChange, onTrend, hrefOf }: FiguresProps): VNode {
  const [picking, setPicking] = useState<number | null>(null);
  const put = (index: number, figure: HistorySelector) =>
    onChange([...figures.slice(0, index), figure, ...figures.slice(index + 1)]);
  return (
    <section class="card figures" aria-label="Figures">
      <ul>
        {figures.map((figure, index) => (
          <li key={`${index} ${figure.metric}`}>
            <Figure
              figure={figure}
              known={known}
              onPick={() => setPicking(index)}
              onChange={(next) => put(index, next)}
              onRemove={() => onChange(figures.filter((_figure, place) => place !== index))}
            />
          </li>
        ))}
      </ul>
      {refused.map((text) => (
        <p key={text} class="mistake" role="alert">
          The address asks for <code>{text}</code>, which is no figure of this version.
        </p>
      ))}
      <div class="figures-foot">
        <button
          type="button"
          class="button"
          disabled={figures.length >= MOST_FIGURES}
          onClick={() => setPicking(figures.length)}
        >
          <Icon name="plus" />
          Add a figure
        </button>
        <span class="fine">
          {figures.length >= MOST_FIGURES
            ? `${MOST_FIGURES} figures is the most one page shows.`
            : `${figures.length} of at most ${MOST_FIGURES}`}
        </span>
        <Menu
          label="Samples as a file"
          buttonClass="button samples-menu"
          items={FORMATS.map(([format, label]) => ({
            label,
            icon: "download",
            run: () => fetchFile(hrefOf(format)),
          }))}
        >
          <Icon name="download" />
          Samples
        </Menu>
        <label class="trend-switch">
          <input
            class="switch"
            type="checkbox"
            role="switch"
            aria-checked={trend}
            checked={trend}
            onChange={(event) => onTrend(event.currentTarget.checked)}
          />
          Trend lines
        </label>
      </div>
      {picking === null ? null : (
        <MetricPicker
          known={known}
          onClose={() => setPicking(null)}
          onPick={(metric) => {
            put(picking, { metric, agg: FIRST_AGGREGATE[findMetric(metric)?.kind ?? "gauge"] });
            setPicking(null);
          }}
        />
      )}
    </section>
  );
}

interface FigureProps {
  readonly figure: HistorySelector;
  readonly known: KnownSeries | null;
  readonly onPick: () => void;
  readonly onChange: (figure: HistorySelector) => void;
  readonly onRemove: () => void;
}

function Figure({ figure, known, onPick, onChange, onRemove }: FigureProps): VNode {
  const metric = findMetric(figure.metric);
  const title = metricTitle(figure.metric);
  const by = (figure.by ?? []).join();
  const splits = metric === undefined ? [] : splitsOf(metric);
  const setBy = (text: string) => {
    const { by: _by, top: _top, ...rest } = figure;
    onChange(text === "" ? rest : { ...rest, by: text.split(","), top: figure.top ?? FIRST_TOP });
  };
  return (
    <fieldset class="figure">
      <legend class="sr-only">{title}</legend>
      <button type="button" class="button figure-metric" title={metric?.help} onClick={onPick}>
        <span class="truncate">{title}</span>
        <span class="sr-only">: choose another metric</span>
        <Icon name="chevrons" />
      </button>
      <label>
        <span class="sr-only">Aggregate</span>
        <select
          class="field-select"
          value={figure.agg}
          onChange={(event) => onChange({ ...figure, agg: event.currentTarget.value as HistoryAggregate })}
        >
          {(metric === undefined ? [] : HISTORY_AGGREGATES[metric.kind])
            .filter((agg) => agg !== "octave")
            .map((agg) => (
              <option key={agg} value={agg}>
                {AGGREGATE_NAMES[agg]}
              </option>
            ))}
        </select>
      </label>
      <label>
        <span class="sr-only">Split by</span>
        <select class="field-select" value={by} onChange={(event) => setBy(event.currentTarget.value)}>
          <option value="">in all</option>
          {[...new Set([...splits, ...(by === "" ? [] : [by])])].map((name) => (
            <option key={name} value={name}>
              by {name.split(",").map(attributeName).join(" and ")}
            </option>
          ))}
        </select>
      </label>
      {by === "" ? null : (
        <label>
          <span class="sr-only">Lines</span>
          <select
            class="field-select"
            value={String(figure.top ?? TOPS[2])}
            onChange={(event) => onChange({ ...figure, top: Number(event.currentTarget.value) })}
          >
            {[...new Set([...TOPS, figure.top ?? TOPS[2]])].map((top) => (
              <option key={top} value={String(top)}>
                largest {top}
              </option>
            ))}
          </select>
        </label>
      )}
      {metric === undefined ? null : <Filters figure={figure} metric={metric} known={known} onChange={onChange} />}
      <button
        type="button"
        class="button figure-remove"
        data-kind="bare"
        aria-label={`Remove ${title}`}
        onClick={onRemove}
      >
        <Icon name="close" />
      </button>
    </fieldset>
  );
}
