import type { App } from "../app-context.ts";
import { toCsv } from "../format/csv.ts";
import { fileName, saveFile } from "../format/download.ts";
import { byteRate, bytes, count, duration, type Formatter, perMinute, rate, share } from "../format/quantity.ts";
import { figureText } from "../history/figure-text.ts";
import { figuresOfLines } from "../history/past-of.ts";
import { drawPicture } from "./chart-image.ts";
import type { ChartAction, ChartMenuProps, ChartTable } from "./chart-table.ts";

/** What values are in before they are formatted. */
const UNITS: ReadonlyMap<Formatter, string> = new Map<Formatter, string>([
  [bytes, "By"],
  [byteRate, "By/s"],
  [count, ""],
  [duration, "s"],
  [perMinute, "1/min"],
  [rate, "1/s"],
  [share, "ratio"],
]);
/** Figures of one address of the page History. */
const MOST_FIGURES = 6;

/** What an action works with. */
interface Ordered {
  readonly app: App;
  readonly props: ChartMenuProps;
  /** The numbers as they were when it was asked for. */
  readonly table: ChartTable;
  readonly card: HTMLElement | null;
}

const ACTIONS: Readonly<Record<ChartAction, (ordered: Ordered) => void>> = {
  view: ({ app, props, table }) => {
    app.dataTable.value = {
      title: props.title,
      columns: [table.rowHead ?? "Time", ...table.columns],
      rows: table.rows.map(({ label, texts }) => [label, ...texts]),
    };
  },
  open: ({ app, props }) => openHistory(app, props, false),
  compare: ({ app, props }) => openHistory(app, props, true),
  alert: ({ app, props: { selectors = [], figures = [] } }) => {
    const [figure] = selectors.length > 0 ? figuresOfLines(selectors) : figures;
    if (figure === undefined) return;
    const params = { tab: "rules", rule: "new", figure: figureText(figure) };
    app.route.navigate({ page: "alerts", params, range: null });
  },
  copyMoment: ({ app, props: { range } }) => {
    const { route, live } = app;
    const link = range === undefined ? route.linkTo("moment", live.now.peek()) : route.hrefTo({ range });
    app.copy(link, "Link to this moment");
  },
  copyLive: ({ app }) => app.copy(app.route.linkTo("live", app.live.now.peek()), "Always-live link"),
  saveCsv: ({ props, table }) => saveFile(fileName(props.title, "csv"), "text/csv", csvOf(table)),
  saveJson: ({ props, table }) => saveFile(fileName(props.title, "json"), "application/json", toJson(table)),
  savePng: ({ app, props, card }) => savePicture(app, props.title, card),
};

/** Does it. @param table the numbers as they were when it was asked for */
export function runChartAction(
  action: ChartAction,
  app: App,
  props: ChartMenuProps,
  table: ChartTable,
  menu: HTMLElement | null,
): void {
  ACTIONS[action]({ app, props, table, card: menu?.closest<HTMLElement>(".card") ?? null });
}

/** Names of the columns with their units: `p95 (s)`. */
function headsOf({ columns, units = [] }: ChartTable): readonly string[] {
  return columns.map((column, index) => {
    const unit = unitOf(units[index]);
    return unit === "" ? column : `${column} (${unit})`;
  });
}

/** The numbers of a chart, in base units, as CSV whose heads say them. */
export function csvOf(table: ChartTable): string {
  const { rowHead, rows } = table;
  const cells = rows.map(({ at, label, values }) => [
    rowHead === undefined ? new Date(at).toISOString() : label,
    ...values,
  ]);
  return toCsv([rowHead?.toLowerCase() ?? "time", ...headsOf(table)], cells);
}

/** The numbers of a chart, in base units, as JSON that says what they are. */
export function toJson(table: ChartTable): string {
  const { title, rowHead, columns, units = [], rows } = table;
  return JSON.stringify(
    {
      title,
      columns: columns.map((name, index) => ({ name, unit: unitOf(units[index]) })),
      rows: rows.map(({ at, label, values }) =>
        rowHead === undefined
          ? { time: new Date(at).toISOString(), values }
          : { [rowHead.toLowerCase()]: label, values },
      ),
    },
    null,
    1,
  );
}

function unitOf(unit: string | Formatter | null | undefined): string {
  return typeof unit === "function" ? (UNITS.get(unit) ?? "") : (unit ?? "");
}

/** Over the time that is looked at: a fixed one stays; a live one becomes the last hour, or, to be compared, fixed. */
function openHistory(
  { route, live }: App,
  { selectors = [], figures: known = [] }: ChartMenuProps,
  compare: boolean,
): void {
  const asked = selectors.length > 0 ? figuresOfLines(selectors) : known;
  const figures = asked.slice(0, MOST_FIGURES).map(figureText);
  const { last } = route.params.peek();
  const here = selectors.length === 0;
  const now = Math.floor(live.now.peek() / 1000) * 1000;
  const shown = { fromAt: now - route.windowMs.peek(), toAt: now };
  route.navigate({
    page: "history",
    range: route.range.peek() ?? (compare && !here ? shown : null),
    params: {
      ...Object.fromEntries(figures.map((text, index) => [`f${index + 1}`, text])),
      ...(compare ? { tab: "compare" } : {}),
      ...(here && last !== undefined ? { last } : {}),
    },
  });
}

function savePicture(app: App, title: string, card: HTMLElement | null): void {
  const canvas = card === null ? null : drawPicture(card, title, app.palette.peek());
  if (canvas === null) {
    app.toasts.show("There is no picture to download yet", "crit");
    return;
  }
  canvas.toBlob((blob) => {
    if (blob === null) app.toasts.show("The browser could not make a picture of this chart", "crit");
    else saveFile(fileName(title, "png"), "image/png", blob);
  }, "image/png");
}
