import type { ReadonlySignal, Signal } from "@preact/signals";
import type { HistorySelector } from "@wsight/protocol";
import { type Context, createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Surface } from "./charts/canvas.ts";
import type { Cursor } from "./charts/cursor.ts";
import type { Painter } from "./charts/painter.ts";
import type { Palette } from "./charts/palette.ts";
import type { PlotBand, PlotLimit } from "./charts/plot-marks.ts";
import type { DataTable } from "./components/table-data.ts";
import type { Toasts } from "./components/toast-queue.ts";
import type { Clock } from "./format/clock.ts";
import type { PastControl } from "./past-control.ts";
import type { Keyboard, LiveState, Preferences, Route, Theme } from "./state/index.ts";

/** Which of the dialogs is open. The sign-in sheet is not one of them: it follows the connection. */
export type OpenDialog = "palette" | "help" | null;

/** What others than the rail draw on it. */
export interface RailMarks {
  /** Draws; `xOf` tells where an instant, ms epoch, stands. */
  draw(surface: Surface, xOf: (at: number) => number): void;
  /** What is marked, for people who listen to the page. */
  readonly label: string;
}

/** What alerts add to charts. */
export interface ChartMarks {
  /** Limits, the lowest first, and times in which they were passed. @param node that alone is looked at; `null` for all */
  of(
    selectors: readonly Pick<HistorySelector, "metric" | "agg" | "where" | "nodes">[],
    node: string | null,
  ): { readonly limits: readonly PlotLimit[]; readonly bands: readonly PlotBand[] };
}

/** Everything the components of one page share, made once in `main.tsx`. */
export interface App {
  readonly live: LiveState;
  readonly route: Route;
  readonly theme: Theme;
  readonly preferences: Preferences;
  readonly keyboard: Keyboard;
  readonly palette: ReadonlySignal<Palette>;
  readonly clock: ReadonlySignal<Clock>;
  readonly painter: Painter;
  /** Moves the page to other times and back. */
  readonly time: PastControl;
  /** Length of what charts show, ms: the chosen window, less while nothing older is known, or that of the past. */
  readonly viewMs: ReadonlySignal<number>;
  readonly cursor: Cursor;
  /** When tests were run; `null` while that is not known. */
  readonly railMarks: Signal<RailMarks | null>;
  /** Limits of rules and times of alerts; `null` while they are not known. */
  readonly chartMarks: Signal<ChartMarks | null>;
  readonly toasts: Toasts;
  readonly dialog: Signal<OpenDialog>;
  /** A chart's numbers as a table, while somebody reads them. */
  readonly dataTable: Signal<DataTable | null>;
  /** Time by this machine, ms, once a second: for ages and countdowns that go on while no data comes. */
  readonly second: ReadonlySignal<number>;
  /** Says something to people who listen to the page; what comes within 150 ms replaces it. */
  say(text: string): void;
  /** What was said last. */
  readonly said: ReadonlySignal<string>;
  /** Puts text on the clipboard and says so. */
  copy(text: string, what: string): void;
}

/** Hands the {@link App} down. */
export const AppContext: Context<App | null> = createContext<App | null>(null);

/** The app this component belongs to. @throws Error outside of {@link AppContext} */
export function useApp(): App {
  const app = useContext(AppContext);
  if (app === null) throw new Error("useApp: expected an AppContext above this component");
  return app;
}
