import type { Guard } from "../../guard.ts";
import { cover, uncover } from "../../shadow.ts";
import type { LayerLike, RouterLike } from "./express-layers.ts";
import type { Exchange } from "./http-line.ts";
import type { HttpTraffic } from "./http-traffic.ts";

/** Those who hear which routes take requests, kept on the method that tells them. */
const HEARERS: unique symbol = Symbol("wsight.hearers");

type Next = (...args: unknown[]) => unknown;
type Handle = (this: LayerLike, request: ExpressRequest, response: ExpressResponse, next: Next) => unknown;
type HeardHandle = Handle & { readonly [HEARERS]: Set<HttpTraffic> };

interface ExpressRequest {
  readonly baseUrl?: unknown;
  readonly app?: unknown;
}

interface ExpressResponse {
  readonly headersSent?: boolean;
}

/**
 * Hears which route takes a request and whether it passes it on. Express calls
 * one method of its layers for that; it is covered on their prototype, once
 * for each copy of Express. A route that passed a request on, without an
 * error and without a reply, did not take it.
 * @returns how to end it
 */
export function watchRouteLayers(router: RouterLike, http: HttpTraffic, guard: Guard): () => void {
  const proto = guard.run("attach", () => layerPrototype(router), null, "express");
  if (proto === null) return () => undefined;
  const key = "handleRequest" in proto ? "handleRequest" : "handle_request";
  const known: unknown = Reflect.get(proto, key);
  if (typeof known !== "function") return () => undefined;
  if (HEARERS in known) return hear(known as HeardHandle, http);
  const before = Object.getOwnPropertyDescriptor(proto, key);
  const covering = heardHandle(known as Handle);
  if (!cover(proto, key, covering)) return () => undefined;
  const leave = hear(covering, http);
  return () => {
    leave();
    if (covering[HEARERS].size === 0) uncover(proto, key, covering, before);
  };
}

function hear(handle: HeardHandle, http: HttpTraffic): () => void {
  handle[HEARERS].add(http);
  return () => {
    handle[HEARERS].delete(http);
  };
}

/** A layer is made in a router of nobody's, so that the application's own stays as it is. */
function layerPrototype(router: RouterLike): object | null {
  const { use } = router as unknown as { readonly use: (...args: unknown[]) => unknown };
  const stack: object[] = [];
  Reflect.apply(use, { stack }, ["/", () => undefined]);
  const [layer] = stack;
  return layer === undefined ? null : (Object.getPrototypeOf(layer) as object);
}

function heardHandle(handle: Handle): HeardHandle {
  const hearers = new Set<HttpTraffic>();

  function handleRequest(this: LayerLike, request: ExpressRequest, response: ExpressResponse, next: Next): unknown {
    if (this.route === undefined) return handle.call(this, request, response, next);
    const taken = begin(hearers, this.route, request, response);
    if (taken === null) return handle.call(this, request, response, next);
    const { route } = this;
    return handle.call(this, request, response, (...args: unknown[]) => {
      if (isNoError(args[0]) && taken.takenBy === route && response.headersSent !== true) taken.takenBy = null;
      return Reflect.apply(next, undefined, args);
    });
  }

  return Object.assign(handleRequest, { [HEARERS]: hearers });
}

function begin(
  hearers: ReadonlySet<HttpTraffic>,
  route: object,
  request: ExpressRequest,
  response: ExpressResponse,
): Exchange | null {
  for (const http of hearers) {
    const exchange = http.find(request);
    // Another probe may know the request and not its application.
    if (exchange === null || exchange.findRoute === null || response.headersSent === true) continue;
    exchange.takenBy = route;
    exchange.base = typeof request.baseUrl === "string" ? request.baseUrl : "";
    exchange.app = request.app;
    return exchange;
  }
  return null;
}

/** What Express takes for a wish to leave the route or the router. */
function isNoError(value: unknown): boolean {
  return !value || value === "route" || value === "router";
}
