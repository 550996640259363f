import type { IncomingMessage } from "node:http";
import { expected, WsightError } from "@wsight/protocol";
import type { Credential } from "../access/authenticate.ts";
import type { Gate } from "../http/gate.ts";

/** Longest token that is looked at, in characters. */
const MAX_TOKEN_LENGTH = 8192;

/**
 * Finds out who is behind a handshake: by `auth: { token }`, which decides when it is there, else by what came with
 * its request, as for every other. `null` for a client that shows nothing: it may say so later.
 * @throws WsightError `UNAUTHENTICATED`, `FORBIDDEN`, `RATE_LIMITED`
 */
export function authorizeHandshake(gate: Gate, request: IncomingMessage, auth: unknown): Promise<Credential | null> {
  const token = readToken(auth);
  return gate.recognize(token === undefined ? request : withBearer(request, token), "user");
}

/**
 * Finds out who says `authenticate`, by the token it says and by nothing else.
 * @throws WsightError `UNAUTHENTICATED`, `FORBIDDEN`, `RATE_LIMITED`
 */
export function authorizeToken(gate: Gate, request: IncomingMessage, said: unknown): Promise<Credential> {
  const token = readToken(said);
  if (token === undefined) throw expected("UNAUTHENTICATED", "authenticate", "{ token, isAdmin? }", said);
  return gate.authorize(withBearer(request, token), "user");
}

function readToken(auth: unknown): string | undefined {
  const token: unknown = typeof auth === "object" && auth !== null && "token" in auth ? auth.token : undefined;
  if (token === undefined || token === null) return undefined;
  if (typeof token !== "string" || token.length > MAX_TOKEN_LENGTH || !/^\S+$/.test(token))
    throw expected("UNAUTHENTICATED", "token", "a token", typeof token === "string" ? "other text" : token);
  return token;
}

/** The same request, as if the token had come in its header: the only place that a browser's WebSocket can't write to. */
function withBearer(request: IncomingMessage, token: string): IncomingMessage {
  const headers = { ...request.headers, authorization: `Bearer ${token}` };
  return Object.create(request, { headers: { value: headers } }) as IncomingMessage;
}

/** A refusal as Socket.IO tells it: `connect_error` with `data: { code, message }`. */
export function toConnectError(error: unknown): Error {
  const known = error instanceof WsightError ? error : new WsightError("INTERNAL");
  return Object.assign(new Error(known.message), { data: known.toBody().error });
}
