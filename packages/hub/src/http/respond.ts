import type { ServerResponse } from "node:http";
import { WsightError } from "@wsight/protocol";
import { retryAfterSeconds } from "../errors.ts";
import type { RouteReply } from "./route.ts";

/** On every answer: nothing from elsewhere, nothing to elsewhere, never inside another page. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

/** A reply ready to be written. */
export interface WireReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
  readonly stream?: RouteReply["stream"];
}

/** Puts a handler's reply into bytes and headers. Nothing is cached unless the handler says so. */
export function toWireReply(reply: RouteReply): WireReply {
  const isEmpty = reply.json === undefined && reply.bytes === undefined && reply.stream === undefined;
  const status = reply.status ?? (isEmpty ? 204 : 200);
  const { type, body } = reply.bytes ?? {
    type: "application/json; charset=utf-8",
    body: reply.json === undefined ? "" : JSON.stringify(reply.json),
  };
  const empty = body.length === 0;
  return {
    status,
    headers: {
      ...SECURITY_HEADERS,
      "cache-control": "no-store",
      ...(empty ? {} : { "content-type": type }),
      ...(status === 204 || reply.stream !== undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }),
      ...reply.headers,
    },
    body,
    ...(reply.stream === undefined ? {} : { stream: reply.stream }),
  };
}

/** Puts an error into a reply; one that is not ours tells the client nothing. */
export function toErrorReply(error: unknown): WireReply {
  const known = error instanceof WsightError ? error : new WsightError("INTERNAL");
  return toWireReply({ status: known.status, json: known.toBody(), headers: errorHeaders(known) });
}

function errorHeaders(error: WsightError): Record<string, string> {
  if (error.code === "UNAUTHENTICATED") return { "www-authenticate": "Bearer" };
  // The rest of the body is not read, so the connection can't be used again.
  if (error.code === "TOO_LARGE") return { connection: "close" };
  if (error.code === "METHOD_NOT_ALLOWED") return { allow: allowed(error.details).join(", ") };
  const seconds = retryAfterSeconds(error);
  return seconds === undefined ? {} : { "retry-after": String(seconds) };
}

function allowed(details: unknown): readonly string[] {
  const allow = typeof details === "object" && details !== null && "allow" in details ? details.allow : [];
  return Array.isArray(allow) ? allow.map(String) : [];
}

/** Writes a reply, unless the client has left. */
export function send(response: ServerResponse, reply: WireReply): void {
  if (response.destroyed) return;
  // A stream ends with its connection. Chunks would be framed anew for each client, and its bytes are shared.
  if (reply.stream !== undefined) response.removeHeader("transfer-encoding");
  response.writeHead(reply.status, reply.headers);
  if (reply.stream === undefined) response.end(reply.body);
  else reply.stream(response);
}
