import type { HistorySelector, Selector } from "@wsight/protocol";
import type { Formatter } from "../format/quantity.ts";

/** The numbers of a chart, newest first. */
export interface ChartTable {
  readonly title: string;
  /** What the rows are, when they are not moments: the head of their labels. */
  readonly rowHead?: string;
  readonly columns: readonly string[];
  /** Of the values of each column, in base units: the unit, or how they are formatted, which tells it; `null` for words. */
  readonly units?: readonly (string | Formatter | null)[];
  readonly rows: readonly {
    readonly at: number;
    readonly label: string;
    readonly values: readonly (number | string | null)[];
    readonly texts: readonly string[];
  }[];
}

/** What a chart's menu needs of it. */
export interface ChartMenuProps {
  readonly title: string;
  /** Takes the numbers when somebody asks for them. */
  readonly table: () => ChartTable;
  /** What its lines show, when their past can be looked at on the page History; not given there itself. */
  readonly selectors?: readonly Selector[];
  /** The same as figures of the past, on the page History itself. */
  readonly figures?: readonly HistorySelector[];
  /** The fixed time it shows, ms epoch, if the address does not say it. */
  readonly range?: { readonly fromAt: number; readonly toAt: number };
}

/** What can be done with a chart. */
export type ChartAction =
  | "view"
  | "open"
  | "compare"
  | "alert"
  | "copyMoment"
  | "copyLive"
  | "saveCsv"
  | "saveJson"
  | "savePng";
