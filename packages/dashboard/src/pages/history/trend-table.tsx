import type { HistoryTrend, HistoryTrendAnswer } from "@wsight/protocol";
import type { VNode } from "preact";
import { count, type Formatter, join } from "../../format/quantity.ts";
import { figureText } from "../../history/figure-text.ts";
import type { ChartData } from "./charts-of.ts";
import { lineTitle } from "./names.ts";
import { formatOf } from "./units.ts";

interface TrendTableProps {
  readonly chart: Pick<ChartData, "title" | "results" | "unit">;
  readonly trends: ReadonlyMap<string, HistoryTrendAnswer>;
}

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;
const DAY_MS = DAY_S * 1000;
/** A p-value below it counts as a trend. */
const CLEAR_P = 0.05;

/** Where the lines of a chart are going, in figures, with the statistic named. */
export function TrendTable({ chart, trends }: TrendTableProps): VNode | null {
  const alone = chart.results.length === 1;
  const rows = chart.results.flatMap(({ selector }) => {
    const answer = trends.get(figureText(selector));
    return (answer?.lines ?? []).map(({ labels, trend }) => ({
      id: `${figureText(selector)} ${JSON.stringify(labels)}`,
      label: lineTitle(selector, labels, alone),
      trend,
      lengthMs: (answer?.toAt ?? 0) - (answer?.fromAt ?? 0),
    }));
  });
  const [first] = rows;
  if (first === undefined) return null;
  const every = first.lengthMs > 2 * DAY_MS ? "a day" : "an hour";
  const format = formatOf(chart.unit);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="table-scroll trend-table" aria-label={`${chart.title}: trend`} tabIndex={0}>
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">Trend</th>
            <th scope="col" class="num">
              Change {every}, 95 % interval
            </th>
            <th scope="col" class="num wide-cell">
              Over this time
            </th>
            <th scope="col" class="num wide-cell">
              p-value
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ id, label, trend, lengthMs }) => (
            <tr key={id}>
              <th scope="row">
                {label}
                <span class="fine">{trend === null ? " too few points" : ` ${wordOf(trend)}`}</span>
              </th>
              {trend === null ? (
                <>
                  <td class="num">–</td>
                  <td class="num wide-cell">–</td>
                  <td class="num wide-cell">–</td>
                </>
              ) : (
                <>
                  <td class="num">
                    {slopeText(format, trend.slope, lengthMs)}{" "}
                    <span class="fine">
                      {slopeText(format, trend.slopeLow, lengthMs)} to {slopeText(format, trend.slopeHigh, lengthMs)}
                    </span>
                  </td>
                  <td class="num wide-cell">{signed(format, trend.endValue - trend.startValue)}</td>
                  <td class="num wide-cell">{trend.p < 0.001 ? "< 0.001" : trend.p.toFixed(3)}</td>
                </>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="fine">
        Theil–Sen slope with Sen's 95 % interval; p of Mann–Kendall's test of no trend, corrected for points that follow
        each other.
      </p>
    </section>
  );
}

function wordOf({ slope, p }: HistoryTrend): string {
  if (p >= CLEAR_P || slope === 0) return "no clear trend";
  return slope > 0 ? "rising" : "falling";
}

/** A slope by the hour, over more than two days by the day. */
function slopeText(format: Formatter, slope: number, lengthMs: number): string {
  return signed(format, slope * (lengthMs > 2 * DAY_MS ? DAY_S : HOUR_S));
}

/** A change with its sign: `+3.2 ms`, `−40`, `0`. */
export function signed(format: Formatter, change: number): string {
  const size = Math.abs(change);
  // Of few things a part of one is a change, too.
  const text = format === count && size < 100 ? String(Number(size.toFixed(size < 1 ? 2 : 1))) : join(format(size));
  return change === 0 ? text : `${change > 0 ? "+" : "−"}${text}`;
}
