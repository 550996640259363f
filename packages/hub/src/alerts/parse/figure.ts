import {
  type AlertFigure,
  type AlertFilter,
  findIndicator,
  findMetric,
  HISTORY_AGGREGATES,
  type HistoryAggregate,
  type Indicator,
  type MetricDefinition,
} from "@wsight/protocol";
import type { Form } from "./form.ts";
import { readLabels } from "./labels.ts";
import { line, oneOf, wanted, whole } from "./reads.ts";

/** Fields of a figure. */
export const FIGURE_NAMES: readonly string[] = ["metric", "agg", "filter", "windowSec"];

const MAX_NODES = 100;
const MAX_NODE = 257;
const MAX_WHERE = 16;
const USUAL_WINDOW_SEC = 60;
const LONGEST_WINDOW_SEC = 900;

/** What a metric or an indicator offers. */
interface Offer {
  readonly attributes: readonly string[];
  readonly aggregates: readonly (HistoryAggregate | "value")[];
}

/** Reads a figure: a metric of the catalogue or an indicator, and what is taken of it. */
export function readFigure(form: Form): AlertFigure {
  const metric = form.required("metric", knownMetric, "");
  const offer = offerOf(metric);
  return {
    metric,
    agg: readAgg(form, offer),
    filter: form.has("filter") ? readFilter(form.within("filter", form.raw("filter"), ["where", "nodes"]), offer) : {},
    windowSec: form.optional("windowSec", whole(1, LONGEST_WINDOW_SEC), USUAL_WINDOW_SEC),
  };
}

/** Attributes that a metric or an indicator can be grouped by, without `node` and `service`; none for what is not known. */
export function attributesOf(metric: string): readonly string[] {
  return offerOf(metric)?.attributes ?? [];
}

/** Octaves are rows of a heatmap: nothing that a limit could be set for. */
function offerOf(name: string): Offer | null {
  const indicator: Indicator | undefined = findIndicator(name);
  if (indicator !== undefined) return { attributes: indicator.attributes, aggregates: ["value"] };
  const metric: MetricDefinition | undefined = findMetric(name);
  if (metric === undefined) return null;
  return {
    attributes: metric.attributes,
    aggregates: HISTORY_AGGREGATES[metric.kind].filter((agg) => agg !== "octave"),
  };
}

function readAgg(form: Form, offer: Offer | null): AlertFigure["agg"] {
  if (offer === null) return "value";
  const [first = "value"] = offer.aggregates;
  if (offer.aggregates.length === 1) return form.optional("agg", oneOf(offer.aggregates), first);
  return form.required("agg", oneOf(offer.aggregates), first);
}

function readFilter(form: Form, offer: Offer | null): AlertFilter {
  const problem = (label: string): string | null => {
    if (offer === null || offer.attributes.includes(label)) return null;
    return wanted(`an attribute of the metric (${offer.attributes.join(", ") || "it has none"})`, label);
  };
  return {
    ...(form.has("where") ? { where: readLabels(form, "where", form.raw("where"), MAX_WHERE, problem) } : {}),
    ...(form.has("nodes")
      ? {
          nodes: form.list("nodes", form.raw("nodes"), MAX_NODES, (name, node) =>
            form.check(name, node, line(MAX_NODE, 1), ""),
          ),
        }
      : {}),
  };
}

function knownMetric(_where: string, value: unknown): string {
  if (typeof value !== "string" || offerOf(value) === null)
    throw new Error(wanted("a metric of the catalogue or an indicator", value));
  return value;
}
