import {
  isRouter,
  type LayerLike,
  mountPattern,
  patternText,
  type RouteLike,
  type RouterLike,
  takeMount,
} from "./express-layers.ts";
import type { Exchange } from "./http-line.ts";

/** The parts of an application of Express that are used. */
export interface ExpressLike {
  readonly handle: (...args: never[]) => unknown;
  readonly mountpath?: unknown;
  readonly parent?: unknown;
  /** Express 4. */
  readonly lazyrouter?: unknown;
  readonly _router?: unknown;
  /** Express 5; reading it makes it, with the settings of that moment. */
  readonly router?: unknown;
}

/** Where a route stands. */
interface Place {
  /** The route's full pattern where there is just one. */
  readonly pattern: string | null;
  /** Path without parameters that its application is mounted below, in lower case, as far as it is known. */
  readonly above: string;
}

/** Levels of routers in routers that are looked into. */
const MAX_DEPTH = 16;
/** Layers that one look may visit. */
const MAX_VISITS = 20_000;
/** Answers kept for routes that stand in several places. */
const MAX_ANSWERS = 500;

/** True for an application of Express 4 or 5. */
export function isExpressApp(value: unknown): value is ExpressLike & object {
  return typeof value === "function" && ["handle", "use", "listen", "set", "engine"].every((name) => name in value);
}

/** The router of an application that has handled a request; `null` for one without any route. */
export function rootRouter(app: ExpressLike): RouterLike | null {
  const router = typeof app.lazyrouter === "function" ? app._router : app.router;
  return isRouter(router) ? router : null;
}

/**
 * Finds the full pattern of a route: the mount paths of the routers around it,
 * as they were registered, and its own. Express itself only knows the concrete
 * path a router is mounted below, so the stacks of layers are walked for the
 * route, once. A route that stands in several places is told by the concrete
 * path of its router; where that leaves a doubt the answer is `""`.
 */
export class ExpressRoutes {
  readonly #root: ExpressLike;
  readonly #places = new WeakMap<object, Place>();
  readonly #answers = new Map<string, string>();
  readonly #numbers = new WeakMap<object, number>();
  #nextNumber = 0;

  constructor(root: ExpressLike) {
    this.#root = root;
  }

  /** The pattern of the route that took a request; `""` when none did. */
  find(exchange: Exchange): string {
    const route = exchange.takenBy as RouteLike | null;
    if (route === null) return "";
    const { pattern, above } = this.#places.get(route) ?? this.#look(route, exchange.app);
    if (pattern === null) return this.#tellApart(route, exchange);
    // An application remembers the last of its mounts only.
    return above === "" || exchange.base.toLowerCase().startsWith(above) ? pattern : "";
  }

  #look(route: RouteLike, app: unknown): Place {
    const above = pathAbove(app);
    const found = new Set<string>();
    let isCertain = above !== null;
    const visits = { left: MAX_VISITS };
    walk(this.#stackOf(app), above ?? "", visits, (pattern, layer) => {
      if (layer.route !== route) return;
      if (pattern === null) isCertain = false;
      else found.add(join(pattern, patternText(route.path)));
    });
    const [only] = found;
    const place: Place = {
      pattern: isCertain && found.size === 1 && only !== undefined ? only : null,
      above: above === null || /[:*{(]/.test(above) ? "" : above.toLowerCase(),
    };
    this.#places.set(route, place);
    return place;
  }

  /** By the concrete path of the router, which is kept as a key here and nowhere told. */
  #tellApart(route: RouteLike, { base, app }: Exchange): string {
    const key = `${this.#numberOf(route)} ${base}`;
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    if (this.#answers.size >= MAX_ANSWERS) this.#answers.clear();
    // Where the application itself is mounted is known as a pattern: how much of the path that is, is not.
    const answer = pathAbove(app) === "" ? this.#byBase(route, base, app) : "";
    this.#answers.set(key, answer);
    return answer;
  }

  #byBase(route: RouteLike, base: string, app: unknown): string {
    const stack = this.#stackOf(app);
    const visits = { left: MAX_VISITS };
    const sure = new Set<string>();
    const likely = new Set<string>();
    const found = (prefix: string, below: readonly LayerLike[] | null): void => {
      (below?.some((layer) => layer.route === route) ? sure : likely).add(prefix);
    };
    if (base === "") found("", stack);
    takeBase(stack, base, "", visits, found);
    const candidates = sure.size > 0 ? sure : likely;
    const [only] = candidates;
    const isOnly = candidates.size === 1 && visits.left > 0;
    return isOnly && only !== undefined ? join(only, patternText(route.path)) : "";
  }

  /** An application that is mounted as a plain handler has no parent: its routes are found from the root. */
  #stackOf(app: unknown): readonly LayerLike[] {
    const owner = isExpressApp(app) && app.parent !== undefined ? app : this.#root;
    return rootRouter(owner)?.stack ?? [];
  }

  #numberOf(route: object): number {
    const known = this.#numbers.get(route);
    if (known !== undefined) return known;
    this.#numbers.set(route, ++this.#nextNumber);
    return this.#nextNumber;
  }
}

/** Patterns that an application is mounted below; `""` for none, `null` when they can't be told. */
function pathAbove(app: unknown): string | null {
  let prefix = "";
  let at = app;
  for (let depth = 0; isExpressApp(at) && at.parent !== undefined && depth < MAX_DEPTH; depth++) {
    if (typeof at.mountpath !== "string") return null;
    prefix = (at.mountpath.endsWith("/") ? at.mountpath.slice(0, -1) : at.mountpath) + prefix;
    at = at.parent;
  }
  return prefix;
}

/** Routers below a layer: a router, or an application that is mounted as a plain handler. */
function stackBelow({ handle }: LayerLike): readonly LayerLike[] | null {
  if (isRouter(handle)) return handle.stack;
  return isExpressApp(handle) ? (rootRouter(handle)?.stack ?? null) : null;
}

/** Visits every layer with the pattern it stands below, `null` for one that only a request tells. */
function walk(
  stack: readonly LayerLike[],
  prefix: string | null,
  visits: { left: number },
  visit: (prefix: string | null, layer: LayerLike) => void,
  depth = 0,
): void {
  if (depth >= MAX_DEPTH) return;
  for (const layer of stack) {
    if (visits.left-- <= 0) return;
    visit(prefix, layer);
    const below = layer.route === undefined ? stackBelow(layer) : null;
    if (below === null) continue;
    const own = mountPattern(layer);
    walk(below, prefix === null || own === null ? null : prefix + own, visits, visit, depth + 1);
  }
}

/** Finds the chains of mounts that take exactly `base`, and what stands below them, where that can be seen. */
function takeBase(
  stack: readonly LayerLike[],
  base: string,
  prefix: string,
  visits: { left: number },
  found: (prefix: string, below: readonly LayerLike[] | null) => void,
  depth = 0,
): void {
  if (depth >= MAX_DEPTH) return;
  for (const layer of stack) {
    if (visits.left-- <= 0) return;
    if (layer.route !== undefined) continue;
    const taken = takeMount(layer, base);
    if (taken === null) continue;
    const below = stackBelow(layer);
    const rest = base.slice(taken.length);
    if (rest === "") found(prefix + taken.pattern, below);
    if (below !== null) takeBase(below, rest, prefix + taken.pattern, visits, found, depth + 1);
  }
}

function join(prefix: string, path: string): string {
  const whole = path === "/" ? prefix : prefix + path;
  return whole === "" ? "/" : whole;
}
