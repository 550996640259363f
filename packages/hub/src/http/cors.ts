import type { IncomingMessage } from "node:http";
import type { OriginCheck } from "../access/guards.ts";
import type { RouteReply } from "./route.ts";

/**
 * Headers that let pages of `allowedOrigins` read answers. Cookies are never
 * offered across origins: such pages send a bearer token.
 */
export function corsHeaders(origins: OriginCheck, request: IncomingMessage): Record<string, string> {
  const origin = origins.crossOrigin(request.headers);
  if (origin === undefined) return {};
  return {
    "access-control-allow-origin": origin,
    "access-control-expose-headers": "etag",
    "cross-origin-resource-policy": "cross-origin",
    vary: "Origin",
  };
}

/** Answers the question a browser asks before a request across origins; `null` when it asks nothing of the kind. */
export function preflight(origins: OriginCheck, request: IncomingMessage): RouteReply | null {
  if (request.method !== "OPTIONS" || origins.crossOrigin(request.headers) === undefined) return null;
  return {
    status: 204,
    headers: {
      "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
      "access-control-allow-headers": "authorization, content-type, if-match",
      "access-control-max-age": "600",
    },
  };
}
