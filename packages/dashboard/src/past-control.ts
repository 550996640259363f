import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { LIVE_HISTORY_MS, WsightError } from "@wsight/protocol";
import type { Toasts } from "./components/toast-queue.ts";
import { browserClock } from "./connection/environment.ts";
import type { PastReader } from "./past/past-reader.ts";
import type { LiveState, Route, TimeRange } from "./state/index.ts";

/** Shortest stretch of the past that is looked at, ms: below it a heatmap has more columns than there are seconds. */
export const SHORTEST_MS = 60_000;
/** Longest one, ms: as long as hours are kept. */
const LONGEST_MS = 400 * 86_400_000;

/** Lengths of time that can be chosen with one press; the first two are held live. */
export const WINDOWS: readonly { readonly ms: number; readonly label: string; readonly title: string }[] = [
  { ms: 300_000, label: "5m", title: "Last 5 minutes" },
  { ms: LIVE_HISTORY_MS, label: "15m", title: "Last 15 minutes" },
  { ms: 3_600_000, label: "1h", title: "Last hour" },
  { ms: 21_600_000, label: "6h", title: "Last 6 hours" },
  { ms: 86_400_000, label: "24h", title: "Last 24 hours" },
  { ms: 604_800_000, label: "7d", title: "Last 7 days" },
  { ms: 2_592_000_000, label: "30d", title: "Last 30 days" },
];

/** The time that the page looks at. */
export interface PastControl {
  /** Whether there is history to look at; `null` until the hub said so. */
  readonly kept: ReadonlySignal<boolean | null>;
  /** Why it did not come; `null` while all is well. */
  readonly fault: ReadonlySignal<WsightError | null>;
  /** Moves the page to a stretch of time, cut to what can be shown; says why it can't. @param replace no new entry in the browser's history */
  lookAt(range: TimeRange, replace?: boolean): void;
  /** Shows a stretch as long as this: the newest, or of the past the one that ends where the shown one does. */
  show(windowMs: number): void;
  /** Back to now, with the window there was before, and going on if it was paused. */
  goLive(): void;
  /** Reads again what did not come. */
  retry(): void;
}

/** What a {@link PastControl} is made from. */
interface PastControlParts {
  readonly live: LiveState;
  readonly route: Route;
  readonly toasts: Toasts;
}

/** Follows the range in the address; what reads history is fetched when it is first wanted. */
export function createPastControl({ live, route, toasts }: PastControlParts): PastControl {
  const fault: Signal<WsightError | null> = signal<WsightError | null>(null);
  let reader: Promise<PastReader> | null = null;
  effect(() => {
    if (route.range.value === null || reader !== null) return;
    live.reading.value = true;
    reader = import("./past/start.ts").then(({ startPastReader }) =>
      startPastReader({ live, range: route.range, fault, clock: browserClock() }),
    );
    reader.catch(() => {
      live.reading.value = false;
      fault.value = new WsightError("INTERNAL", "the page may have been updated while it was open: reload it");
    });
  });
  // An address may end after now: a notice's link does that, which is followed while the alert still goes on.
  effect(() => {
    const range = route.range.value;
    if (range === null || live.status.value.lastAt === null) return;
    const now = live.now.peek();
    if (range.toAt <= now || range.fromAt >= now) return;
    route.navigate({ range: clampRange({ fromAt: range.fromAt, toAt: now }, now) }, { replace: true });
  });
  const kept = computed(() => {
    const hub = live.table("hub").value;
    return hub === null ? null : hub.store.state !== "off";
  });
  const lookAt = (range: TimeRange, replace = false) => {
    if (kept.peek() === false) toasts.show("This hub keeps no history: the last 15 minutes are all there is", "crit");
    else route.navigate({ range: clampRange(range, live.now.peek()) }, { replace });
  };
  return {
    kept,
    lookAt,
    show(windowMs) {
      const range = route.range.peek();
      if (range === null && windowMs <= LIVE_HISTORY_MS) return route.navigate({ windowMs });
      const toAt = range?.toAt ?? live.now.peek();
      lookAt({ fromAt: toAt - windowMs, toAt });
    },
    fault,
    goLive() {
      batch(() => {
        live.paused.value = false;
        if (route.range.peek() !== null) route.navigate({ range: null });
      });
    },
    retry() {
      reader?.then(
        (started) => started.retry(),
        () => location.reload(),
      );
    },
  };
}

/** The stretch in whole seconds, not too short or long, and none of it after `now`. */
export function clampRange({ fromAt, toAt }: TimeRange, now: number): TimeRange {
  const lengthMs = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, Math.round((toAt - fromAt) / 1000) * 1000));
  const middle = (fromAt + toAt) / 2;
  const end = Math.min(Math.floor(now / 1000) * 1000, Math.round((middle + lengthMs / 2) / 1000) * 1000);
  return { fromAt: end - lengthMs, toAt: end };
}
