import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Finding } from "@wsight/protocol";
import type { Integration, IntegrationHandle, ProbeContext } from "../../integration.ts";
import { type HttpServerLike, isHttpServer, watchPlace } from "./http.ts";
import { HttpMeter } from "./http-meter.ts";

/** The parts of an instance of Fastify that are used. */
interface FastifyLike {
  readonly server: unknown;
  readonly version?: unknown;
}

/** What Fastify publishes when it calls the handler of a route. */
interface Handling {
  readonly request: { readonly raw: unknown };
  readonly route: { readonly url?: unknown };
}

const CHANNEL = "tracing:fastify.request.handler:start";

/** Watches instances of Fastify 5, from before or after they are ready. */
export const fastify: Integration = {
  library: "fastify",
  detect: isFastify,
  attach: (target, server, context) => attachFastify(target as FastifyLike & object, server, context),
};

function isFastify(value: unknown): value is FastifyLike & object {
  if (typeof value !== "object" || value === null) return false;
  return ["inject", "addHook", "ready", "register", "server"].every((name) => name in value);
}

/**
 * Hooks can't be added to an instance that is ready, and do not reach plugins
 * that were loaded before; Fastify's own channel tells of every call of a
 * handler, with the route as it was registered, prefixes included.
 */
function attachFastify(app: FastifyLike & object, server: string, context: ProbeContext): IntegrationHandle {
  const { http, guard, registry } = context;
  const meter = new HttpMeter(registry, server);
  const servers = (): readonly HttpServerLike[] => [app.server, ...bindingsOf(app)].filter(isHttpServer);
  const place = watchPlace(servers, { library: "fastify", server, context });
  let on = true;

  function handling(message: unknown): void {
    if (!on) return;
    const { request, route } = message as Handling;
    const exchange = http.find(request.raw);
    if (exchange !== null && typeof route.url === "string") exchange.route = route.url;
  }

  const hear = (message: unknown): void => guard.run("hook", () => handling(message), undefined, "fastify");
  subscribe(CHANNEL, hear);
  const ends = [
    () => void unsubscribe(CHANNEL, hear),
    http.watchApp((asked) => (asked === app.server || bindingsOf(app).includes(asked) ? meter : null)),
    place.end,
    () => meter.end(),
  ];
  return {
    finding: (): Finding => place.finding(typeof app.version === "string" ? app.version : null, gapsOf(app), []),
    detach() {
      on = false;
      for (const end of ends) end();
    },
  };
}

/** Servers of further addresses (`localhost` has two), which Fastify keeps to itself. */
function bindingsOf(app: object): readonly unknown[] {
  const symbol = Object.getOwnPropertySymbols(app).find(({ description }) => description === "fastify.serverBindings");
  const bindings: unknown = symbol === undefined ? undefined : Reflect.get(app, symbol);
  return Array.isArray(bindings) ? bindings : [];
}

function gapsOf({ server }: FastifyLike): string[] {
  return isHttpServer(server) ? [] : ["HTTP/2: its requests can't be seen"];
}
