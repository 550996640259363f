import type { HistoryEventKind, HistorySelector } from "@wsight/protocol";
import { HISTORY_EVENT_KINDS } from "@wsight/protocol";
import { figureText, parseFigure } from "../../history/figure-text.ts";

/** Most figures that are looked at together. */
export const MOST_FIGURES = 6;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Times up to now that can be chosen with one press. */
export const PRESETS: readonly { readonly id: PresetId; readonly ms: number; readonly label: string }[] = [
  { id: "1h", ms: HOUR_MS, label: "1 h" },
  { id: "24h", ms: DAY_MS, label: "24 h" },
  { id: "7d", ms: 7 * DAY_MS, label: "7 d" },
  { id: "30d", ms: 30 * DAY_MS, label: "30 d" },
];

/** Name of a time up to now. */
export type PresetId = "1h" | "24h" | "7d" | "30d";

const TAB_IDS = ["explore", "compare", "events"] as const;
/** Part of the page. */
export type TabId = (typeof TAB_IDS)[number];

/** What a period is compared with: the same length right before it, a day or a week earlier, or from an instant, ms epoch. */
export type Versus = "previous" | "day" | "week" | number;

/** What the page shows, as far as its address says it in words of its own. */
export interface HistoryPlace {
  readonly tab: TabId;
  readonly figures: readonly HistorySelector[];
  /** Figures of the address that make no sense, as they stand there. */
  readonly refused: readonly string[];
  /** The time up to now that is looked at while the address names no absolute one. */
  readonly last: PresetId;
  /** Whether straight lines tell where each figure is going. */
  readonly trend: boolean;
  readonly versus: Versus;
  /** Whether the figures themselves are compared, and not those that tell how a period went. */
  readonly own: boolean;
  /** Kinds of events that are listed; none for all. */
  readonly kinds: readonly HistoryEventKind[];
}

type Params = Readonly<Record<string, string>>;

/** What is looked at when the address names nothing. */
export const FIRST_FIGURES: readonly HistorySelector[] = [
  { metric: "websocket.server.active_connections", agg: "mean" },
  { metric: "websocket.server.messages", agg: "rate", by: ["direction"] },
  { metric: "websocket.server.message.latency", agg: "p95" },
];

/** Reads the page's part of an address; what makes no sense counts as not there. */
export function parseHistory(params: Params): HistoryPlace {
  const texts = Array.from({ length: MOST_FIGURES }, (_, index) => params[`f${index + 1}`] ?? "").filter(Boolean);
  const read = texts.map((text) => ({ text, figure: parseFigure(text) }));
  const figures = read.flatMap(({ figure }) => (figure === null ? [] : [figure]));
  return {
    tab: TAB_IDS.find((id) => id === params.tab) ?? "explore",
    figures: params.none === "1" ? [] : figures.length === 0 ? FIRST_FIGURES : figures,
    refused: read.flatMap(({ text, figure }) => (figure === null ? [text] : [])),
    last: PRESETS.find(({ id }) => id === params.last)?.id ?? "1h",
    trend: params.trend === "1",
    versus: parseVersus(params.vs),
    own: params.own === undefined ? params.tab === "compare" && figures.length > 0 : params.own === "1",
    kinds: HISTORY_EVENT_KINDS.filter((kind) => (params.kinds ?? "").split(",").includes(kind)),
  };
}

/** Writes the page's part of an address, its defaults left out. */
export function formatHistory(place: HistoryPlace): Params {
  const figures = place.figures.map(figureText);
  const first = FIRST_FIGURES.map(figureText);
  const entries: [string, string][] = [
    ["tab", place.tab === "explore" ? "" : place.tab],
    ["last", place.last === "1h" ? "" : place.last],
    ["trend", place.trend ? "1" : ""],
    ["vs", place.versus === "previous" ? "" : String(place.versus)],
    ["own", place.tab !== "compare" ? "" : place.own ? "1" : "0"],
    ["kinds", place.kinds.join(",")],
    ["none", figures.length === 0 ? "1" : ""],
    ...(figures.join("\n") === first.join("\n")
      ? []
      : figures.slice(0, MOST_FIGURES).map((text, index): [string, string] => [`f${index + 1}`, text])),
  ];
  return Object.fromEntries(entries.filter(([, value]) => value !== ""));
}

function parseVersus(text: string | undefined): Versus {
  if (text === "day" || text === "week") return text;
  const at = Number(text ?? Number.NaN);
  return Number.isFinite(at) && at > 0 && at < 1e14 ? at : "previous";
}

/** Where the other period begins, ms epoch. */
export function otherFrom(versus: Versus, fromAt: number, toAt: number): number {
  if (typeof versus === "number") return versus;
  return fromAt - { previous: toAt - fromAt, day: DAY_MS, week: 7 * DAY_MS }[versus];
}
