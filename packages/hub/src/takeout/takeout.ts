import type { HistoryEvent, TierStep } from "@wsight/protocol";
import type { Sample } from "../store/sample.ts";
import type { Store } from "../store/store.ts";
import type { TakeoutQuery } from "./takeout-query.ts";

const HOUR_MS: TierStep = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Events of one page. */
const EVENT_PAGE = 1_000;
/** Events of one millisecond that are told at most. */
const MAX_EVENT_PAGE = 64_000;

/** What a takeout needs of a store. */
export type TakeoutStore = Pick<Store, "read" | "ask" | "stats">;

/** What is about to come. */
export interface TakeoutPlan {
  /** Start of what is there, ms epoch; as asked when nothing is. */
  readonly fromAt: number;
  /** End of what is there, ms epoch. */
  readonly toAt: number;
  /** What each tier that is read has of the time asked for, finest first. */
  readonly extents: readonly TakeoutExtent[];
  /** The same of the coarsest tier, be it read or not; `null` when it holds nothing. */
  readonly coarsest: TakeoutExtent | null;
}

/** Some time of one tier. */
interface TakeoutExtent {
  readonly stepMs: TierStep;
  readonly fromAt: number;
  readonly toAt: number;
}

/** A part of a takeout. */
export type TakeoutPart =
  | { readonly type: "samples"; readonly samples: readonly Sample[] }
  | { readonly type: "events"; readonly events: readonly HistoryEvent[] };

/** Decides which tiers are read, and in which pieces. */
export async function planTakeout(store: TakeoutStore, query: TakeoutQuery): Promise<TakeoutPlan> {
  const { tiers } = await store.stats();
  const extents = tiers.flatMap(({ stepMs, oldestAt, newestAt }) => {
    if (oldestAt === null || newestAt === null) return [];
    const fromAt = Math.max(oldestAt, floorTo(query.fromAt, stepMs));
    const toAt = Math.min(newestAt + stepMs, query.toAt);
    return fromAt < toAt ? [{ stepMs, oldestAt, fromAt, toAt }] : [];
  });
  return {
    fromAt: Math.min(...(extents.length === 0 ? [query.fromAt] : extents.map(({ fromAt }) => fromAt))),
    toAt: Math.max(...(extents.length === 0 ? [query.fromAt] : extents.map(({ toAt }) => toAt))),
    extents: query.samples ? choose(extents, query) : [],
    coarsest: extents.find(({ stepMs }) => stepMs === HOUR_MS) ?? null,
  };
}

interface Extent extends TakeoutExtent {
  readonly oldestAt: number;
}

function choose(extents: readonly Extent[], { step, fromAt }: TakeoutQuery): readonly Extent[] {
  if (step === "all") return extents;
  if (step !== null) return extents.filter(({ stepMs }) => stepMs === step);
  const oldestAt = Math.min(...extents.map((extent) => extent.oldestAt));
  // The start of a coarse interval lies before that of the fine ones within it.
  const wanted = Math.max(fromAt, oldestAt);
  const reaching = extents.find((extent) => extent.oldestAt - wanted < lengthAt(extents));
  return reaching === undefined ? extents.slice(-1) : [reaching];
}

function lengthAt(extents: readonly Extent[]): number {
  return extents.at(-1)?.stepMs ?? 0;
}

/**
 * What is read, in order of time, as pieces of at most a day. Within each the
 * finest tier comes first, so that an import, where what is written last
 * counts, ends up with each tier as it was, also where seconds have gone and
 * their minutes have stayed.
 */
function* windowsOf(extents: readonly TakeoutExtent[], fromAt: number, toAt: number): Generator<TakeoutExtent> {
  const isFine = extents.some((extent) => extent.stepMs < 60_000 && extent.toAt > fromAt && extent.fromAt < toAt);
  const lengthMs = isFine ? HOUR_MS : DAY_MS;
  for (let at = fromAt; at < toAt; at += lengthMs) {
    for (const { stepMs, ...extent } of extents) {
      const window = { stepMs, fromAt: Math.max(at, extent.fromAt), toAt: Math.min(at + lengthMs, extent.toAt) };
      if (window.fromAt < window.toAt) yield window;
    }
  }
}

/** Everything that is taken out, a page at a time: memory is that of a page. */
export async function* takeOut(
  store: TakeoutStore,
  query: TakeoutQuery,
  plan: TakeoutPlan,
  signal: AbortSignal,
): AsyncGenerator<TakeoutPart> {
  const { metrics, node } = query;
  const narrowed = {
    ...(metrics === null ? {} : { metrics: metrics.map(({ name }) => name) }),
    ...(node === null ? {} : { node }),
  };
  const fromAt = Math.min(...plan.extents.map((extent) => extent.fromAt));
  const toAt = Math.max(...plan.extents.map((extent) => extent.toAt));
  for (let day = floorTo(fromAt, DAY_MS); day < toAt; day += DAY_MS) {
    const whole = { stepMs: HOUR_MS, fromAt: day, toAt: day + DAY_MS } as const;
    if (covers(plan.coarsest, whole) && (await isEmpty(store.read({ ...whole, ...narrowed }, { signal })))) continue;
    for (const window of windowsOf(plan.extents, day, day + DAY_MS)) {
      for await (const samples of store.read({ ...window, ...narrowed }, { signal }))
        yield { type: "samples", samples };
    }
  }
  if (!query.events) return;
  for await (const events of eventPages(store, query, signal)) yield { type: "events", events };
}

/**
 * Whether a tier has all that finer ones have of a day, as what is fine is put
 * together for it; then a day that is empty there need not be looked through
 * hour by hour. One bad clock can put years between two samples.
 */
function covers(coarsest: TakeoutExtent | null, { fromAt, toAt }: TakeoutExtent): boolean {
  return coarsest !== null && coarsest.fromAt <= fromAt && coarsest.toAt >= toAt;
}

async function isEmpty(pages: AsyncIterable<readonly Sample[]>): Promise<boolean> {
  for await (const page of pages) if (page.length > 0) return false;
  return true;
}

/** Events have no cursor but their time: those of the last millisecond of a full page come with the next. */
async function* eventPages(
  store: TakeoutStore,
  { fromAt, toAt, node }: TakeoutQuery,
  signal: AbortSignal,
): AsyncGenerator<readonly HistoryEvent[]> {
  let at = fromAt;
  let limit = EVENT_PAGE;
  while (at < toAt) {
    const range = { fromAt: at, toAt, limit, ...(node === null ? {} : { node }) };
    const page = await store.ask("events", range, { signal });
    const lastAt = page.at(-1)?.at;
    if (lastAt === undefined) return;
    if (page.length < limit) {
      yield page;
      return;
    }
    if (lastAt === at && limit < MAX_EVENT_PAGE) limit *= 4;
    else {
      const told = lastAt === at ? page : page.filter((event) => event.at < lastAt);
      yield told;
      at = lastAt === at ? at + 1 : lastAt;
      limit = EVENT_PAGE;
    }
  }
}

function floorTo(at: number, stepMs: number): number {
  return Math.floor(at / stepMs) * stepMs;
}
