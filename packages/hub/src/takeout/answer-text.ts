import type { HistoryAnswer, HistoryLine, HistoryResult } from "@wsight/protocol";
import type { TakeoutFormat } from "./takeout-query.ts";
import { csvCell } from "./takeout-text.ts";

/** One line of an answer, with what it is of. */
interface Column {
  readonly result: HistoryResult;
  readonly line: HistoryLine;
}

/** How an answer to a query is written down: CSV has a column for each line, NDJSON a line for each interval. */
export const ANSWER_TEXTS: Readonly<Record<TakeoutFormat, (answer: HistoryAnswer) => string>> = {
  csv: toCsv,
  json: (answer) => `${JSON.stringify(answer)}\n`,
  ndjson: toLines,
};

function toCsv(answer: HistoryAnswer): string {
  const columns = columnsOf(answer);
  const header = ["time (UTC)", ...columns.map(nameOf)];
  const rows = timesOf(answer).map((at, i) => [
    new Date(at).toISOString(),
    ...columns.map(({ line }) => line.values[i] ?? null),
  ]);
  return [header, ...rows].map((cells) => `${cells.map(csvCell).join(",")}\r\n`).join("");
}

function toLines(answer: HistoryAnswer): string {
  const columns = columnsOf(answer);
  const { stepMs } = answer;
  return timesOf(answer)
    .flatMap((at, i) =>
      columns.map(({ result: { selector, unit }, line: { labels, values } }) => {
        const { metric, agg } = selector;
        return `${JSON.stringify({ at, stepMs, metric, agg, unit, labels, value: values[i] ?? null })}\n`;
      }),
    )
    .join("");
}

function columnsOf({ results }: HistoryAnswer): readonly Column[] {
  return results.flatMap((result) => result.lines.map((line) => ({ result, line })));
}

function timesOf({ fromAt, toAt, stepMs }: HistoryAnswer): readonly number[] {
  return Array.from({ length: Math.max(0, Math.ceil((toAt - fromAt) / stepMs)) }, (_, i) => fromAt + i * stepMs);
}

/** `p95 websocket.server.rtt source=ping (s)` */
function nameOf({ result: { selector, unit }, line: { labels } }: Column): string {
  const values = Object.entries(labels).map(([name, value]) => ` ${name}=${value}`);
  return `${selector.agg} ${selector.metric}${values.join("")} (${unit})`;
}
