import { useEffect, useMemo, useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { formatHistory, type HistoryPlace, PRESETS, type PresetId, parseHistory } from "./place.ts";

/** The time that is looked at. */
export interface Period {
  readonly fromAt: number;
  readonly toAt: number;
  /** Its name when it goes up to now and moves on; `null` for a fixed one. */
  readonly preset: PresetId | null;
}

/** What the page shows, and the ways to change it; all of it is in the address. */
export interface PagePlace {
  readonly place: HistoryPlace;
  readonly period: Period;
  /** `service/instance`; `null` for all. */
  readonly node: string | null;
  change(part: Partial<HistoryPlace>): void;
  /** Looks at a fixed time, as far as it can be shown. */
  fix(fromAt: number, toAt: number): void;
  /** Looks at the time up to now. */
  follow(preset: PresetId): void;
  /** Asks again for a time that goes up to now. */
  refresh(): void;
}

const SECOND_MS = 1000;
/** A period is asked for anew after this part of it, but not at once; a comparison looks at many periods and waits longer. */
const AGAIN = { parts: 240, soonestMs: 15_000 };
const COMPARE_AGAIN = { parts: 60, soonestMs: 60_000 };

/** Reads the page's place from the address, and keeps a time that goes up to now moving while it is looked at. */
export function usePlace(): PagePlace {
  const { live, route, time } = useApp();
  const params = route.params.value;
  const range = route.range.value;
  const place = useMemo(() => parseHistory(params), [params]);
  const [asOf, setAsOf] = useState(() => wholeSecond(live.now.peek()));
  const { parts, soonestMs } = place.tab === "compare" ? COMPARE_AGAIN : AGAIN;
  const lengthMs = PRESETS.find(({ id }) => id === place.last)?.ms ?? 0;
  const refresh = () => setAsOf(wholeSecond(live.now.peek()));
  useEffect(() => {
    if (range !== null) return undefined;
    refresh();
    const timer = setInterval(
      () => {
        if (!document.hidden && !live.paused.peek()) refresh();
      },
      Math.max(soonestMs, lengthMs / parts),
    );
    return () => clearInterval(timer);
  }, [range, lengthMs, parts, soonestMs]);
  const period = useMemo<Period>(
    () => (range === null ? { fromAt: asOf - lengthMs, toAt: asOf, preset: place.last } : { ...range, preset: null }),
    [range, asOf, lengthMs, place.last],
  );
  return {
    place,
    period,
    node: route.node.value,
    change: (part) =>
      route.navigate(
        { params: formatHistory({ ...parseHistory(route.params.peek()), ...part }) },
        { replace: part.tab === undefined },
      ),
    fix: (fromAt, toAt) => time.lookAt({ fromAt, toAt }),
    follow: (last) =>
      route.navigate({ range: null, params: formatHistory({ ...parseHistory(route.params.peek()), last }) }),
    refresh,
  };
}

function wholeSecond(at: number): number {
  return Math.floor((at > 0 ? at : Date.now()) / SECOND_MS) * SECOND_MS;
}
