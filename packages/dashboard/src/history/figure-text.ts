import {
  findMetric,
  HISTORY_AGGREGATES,
  type HistoryAggregate,
  type HistorySelector,
  type Labels,
  type MetricDefinition,
} from "@wsight/protocol";

/** What a figure can be split by beside the attributes of its metric. */
const OWN_SPLITS: readonly string[] = ["node", "service"];
/** Most lines of one figure that are asked for. */
const MOST_LINES = 50;
const FIGURE =
  /^([a-z0-9]{1,9})(?::(-?\d{1,2}))?\(([\w.]{1,128})(?:\{(.*)\})?\)(?: on ([^ ]{3,129}))?(?: by ([\w.,]{1,128}))?(?: top (\d{1,2}))?$/;
const PAIR = /([\w.]+)=("(?:[^"\\]|\\.)*")(?:,|$)/y;

/**
 * A figure of the past as text, for addresses and for people:
 * `p95(websocket.server.message.latency{source="ack"}) on chat/web-1 by node top 5`.
 */
export function figureText({ metric, agg, where = {}, nodes, by = [], top, octave }: HistorySelector): string {
  const pairs = Object.keys(where)
    .sort()
    .map((name) => `${name}=${JSON.stringify(where[name])}`);
  const head = octave === undefined ? agg : `${agg}:${octave}`;
  const [node] = nodes ?? [];
  return [
    `${head}(${metric}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`})`,
    ...(node === undefined ? [] : [`on ${node}`]),
    ...(by.length === 0 ? [] : [`by ${by.join(",")}`]),
    ...(top === undefined ? [] : [`top ${top}`]),
  ].join(" ");
}

/** Reads what {@link figureText} wrote; `null` for anything that can't be asked. */
export function parseFigure(text: string): HistorySelector | null {
  const [, agg = "", octave, name = "", pairs, node, by, top] = FIGURE.exec(text) ?? [];
  const metric = findMetric(name);
  if (metric === undefined || !HISTORY_AGGREGATES[metric.kind].includes(agg as HistoryAggregate)) return null;
  if ((agg === "octave") !== (octave !== undefined)) return null;
  const where = pairs === undefined ? {} : parsePairs(pairs, metric);
  const splits = by === undefined ? [] : by.split(",");
  if (where === null || splits.some((split) => !splitsOf(metric).includes(split))) return null;
  const lines = top === undefined ? undefined : Number(top);
  if (lines !== undefined && (lines < 1 || lines > MOST_LINES)) return null;
  return {
    metric: name,
    agg: agg as HistoryAggregate,
    ...(octave === undefined ? {} : { octave: Number(octave) }),
    ...(Object.keys(where).length === 0 ? {} : { where }),
    ...(node === undefined ? {} : { nodes: [node] }),
    ...(splits.length === 0 ? {} : { by: splits }),
    ...(lines === undefined ? {} : { top: lines }),
  };
}

/** What figures of a metric can be split by. */
export function splitsOf(metric: MetricDefinition): readonly string[] {
  return [...metric.attributes, ...OWN_SPLITS];
}

function parsePairs(text: string, metric: MetricDefinition): Labels | null {
  const labels: Record<string, string> = {};
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < text.length) {
    const [, name = "", value = ""] = PAIR.exec(text) ?? [];
    if (!metric.attributes.includes(name)) return null;
    try {
      labels[name] = JSON.parse(value) as string;
    } catch {
      return null;
    }
  }
  return labels;
}
