import { type IncomingMessage, request as openRequest, type ServerResponse } from "node:http";
import { FORWARDED_HEADER } from "@wsight/hub/forwarded";
import { endToEnd } from "./headers.ts";
import type { Passages } from "./passage.ts";
import { refuseRequest } from "./refusal.ts";
import type { Way } from "./way.ts";

/** Time the hub has for the first bytes of its answer, in ms. */
const ANSWER_MS = 30_000;

/** Passes one request on, and its answer back, both as they come. */
export function passRequest(way: Way, passages: Passages, request: IncomingMessage, response: ServerResponse): void {
  if (!passages.hasRoom()) {
    refuseRequest(response, "full");
    return;
  }
  const hub = openRequest({
    host: way.host,
    port: way.port,
    method: way.method,
    path: way.target,
    headers: requestHeaders(way, request),
    agent: false,
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    hub.destroy();
  }, ANSWER_MS).unref();
  const leave = passages.enter({
    waiting: () => response.writableLength,
    came: () => hub.socket?.bytesRead ?? 0,
    cut: () => {
      hub.destroy();
      response.destroy();
    },
  });

  hub.on("response", (answer) => {
    clearTimeout(timer);
    answer.on("error", () => response.destroy());
    // By then the client may have got its answer, or left.
    if (response.headersSent || !begin(response, answer)) {
      hub.destroy();
      return;
    }
    answer.pipe(response);
  });
  hub.on("error", () => {
    if (!response.headersSent) refuseRequest(response, late ? "late" : "away");
  });
  hub.on("close", () => {
    clearTimeout(timer);
    // It may have ended without an answer and without an error, as by an upgrade that nobody asked for.
    if (!response.headersSent && !response.destroyed) refuseRequest(response, late ? "late" : "away");
    if (request.complete) return;
    // What the client still sends goes nowhere, but must be read for its next request to be seen.
    request.unpipe(hub);
    request.resume();
  });
  response.on("error", () => hub.destroy());
  response.on("close", () => {
    leave();
    hub.destroy();
  });
  request.on("error", () => hub.destroy());
  request.pipe(hub);
}

/** Passes the head of an answer on; false, and a refusal, for one that no hub gives. */
function begin(response: ServerResponse, { statusCode = 0, rawHeaders }: IncomingMessage): boolean {
  try {
    // Without its reason phrase, which parsers take with characters that can't be written.
    response.writeHead(statusCode, endToEnd(rawHeaders));
    // An event stream may have nothing to say for a while.
    response.flushHeaders();
    return true;
  } catch {
    refuseRequest(response, "away");
    return false;
  }
}

function requestHeaders(way: Way, request: IncomingMessage): string[] {
  const headers = endToEnd(request.rawHeaders);
  if (request.headers["transfer-encoding"] !== undefined) headers.push("Transfer-Encoding", "chunked");
  return [...headers, FORWARDED_HEADER, way.signature, "Connection", "close"];
}
