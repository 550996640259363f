import { expected, HEALTH_SLOT_MS, type Health, type HealthStrip } from "@wsight/protocol";
import { type HealthTurn, stripOf, turnOf } from "../../health/strip.ts";
import type { HistoryKeeper } from "../../history/history-keeper.ts";
import type { Route } from "../route.ts";

const HOUR_MS = 3_600_000;
const DEFAULT_HOURS = 24;
const MAX_HOURS = 168;
/** A state that lasts is told again twice a day. */
const BEFORE_MS = 24 * HOUR_MS;
/** Turns of the longest strip that are read, the newest. */
const MAX_TURNS = 10_000;

/** What the health endpoints need. */
export interface HealthRouteParts {
  readonly health: () => Health;
  /** Since this hub started, oldest first. */
  readonly turns: () => readonly HealthTurn[];
  /** `null` while no history is kept. */
  readonly askHistory: HistoryKeeper["ask"] | null;
  /** ms epoch. */
  readonly now: () => number;
}

/** How well the watched servers do: the worst of named checks, and the strip of the last day. */
export function serverHealthRoutes(parts: HealthRouteParts): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/api/health",
      access: "viewer",
      summary: "How well the watched servers do: the worst of named checks, each with value, limit, since and reason",
      handle: () => ({ json: parts.health() }),
    },
    {
      method: "GET",
      path: "/api/health/strip",
      access: "viewer",
      summary: "Health of the last hours in slots of five minutes; slots in which nothing was measured are left out",
      query: [
        {
          name: "hours",
          summary: "How far to look back",
          schema: { type: "integer", minimum: 1, maximum: MAX_HOURS, default: DEFAULT_HOURS },
        },
      ],
      handle: async ({ query, signal }) => ({ json: await readStrip(parts, readHours(query.get("hours")), signal) }),
    },
  ];
}

function readHours(text: string | null): number {
  if (text === null) return DEFAULT_HOURS;
  const hours = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (hours >= 1 && hours <= MAX_HOURS) return hours;
  throw expected("BAD_REQUEST", "hours", `a whole number from 1 to ${MAX_HOURS}`, text);
}

async function readStrip(parts: HealthRouteParts, hours: number, signal: AbortSignal): Promise<HealthStrip> {
  const toAt = parts.now();
  const fromAt = toAt - hours * HOUR_MS;
  const { askHistory } = parts;
  if (askHistory === null) return stripOf(parts.turns(), fromAt, toAt, () => true);
  const kinds = ["health.changed"] as const;
  const [before, within, measured] = await Promise.all([
    askHistory("events", { fromAt: fromAt - BEFORE_MS, toAt: fromAt, kinds, limit: 1, newestFirst: true }, { signal }),
    askHistory("events", { fromAt, toAt: toAt + 1, kinds, limit: MAX_TURNS, newestFirst: true }, { signal }),
    askHistory(
      "query",
      { fromAt, toAt, stepMs: HEALTH_SLOT_MS, points: 11_000, selectors: [{ metric: "process.uptime", agg: "max" }] },
      { signal },
    ),
  ]);
  const turns = [...before, ...within.toReversed()].flatMap((event) => turnOf(event) ?? []);
  const values = measured.results[0]?.lines[0]?.values ?? [];
  return stripOf(
    turns,
    fromAt,
    toAt,
    (at) => (values[Math.floor((at - measured.fromAt) / measured.stepMs)] ?? null) !== null,
  );
}
