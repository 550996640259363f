import type { Finding } from "@wsight/protocol";
import { isThenable } from "../../guard.ts";
import type { Integration, IntegrationHandle, ProbeContext } from "../../integration.ts";
import { cover, uncover } from "../../shadow.ts";
import { observed } from "../observed.ts";
import { type HonoContext, watchMatches } from "./hono-routes.ts";
import { watchAppPlace } from "./http-app.ts";

/** The parts of an application of Hono that are used. */
interface HonoLike {
  readonly router: object;
  readonly getPath: (request: object, options?: { readonly env?: unknown }) => string;
  readonly fetch: (request: object, ...rest: unknown[]) => unknown;
}

/** A request that came by `fetch` without one of Node's. */
interface OffNode {
  route: string;
}

/** Watches applications of Hono: below `@hono/node-server` as HTTP, elsewhere by their `fetch`. */
export const hono: Integration = {
  library: "hono",
  detect: isHono,
  attach: (target, server, context) => attachHono(target as HonoLike & object, server, context),
};

function isHono(value: unknown): value is HonoLike & object {
  if (typeof value !== "object" || value === null) return false;
  return ["fetch", "routes", "use", "router", "getPath"].every((name) => name in value);
}

function attachHono(app: HonoLike & object, server: string, context: ProbeContext): IntegrationHandle {
  const { http, guard, hr } = context;
  const place = watchAppPlace({ library: "hono", server, context });
  const strays = new WeakMap<object, OffNode>();
  const pathBefore = Object.getOwnPropertyDescriptor(app, "getPath");
  const fetchBefore = Object.getOwnPropertyDescriptor(app, "fetch");
  const originalPath = app.getPath;
  const originalFetch = app.fetch;
  let on = true;

  /** Hono asks for the path of each request first; with Node's server it passes Node's request along. */
  function getPath(this: unknown, ...args: Parameters<HonoLike["getPath"]>): string {
    if (on) guard.run("hook", () => place.enter(incomingOf(args[1]?.env)), undefined, "hono");
    return Reflect.apply(originalPath, this, args);
  }

  function took(route: string, { env, req }: HonoContext): void {
    const exchange = http.find(incomingOf(env));
    if (exchange !== null) exchange.route = route;
    else {
      const stray = strays.get(req.raw);
      if (stray !== undefined) stray.route = route;
    }
  }

  function fetch(this: unknown, ...args: Parameters<HonoLike["fetch"]>): unknown {
    const [request, env] = args;
    const isOurs = on && incomingOf(env) === null;
    const done = isOurs ? guard.run("hook", () => follow(request), null, "hono") : null;
    if (done === null) return Reflect.apply(originalFetch, this, args);
    const settled = (response: unknown): void => guard.run("hook", () => done(response), undefined, "hono");
    let answer: unknown;
    try {
      answer = Reflect.apply(originalFetch, this, args);
    } catch (thrown) {
      // What a handler throws that is no error comes out of Hono as it is.
      settled(null);
      throw thrown;
    }
    if (isThenable(answer)) return observed(answer, (_, response) => settled(response));
    settled(answer);
    return answer;
  }

  /** Counts one until there is a response; what becomes of that is not seen. */
  function follow(request: object): (response: unknown) => void {
    const meter = place.meter();
    const stray: OffNode = { route: "" };
    strays.set(request, stray);
    meter.active++;
    const began = hr();
    return (response) => {
      meter.active--;
      const { method } = request as { readonly method?: string };
      const { status } = Object(response) as { readonly status?: unknown };
      if (typeof status === "number") meter.finished(method ?? "", stray.route, status, (hr() - began) / 1000);
      else meter.aborted(method ?? "", stray.route);
    };
  }

  const endMatches = watchMatches(app.router, (route, c) => {
    if (on) guard.run("hook", () => took(route, c), undefined, "hono");
  });
  const covered = [cover(app, "getPath", getPath), cover(app, "fetch", fetch), endMatches !== null];
  const gaps = covered.includes(false) ? ["locked: not all requests and routes can be seen"] : [];
  return {
    finding: (): Finding => place.finding(null, gaps, []),
    detach() {
      on = false;
      uncover(app, "getPath", getPath, pathBefore);
      uncover(app, "fetch", fetch, fetchBefore);
      endMatches?.();
      place.end();
    },
  };
}

/** Node's request, as `@hono/node-server` passes it. */
function incomingOf(env: unknown): object | null {
  if (typeof env !== "object" || env === null) return null;
  const { incoming } = env as { incoming?: unknown };
  return typeof incoming === "object" ? incoming : null;
}
