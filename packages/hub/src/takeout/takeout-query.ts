import { findMetric, HISTORY_TIERS, type MetricDefinition, type TierStep, WsightError } from "@wsight/protocol";

/** How history can be written down. */
export const TAKEOUT_FORMATS = ["ndjson", "csv", "json"] as const;
export type TakeoutFormat = (typeof TAKEOUT_FORMATS)[number];

/** Most metrics that can be named. */
const MAX_METRICS = 256;
const STEPS: Readonly<Record<string, TierStep>> = Object.fromEntries(
  HISTORY_TIERS.map(({ name, stepMs }) => [name, stepMs] as const),
);

/** What is taken out of a store. */
export interface TakeoutQuery {
  readonly format: TakeoutFormat;
  /** `null` for all. */
  readonly metrics: readonly MetricDefinition[] | null;
  /** `service/instance`; `null` for all. */
  readonly node: string | null;
  /** ms epoch. */
  readonly fromAt: number;
  /** ms epoch, exclusive. */
  readonly toAt: number;
  /**
   * One tier, or all of them: together they give the store back as it was. Without either, the finest one that
   * reaches back to `fromAt`.
   */
  readonly step: TierStep | "all" | null;
  /** Whether samples are part of it. */
  readonly samples: boolean;
  /** Whether events are. */
  readonly events: boolean;
}

/** The same as text, as it stands in an address or behind flags. */
export interface TakeoutWords {
  readonly format: string | null;
  readonly metrics: readonly string[];
  readonly node: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly step: string | null;
  readonly events: boolean;
}

/**
 * Reads what is to be taken out. NDJSON of everything is the store as it is,
 * for `import`: all tiers, and events. What narrows it, and the formats for
 * people, mean one tier; events alone when they are asked for.
 * @param name how the caller calls a word, for messages: `--from`
 * @throws WsightError `BAD_REQUEST` saying what was expected
 */
export function parseTakeout(words: TakeoutWords, now: number, name: (word: string) => string): TakeoutQuery {
  const format = TAKEOUT_FORMATS.find((one) => one === (words.format ?? "ndjson"));
  if (format === undefined) throw wrong(name("format"), `one of ${TAKEOUT_FORMATS.join(", ")}`, words.format);
  const metrics = words.metrics.length === 0 ? null : readMetrics(words.metrics, name("metric"));
  const fromAt = words.from === null ? 0 : readTime(words.from, now, name("from"));
  const toAt = words.to === null ? Number.MAX_SAFE_INTEGER : readTime(words.to, now, name("to"));
  if (!(fromAt < toAt)) throw wrong(name("to"), `a time after ${words.from}`, words.to);
  const whole = format === "ndjson" && metrics === null;
  return {
    format,
    metrics,
    node: words.node,
    fromAt,
    toAt,
    step: words.step === null ? (format === "ndjson" ? "all" : null) : readStep(words.step, name("step")),
    samples: !words.events,
    events: words.events || whole,
  };
}

function readMetrics(names: readonly string[], where: string): readonly MetricDefinition[] {
  if (names.length > MAX_METRICS) throw wrong(where, `at most ${MAX_METRICS} metrics`, String(names.length));
  return names.map((name) => {
    const metric = findMetric(name);
    if (metric === undefined) throw wrong(where, "a metric of docs/metrics.md", name);
    return metric;
  });
}

function readStep(text: string, where: string): TierStep | "all" {
  const step = text === "all" ? text : STEPS[text];
  if (step === undefined) throw wrong(where, `one of ${Object.keys(STEPS).join(", ")}, all`, text);
  return step;
}

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `2026-11-21T13:00:00Z`, ms epoch, or how long ago: `24h`. @throws WsightError `BAD_REQUEST` */
export function readTime(text: string, now: number, where: string): number {
  const ago = /^(\d{1,9})([smhd])$/.exec(text);
  if (ago !== null) return now - Number(ago[1]) * (UNITS_MS[ago[2] ?? ""] ?? 0);
  if (/^\d{10,15}$/.test(text)) return Number(text);
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at))
    throw wrong(where, "a time like 2026-11-21T13:00:00Z, ms since 1970, or 24h for that long ago", text);
  return at;
}

function wrong(where: string, what: string, got: string | null): WsightError {
  return new WsightError("BAD_REQUEST", `${where}: expected ${what}, got ${got ?? "nothing"}`);
}
