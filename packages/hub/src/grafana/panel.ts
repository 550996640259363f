/** One line of expressions in a panel. */
export interface PanelQuery {
  readonly expr: string;
  /** Grafana's template of a line's name. */
  readonly legend: string;
}

/** One panel of the dashboard. */
export interface Panel {
  readonly title: string;
  /** What it says, for people. */
  readonly help: string;
  /** As Grafana calls it: `short`, `s`, `bytes`, `percentunit`. */
  readonly unit: string;
  readonly shape: "lines" | "stacked" | "number" | "heatmap";
  /** Of 24 columns. */
  readonly width: 4 | 6 | 8 | 12;
  readonly queries: readonly PanelQuery[];
}

/** Panels under one heading. */
export interface Section {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** The window of rates, as Grafana chooses it. */
export const WINDOW = "$__rate_interval";
