/** The parts of Hono's context that are used. */
export interface HonoContext {
  readonly env: unknown;
  readonly req: { readonly raw: object };
}

/** A route as Hono keeps it; middleware is one for every method. */
interface RouteRecord {
  readonly path: string;
  readonly method: string;
  readonly handler: HonoHandler;
}

type HonoHandler = (c: HonoContext, next: () => Promise<void>) => unknown;
type Entry = readonly [HonoHandler, RouteRecord];
type MatchResult = readonly [list: readonly (readonly [Entry, unknown])[], params?: unknown];
type Match = (this: object, method: string, path: string) => MatchResult;

/** What Hono calls the handler that it wrapped for a sub-application with an error handler of its own. */
const COMPOSED = "__COMPOSED_HANDLER";

/**
 * Hears which handlers of a router's routes run. The router is asked once for
 * each request and answers with handlers: the answer's handlers are exchanged
 * for ones that tell first. The routes themselves stay as they are. A router
 * writes itself a faster `match` at its first request, so the cover is an
 * accessor that takes such a one in.
 * @param tell the pattern of the handler that runs, `""` for middleware and when it let go of the request
 * @returns how to end it; `null` when `match` can't be covered
 */
export function watchMatches(router: object, tell: (route: string, c: HonoContext) => void): (() => void) | null {
  const before = Object.getOwnPropertyDescriptor(router, "match");
  if (before === undefined ? !Object.isExtensible(router) : before.configurable !== true || !("value" in before)) {
    return null;
  }
  const lists = new WeakMap<object, MatchResult[0]>();
  const entries = new WeakMap<Entry, Entry>();
  let own: Match | null = (before?.value as Match | undefined) ?? null;
  const inherited = (): Match => Reflect.get(Object.getPrototypeOf(router) as object, "match", router) as Match;

  const heardEntry = (entry: Entry): Entry => {
    const known = entries.get(entry);
    if (known !== undefined) return known;
    const made: Entry = [heard(entry, tell), entry[1]];
    entries.set(entry, made);
    return made;
  };

  const heardList = (list: MatchResult[0]): MatchResult[0] => {
    const known = lists.get(list);
    if (known !== undefined) return known;
    const made = list.map(([entry, params]) => [heardEntry(entry), params] as const);
    lists.set(list, made);
    return made;
  };

  function match(this: object, method: string, path: string): MatchResult {
    const result = (own ?? inherited()).call(this, method, path);
    const list = heardList(result[0]);
    return result.length > 1 ? [list, result[1]] : [list];
  }

  const get = (): Match => match;
  const set = (made: Match): void => {
    own = made;
  };
  Object.defineProperty(router, "match", { get, set, configurable: true, enumerable: before?.enumerable ?? false });
  return () => {
    if (Object.getOwnPropertyDescriptor(router, "match")?.get !== get) return;
    if (own === null) Reflect.deleteProperty(router, "match");
    else Object.defineProperty(router, "match", { value: own, writable: true, configurable: true, enumerable: true });
  };
}

function heard([handler, record]: Entry, tell: (route: string, c: HonoContext) => void): HonoHandler {
  const takesNext = takesTwo(handler);
  // Middleware takes `next` and stands for every method below a path; everything else is a route.
  const route = record.method === "ALL" && takesNext && record.path.endsWith("*") ? "" : record.path;
  return function (this: unknown, ...args: Parameters<HonoHandler>): unknown {
    const [c, next] = args;
    tell(route, c);
    if (route === "" || !takesNext) return Reflect.apply(handler, this, args);
    // A route that lets go of a request did not take it; one further on may.
    const letGo = (): Promise<void> => {
      tell("", c);
      return next();
    };
    return Reflect.apply(handler, this, [c, letGo]);
  };
}

function takesTwo(handler: HonoHandler): boolean {
  const inner: unknown = Reflect.get(handler, COMPOSED);
  return (typeof inner === "function" ? inner : handler).length > 1;
}
