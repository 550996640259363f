import type { AlertEpisode, AlertRow, AlertRule } from "@wsight/protocol";
import type { ChartMarks } from "../app-context.ts";
import type { PlotBand, PlotLimit } from "../charts/plot-marks.ts";
import { unitOfFigure } from "../pages/alerts/rules/figure-offer.ts";
import { limitText } from "../pages/alerts/words.ts";
import { AGGREGATE_NAMES } from "../pages/history/units.ts";

/** A chart with more bands, or limits, would be nothing else. */
const MOST_BANDS = 24;
const MOST_LIMITS = 3;

/** What is taken of a gauge's readings. */
const READINGS: readonly string[] = ["last", "mean", "max", "min"];

type Figure = Parameters<ChartMarks["of"]>[0][number];

/** What of an alert a chart tells. */
interface AlertSpan {
  readonly ruleId: string;
  readonly name: string;
  readonly metric: string;
  readonly node: string | undefined;
  readonly critical: boolean;
  /** When it fired, and when it was over; `null` while it goes on. */
  readonly fromAt: number;
  readonly toAt: number | null;
}

/** Alerts that fire and fired as spans, each once. */
export function spansOf(rows: readonly AlertRow[], episodes: readonly AlertEpisode[]): readonly AlertSpan[] {
  const firing = rows.flatMap(({ firedAt, episodeId, severity, labels, ...row }) =>
    firedAt === null || episodeId === null
      ? []
      : [{ ...row, id: episodeId, node: labels.node, critical: severity === "critical", fromAt: firedAt, toAt: null }],
  );
  const known = new Set(firing.map(({ id }) => id));
  const over = episodes
    // One that nobody heard of as over fires in the table, or is older than it.
    .filter(({ id, endedAt }) => !known.has(id) && endedAt !== null)
    .map(({ severity, labels, startedAt, endedAt, ...episode }) => ({
      ...episode,
      node: labels.node,
      critical: severity === "critical",
      fromAt: startedAt,
      toAt: endedAt,
    }));
  return [...firing, ...over].map(({ ruleId, name, metric, node, critical, fromAt, toAt }) => ({
    ruleId,
    name,
    metric,
    node,
    critical,
    fromAt,
    toAt,
  }));
}

/** What alerts add to the charts of the figures that they are about. */
export function chartMarks(rules: readonly AlertRule[], spans: readonly AlertSpan[]): ChartMarks {
  return {
    of(selectors, node) {
      const own = rules.filter((rule) => rule.enabled && selectors.some((figure) => isAbout(rule, figure)));
      return { limits: limitsOf(own, selectors.length > 1), bands: bandsOf(spans, own, node) };
    },
  };
}

/** Whether a rule watches what a line shows, of all or of this node. */
function isAbout({ kind, metric, agg, filter }: AlertRule, figure: Figure): boolean {
  if (kind !== "threshold" || metric !== figure.metric) return false;
  // What of a gauge is taken matters little: its limit is one of readings.
  const same = agg === figure.agg || (READINGS.includes(agg) && READINGS.includes(figure.agg));
  const { where = {}, nodes = [] } = filter;
  const narrower = Object.entries(where).every(([name, value]) => figure.where?.[name] === value);
  return same && narrower && (nodes.length === 0 || figure.nodes?.every((node) => nodes.includes(node)) === true);
}

function limitsOf(rules: readonly AlertRule[], several: boolean): readonly PlotLimit[] {
  const found = rules.flatMap((rule): readonly PlotLimit[] => {
    const unit = unitOfFigure(rule);
    const of = several && rule.agg !== "value" ? `${AGGREGATE_NAMES[rule.agg]} ` : "";
    const line = (limit: AlertRule["warn"], word: string, color: PlotLimit["color"]): readonly PlotLimit[] =>
      limit === null
        ? []
        : [limit].flat().map((value) => ({
            value,
            label: `${of}${word} ${limitText(value, unit)}`,
            ...(color === undefined ? {} : { color }),
          }));
    return [...line(rule.warn, "limit", "warn"), ...line(rule.crit, "critical", "crit")];
  });
  return found.sort((a, b) => a.value - b.value).slice(0, MOST_LIMITS);
}

function bandsOf(spans: readonly AlertSpan[], rules: readonly AlertRule[], node: string | null): readonly PlotBand[] {
  const ids = new Set(rules.map(({ id }) => id));
  return spans
    .filter((span) => ids.has(span.ruleId) && (node === null || span.node === undefined || span.node === node))
    .slice(0, MOST_BANDS)
    .map(({ fromAt, toAt, name, node: where, critical }) => ({
      fromAt,
      toAt,
      label: where === undefined || node !== null ? name : `${name} · ${where.slice(where.indexOf("/") + 1)}`,
      color: critical ? "crit-fill" : "warn-fill",
    }));
}
