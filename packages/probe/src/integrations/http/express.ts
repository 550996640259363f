import type { Integration, IntegrationHandle, ProbeContext } from "../../integration.ts";
import { libraryVersion } from "../../library-version.ts";
import { behind, cover, uncover } from "../../shadow.ts";
import { type ExpressLike, ExpressRoutes, isExpressApp, rootRouter } from "./express-routes.ts";
import { watchRouteLayers } from "./express-taking.ts";
import { watchAppPlace } from "./http-app.ts";
import type { Exchange } from "./http-line.ts";

/** Watches applications of Express 4 and 5, from before or after their routes are added and their server listens. */
export const express: Integration = {
  library: "express",
  detect: isExpressApp,
  attach: (target, server, context) => attachExpress(target as ExpressLike & object, server, context),
};

function attachExpress(app: ExpressLike & object, server: string, context: ProbeContext): IntegrationHandle {
  const { http, guard } = context;
  const place = watchAppPlace({ library: "express", server, context });
  const routes = new ExpressRoutes(app);
  const findRoute = (exchange: Exchange): string => guard.run("hook", () => routes.find(exchange), "", "express");
  const before = Object.getOwnPropertyDescriptor(app, "handle");
  const version = libraryVersion(app, "/express/lib/application.js", (exported) => exported.handle === app.handle);
  let endTaking: (() => void) | null = null;
  let on = true;

  function arrived(request: unknown): void {
    const exchange = place.enter(request);
    if (exchange === null) return;
    exchange.findRoute ??= findRoute;
    if (endTaking !== null) return;
    // Not before: an application's router is made on first use, with the settings it has by then.
    const router = rootRouter(app);
    if (router !== null) endTaking = watchRouteLayers(router, http, guard);
  }

  function handle(this: unknown, ...args: unknown[]): unknown {
    if (on) guard.run("hook", () => arrived(args[0]), undefined, "express");
    return Reflect.apply(behind(app, "handle", before), this, args);
  }

  const watching = cover(app, "handle", handle);
  return {
    finding: () => place.finding(version, watching ? [] : ["handle is locked: requests can't be seen"], []),
    detach() {
      on = false;
      uncover(app, "handle", handle, before);
      endTaking?.();
      place.end();
    },
  };
}
