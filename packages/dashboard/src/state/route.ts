import { batch, type ReadonlySignal, signal } from "@preact/signals";

/** The part of `window` that is used. */
export interface WindowLike {
  readonly location: { readonly href: string };
  readonly history: {
    pushState(data: unknown, unused: string, url: string): void;
    replaceState(data: unknown, unused: string, url: string): void;
  };
  addEventListener(type: "hashchange" | "popstate", listener: () => void): void;
  removeEventListener(type: "hashchange" | "popstate", listener: () => void): void;
}

/** A fixed stretch of time, ms epoch. */
export interface TimeRange {
  readonly fromAt: number;
  readonly toAt: number;
}

/** Everything the address says. */
export interface Place {
  /** First word of the path: `overview`. */
  readonly page: string;
  /** Length of the live window, ms. */
  readonly windowMs: number;
  /** `service/instance`, or `null` for all. */
  readonly node: string | null;
  /** A fixed range instead of the live window, or `null`. */
  readonly range: TimeRange | null;
  /** Whatever else stands in the query; pages own their names. */
  readonly params: Readonly<Record<string, string>>;
}

/** Page, window, node and range, all of them in the address. */
export interface Route {
  readonly page: ReadonlySignal<string>;
  readonly windowMs: ReadonlySignal<number>;
  readonly node: ReadonlySignal<string | null>;
  readonly range: ReadonlySignal<TimeRange | null>;
  readonly params: ReadonlySignal<Readonly<Record<string, string>>>;
  /** Changes what is named and keeps the rest. @param options `replace`: no new history entry; default false */
  navigate(change: Partial<Place>, options?: { readonly replace?: boolean }): void;
  /** Address for a plain link to a place: what is named changes, the rest stays. */
  hrefTo(change: Partial<Place>): string;
  /**
   * The absolute address of what is on screen. `moment`: the window that ends
   * at `now` (ms), the same whenever it is opened; `live`: always the newest.
   */
  linkTo(kind: "moment" | "live", now: number): string;
  /** Stops following the address. */
  close(): void;
}

/** Page shown when the address names none. */
const HOME_PAGE = "overview";
/** Window when the address names none, ms. */
const DEFAULT_WINDOW_MS = 300_000;

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const LONGEST_WINDOW_MS = 30 * 86_400_000;
const LONGEST_NODE = 129;
const OWN = ["w", "node", "from", "to"];

/** Follows the address of a window. Anything in it that makes no sense reads as not there. */
export function createRoute(target: WindowLike = window): Route {
  const first = parsePlace(target.location.href);
  const page = signal(first.page);
  const windowMs = signal(first.windowMs);
  const node = signal(first.node);
  const range = signal(first.range);
  const params = signal(first.params);
  let place = first;

  function show(next: Place): void {
    place = next;
    batch(() => {
      page.value = next.page;
      windowMs.value = next.windowMs;
      node.value = next.node;
      if (!sameRange(range.peek(), next.range)) range.value = next.range;
      if (JSON.stringify(params.peek()) !== JSON.stringify(next.params)) params.value = next.params;
    });
  }
  const follow = () => show(parsePlace(target.location.href));
  target.addEventListener("hashchange", follow);
  target.addEventListener("popstate", follow);

  // Absolute, because relative addresses follow the page's <base> and not its own address.
  const absolute = (hash: string) => target.location.href.split("#", 1)[0] + hash;
  return {
    page,
    windowMs,
    node,
    range,
    params,
    navigate(change, options = {}) {
      const next = { ...place, ...change };
      const url = absolute(formatPlace(next));
      if (options.replace === true) target.history.replaceState(null, "", url);
      else if (url !== target.location.href) target.history.pushState(null, "", url);
      show(next);
    },
    hrefTo(change) {
      // Whoever shows the link shows another one when what it keeps is another.
      windowMs.value;
      node.value;
      range.value;
      return absolute(formatPlace({ ...place, ...change }));
    },
    linkTo(kind, now) {
      if (kind === "live") return absolute(formatPlace({ ...place, range: null }));
      const shown = place.range ?? { fromAt: Math.round(now - place.windowMs), toAt: Math.round(now) };
      return absolute(formatPlace({ ...place, range: shown }));
    },
    close() {
      target.removeEventListener("hashchange", follow);
      target.removeEventListener("popstate", follow);
    },
  };
}

/** Reads a place from an address with `#/page?query`. */
export function parsePlace(href: string): Place {
  const hash = href.slice(href.indexOf("#") + 1);
  const [path = "", query = ""] = href.includes("#/") ? hash.split("?", 2) : [];
  const search = new URLSearchParams(query);
  const node = search.get("node");
  const params: Record<string, string> = {};
  for (const [name, value] of search) if (!OWN.includes(name)) params[name] = value;
  return {
    page: /^\/([a-z][a-z-]{0,30})/.exec(path)?.[1] ?? HOME_PAGE,
    windowMs: parseDuration(search.get("w")) ?? DEFAULT_WINDOW_MS,
    node: node === null || node === "" || node.length > LONGEST_NODE ? null : node,
    range: parseRange(search.get("from"), search.get("to")),
    params,
  };
}

/** Writes a place as `#/page?query`, the defaults left out. */
export function formatPlace(place: Place): string {
  const parts: string[] = [];
  const add = (name: string, value: string) => {
    // `/` and `:` may stand in a query as they are, and names of nodes and namespaces are full of them.
    parts.push(`${encodeURIComponent(name)}=${encodeURIComponent(value).replace(/%2F/g, "/").replace(/%3A/g, ":")}`);
  };
  if (place.windowMs !== DEFAULT_WINDOW_MS) add("w", formatDuration(place.windowMs));
  if (place.node !== null) add("node", place.node);
  if (place.range !== null) {
    add("from", String(place.range.fromAt));
    add("to", String(place.range.toAt));
  }
  for (const name of Object.keys(place.params).sort()) add(name, place.params[name] ?? "");
  return `#/${place.page}${parts.length === 0 ? "" : `?${parts.join("&")}`}`;
}

function parseDuration(text: string | null): number | null {
  const match = /^(\d{1,6})([smhd])$/.exec(text ?? "");
  if (match === null) return null;
  const ms = Number(match[1]) * (UNITS[match[2] ?? ""] ?? 0);
  return ms >= 10_000 && ms <= LONGEST_WINDOW_MS ? ms : null;
}

function formatDuration(ms: number): string {
  const unit = ["d", "h", "m"].find((name) => ms % (UNITS[name] ?? 1) === 0) ?? "s";
  return `${Math.round(ms / (UNITS[unit] ?? 1))}${unit}`;
}

function parseRange(from: string | null, to: string | null): TimeRange | null {
  const fromAt = Number(from ?? Number.NaN);
  const toAt = Number(to ?? Number.NaN);
  const plausible = fromAt > 0 && toAt > fromAt && toAt < 1e14;
  return plausible ? { fromAt, toAt } : null;
}

function sameRange(a: TimeRange | null, b: TimeRange | null): boolean {
  return a === b || (a?.fromAt === b?.fromAt && a?.toAt === b?.toAt);
}
