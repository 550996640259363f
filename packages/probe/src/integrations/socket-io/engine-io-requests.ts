import { behind, cover, uncover } from "../../shadow.ts";
import type { HttpTraffic } from "../http/http-traffic.ts";

/**
 * Requests that an Engine.IO server answers carry messages and are counted as
 * such: they are no HTTP requests of the application too. It hands each of them
 * to one public method, whatever path it listens on.
 * @returns how to end it
 */
export function disregardPolling(engine: object, http: HttpTraffic): () => void {
  const before = Object.getOwnPropertyDescriptor(engine, "handleRequest");

  function handleRequest(this: unknown, ...args: unknown[]): unknown {
    http.disregard(args[0]);
    return Reflect.apply(behind(engine, "handleRequest", before), this, args);
  }

  if (!("handleRequest" in engine) || !cover(engine, "handleRequest", handleRequest)) return () => undefined;
  return () => uncover(engine, "handleRequest", handleRequest, before);
}
