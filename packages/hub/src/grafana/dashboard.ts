import type { Panel } from "./panel.ts";
import { SECTIONS } from "./panels.ts";

const COLUMNS = 24;
const PANEL_HEIGHT = 8;
/** Schema of Grafana 10.4; newer ones read it and bring it forward. */
const SCHEMA_VERSION = 39;
/** The data source is a variable of the dashboard. */
const DATASOURCE = { type: "prometheus", uid: "$datasource" };

/** A dashboard for Grafana 10 and newer, over this hub's Prometheus API or over a Prometheus that scrapes it. */
export function grafanaDashboard(): Readonly<Record<string, unknown>> {
  return {
    uid: "wsight",
    title: "wsight: WebSocket servers",
    description: "Connections, messages, latency, errors, event loop and host of processes that wsight measures",
    tags: ["wsight", "websocket", "nodejs"],
    editable: true,
    graphTooltip: 1,
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    refresh: "5s",
    time: { from: "now-15m", to: "now" },
    timepicker: { refresh_intervals: ["1s", "5s", "10s", "30s", "1m", "5m"] },
    annotations: { list: [] },
    links: [],
    templating: { list: [datasourceVariable(), ...VARIABLES] },
    panels: layOut(),
  };
}

function datasourceVariable(): unknown {
  return {
    name: "datasource",
    label: "Data source",
    type: "datasource",
    query: "prometheus",
    current: {},
    hide: 0,
    multi: false,
    includeAll: false,
    options: [],
    refresh: 1,
    regex: "",
    skipUrlSync: false,
  };
}

const VARIABLES: readonly unknown[] = [
  labelVariable("service", "Service", "label_values(process_uptime_seconds, service)"),
  labelVariable("node", "Process", 'label_values(process_uptime_seconds{service=~"$service"}, node)'),
];

function labelVariable(name: string, label: string, query: string): unknown {
  return {
    name,
    label,
    type: "query",
    datasource: DATASOURCE,
    definition: query,
    query: { query, refId: `variable-${name}` },
    allValue: ".*",
    current: { selected: true, text: ["All"], value: ["$__all"] },
    hide: 0,
    includeAll: true,
    multi: true,
    options: [],
    // When the time range changes: processes come and go.
    refresh: 2,
    regex: "",
    skipUrlSync: false,
    sort: 1,
  };
}

/** Rows of panels from left to right; a panel that does not fit begins a new row. */
function layOut(): readonly unknown[] {
  const panels: unknown[] = [];
  let y = 0;
  for (const { title, panels: own } of SECTIONS) {
    const gridPos = { h: 1, w: COLUMNS, x: 0, y };
    panels.push({ id: panels.length + 1, type: "row", title, collapsed: false, gridPos, panels: [] });
    y += 1;
    let x = 0;
    for (const panel of own) {
      if (x + panel.width > COLUMNS) {
        x = 0;
        y += PANEL_HEIGHT;
      }
      panels.push(draw(panel, panels.length + 1, { h: PANEL_HEIGHT, w: panel.width, x, y }));
      x += panel.width;
    }
    y += PANEL_HEIGHT;
  }
  return panels;
}

const TYPES: Readonly<Record<Panel["shape"], string>> = {
  lines: "timeseries",
  stacked: "timeseries",
  number: "stat",
  heatmap: "heatmap",
};

function draw(panel: Panel, id: number, gridPos: unknown): unknown {
  const { title, help, unit, shape, queries } = panel;
  return {
    id,
    type: TYPES[shape],
    title,
    description: help,
    gridPos,
    datasource: DATASOURCE,
    fieldConfig: { defaults: { unit, min: 0, custom: shape === "heatmap" ? {} : drawing(shape) }, overrides: [] },
    options: OPTIONS[shape](unit),
    targets: queries.map(({ expr, legend }, i) => ({
      refId: String.fromCharCode(65 + i),
      datasource: DATASOURCE,
      editorMode: "code",
      expr,
      legendFormat: legend,
      range: true,
      format: shape === "heatmap" ? "heatmap" : "time_series",
    })),
  };
}

function drawing(shape: "lines" | "stacked" | "number"): unknown {
  if (shape === "number") return {};
  const stacking = { mode: shape === "stacked" ? "normal" : "none", group: "A" };
  return {
    drawStyle: "line",
    lineWidth: 1,
    fillOpacity: shape === "stacked" ? 30 : 5,
    showPoints: "never",
    spanNulls: false,
    stacking,
  };
}

const TABLE_LEGEND = { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] };
const LINE_OPTIONS = { legend: TABLE_LEGEND, tooltip: { mode: "multi", sort: "desc" } };

const OPTIONS: Readonly<Record<Panel["shape"], (unit: string) => unknown>> = {
  lines: () => LINE_OPTIONS,
  stacked: () => LINE_OPTIONS,
  number: () => ({
    colorMode: "value",
    graphMode: "area",
    justifyMode: "auto",
    orientation: "auto",
    textMode: "auto",
    reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
  }),
  heatmap: (unit) => ({
    calculate: false,
    cellGap: 1,
    cellValues: { decimals: 0 },
    color: { mode: "scheme", scheme: "Oranges", exponent: 0.5, fill: "dark-orange", reverse: false, steps: 64 },
    exemplars: { color: "rgba(255,0,255,0.7)" },
    filterValues: { le: 1e-9 },
    legend: { show: true },
    rowsFrame: { layout: "auto" },
    showValue: "never",
    tooltip: { mode: "single", showColorScale: false, yHistogram: false },
    yAxis: { axisPlacement: "left", reverse: false, unit },
  }),
};
