import type { Labels, RouteRow } from "@wsight/protocol";
import { countOfGroup, RATE_SECONDS, rateOfGroup, windowOfGroup } from "./group-figures.ts";
import { SeriesGroups } from "./series-groups.ts";
import type { SeriesIndex } from "./series-index.ts";
import { compareNames, firstRows, sharedLast } from "./shared-last.ts";
import type { TrackedCounter, TrackedHistogram } from "./tracked.ts";
import { TABLE_WINDOW_SECONDS, type WindowShelf } from "./window-shelf.ts";

const MAX_ROWS = 100;
const DURATION = "http.server.request.duration";

const routeKey = (labels: Labels): string => `${labels["http.request.method"] ?? ""}\n${labels["http.route"] ?? ""}`;

/** Replies of one class of status codes: `4` or `5`. */
const ofClass =
  (digit: string) =>
  (labels: Labels): string | null =>
    labels["http.response.status_code"]?.startsWith(digit) ? routeKey(labels) : null;

/** What all routes are ordered by. */
type Busy = Pick<RouteRow, "method" | "route" | "rate" | "total"> & { readonly key: string };

/** Makes the rows of the `routes` table: routes over all servers, nodes and status codes. */
export class RouteRows {
  readonly #requests: SeriesGroups<TrackedHistogram>;
  readonly #clientErrors: SeriesGroups<TrackedHistogram>;
  readonly #serverErrors: SeriesGroups<TrackedHistogram>;
  readonly #aborted: SeriesGroups<TrackedCounter>;
  readonly #windows: WindowShelf;

  constructor(index: SeriesIndex, windows: WindowShelf) {
    this.#windows = windows;
    this.#requests = new SeriesGroups(index, DURATION, routeKey);
    this.#clientErrors = new SeriesGroups(index, DURATION, ofClass("4"));
    this.#serverErrors = new SeriesGroups(index, DURATION, ofClass("5"));
    this.#aborted = new SeriesGroups(index, "http.server.aborted_requests", routeKey);
  }

  /** The busiest routes, `_other` last. */
  rows(second: number): readonly RouteRow[] {
    const all = this.#collect(second).sort(busierFirst);
    const whole = all.reduce((sum, { rate }) => sum + rate, 0);
    return firstRows(all, MAX_ROWS, ({ route }) => route).map((busy) => this.#row(busy, whole, second));
  }

  /** Those whose processes are there; one whose requests were all cut off is among them. */
  #collect(second: number): Busy[] {
    const rows: Busy[] = [];
    for (const key of new Set([...this.#requests.all.keys(), ...this.#aborted.all.keys()])) {
      const group = this.#requests.all.get(key);
      const total = countOfGroup(group, second);
      const rate = rateOfGroup(group, second, RATE_SECONDS);
      if (total === null && rate === 0 && this.#perMinute(this.#aborted, key, second) === 0) continue;
      const [method = "", route = ""] = key.split("\n");
      rows.push({ key, method, route, rate, total: total ?? 0 });
    }
    return rows;
  }

  #row({ key, method, route, rate, total }: Busy, whole: number, second: number): RouteRow {
    const window = windowOfGroup(this.#windows, this.#requests, key, second);
    return {
      method,
      route,
      rate,
      share: whole > 0 ? rate / whole : 0,
      total,
      p50: window?.quantile(0.5) ?? null,
      p95: window?.quantile(0.95) ?? null,
      serverErrorsPerMinute: this.#perMinute(this.#serverErrors, key, second),
      clientErrorsPerMinute: this.#perMinute(this.#clientErrors, key, second),
      abortedPerMinute: this.#perMinute(this.#aborted, key, second),
    };
  }

  #perMinute(groups: SeriesGroups<TrackedCounter | TrackedHistogram>, key: string, second: number): number {
    return rateOfGroup(groups.all.get(key), second, TABLE_WINDOW_SECONDS) * 60;
  }
}

function busierFirst(a: Busy, b: Busy): number {
  return sharedLast(a.route, b.route) || b.rate - a.rate || b.total - a.total || compareNames(a.key, b.key);
}
