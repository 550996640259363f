import type { IncomingMessage } from "node:http";
import { asFields, asOneOf, asText, WsightError } from "@wsight/protocol";
import type { OnHubError } from "../errors.ts";
import { isLocalPeer, isProxyHeader } from "./address.ts";
import { machineKeys, proveHub } from "./machine-key.ts";
import type { MachineTrust, TrustedKey } from "./machine-trust.ts";
import { type Principal, ROLES } from "./principal.ts";
import { readQueues } from "./queue-scope.ts";
import type { Sessions } from "./session.ts";
import { type TokenKeys, type VerifiedToken, verifyToken } from "./token.ts";

/** What a WebSocket of a browser offers beside `bearer.TOKEN`, as it can't set headers. */
export const SUBPROTOCOL = "wsight";
/** How long the host's callback may take, in ms. */
const AUTHENTICATE_TIMEOUT_MS = 2000;
/** Calls of the host's callback that may wait at once; beyond, nobody is let in until some are answered. */
const MAX_WAITING = 256;

/** What the host's callback gets to see of a request. */
export interface AuthenticateRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

/** Asks the host application who is asking; `null` for nobody it knows. */
export type Authenticate = (request: AuthenticateRequest) => Promise<Principal | null>;

/** Who is asking, and how that is known. */
export interface Credential {
  readonly principal: Principal;
  /**
   * `bearer` was sent on purpose, and so was `machine`, which proves a process of this machine and user;
   * `session` and `host` may be attached by the browser itself.
   */
  readonly via: "bearer" | "machine" | "session" | "host";
  /** When it stops being true, ms epoch; `null` when not known. */
  readonly expiresAt: number | null;
  /** Which session it is, for `session`. */
  readonly sessionId: string | null;
  /** For `machine`: proves to the process that this is its hub (see `proveHub`). */
  readonly proof?: string;
}

/** What tells principals apart. */
export interface AuthenticatorParts {
  readonly keys: TokenKeys;
  /** Verifies machine tokens; `null` takes none. @default null */
  readonly machine?: MachineTrust | null;
  readonly sessions: Sessions;
  readonly authenticate?: Authenticate | undefined;
  readonly now: () => number;
  readonly onError: OnHubError;
}

/**
 * Finds out who is asking. A bearer token decides when there is one
 * (one for this hub, or a machine token from a process of this machine), else
 * the session cookie; what neither explains is put to the host's callback. A
 * callback that throws, hangs or answers nonsense lets nobody in.
 * @throws WsightError `UNAUTHENTICATED` from the call, with the reason; answers `null` when nothing was presented
 */
export function createAuthenticator(
  parts: AuthenticatorParts,
): (request: IncomingMessage) => Promise<Credential | null> {
  const askHost = parts.authenticate === undefined ? null : createHostQuestion(parts.authenticate, parts.onError);
  return async (request) => {
    const bearer = bearerOf(request);
    if (bearer === undefined) {
      const session = await parts.sessions.read(request.headers.cookie);
      if (session !== null) return asCredential("session", session);
      return (await askHost?.(request)) ?? null;
    }
    try {
      return asCredential("bearer", await verifyToken(bearer, parts.keys, parts.now));
    } catch (error) {
      const known = (await readMachineToken(parts, request, bearer)) ?? (await askHost?.(request));
      if (known) return known;
      throw error;
    }
  };
}

/** From the header made for it, else from the subprotocols that a WebSocket offers: never from an address, which ends up in logs. */
function bearerOf({ headers }: IncomingMessage): string | undefined {
  const { authorization, "sec-websocket-protocol": offered = "" } = headers;
  if (authorization !== undefined) return /^Bearer +([^\s]+) *$/i.exec(authorization)?.[1];
  return /(?:^|,)\s*bearer\.([^\s,]+)\s*(?:,|$)/.exec(offered)?.[1];
}

/** A machine token counts from this machine alone, and never behind a proxy, whose peers may be anywhere. */
async function readMachineToken(
  { machine, now }: AuthenticatorParts,
  request: IncomingMessage,
  bearer: string,
): Promise<Credential | null> {
  if (!machine || !cameDirectly(request)) return null;
  const { localAddress: address, localPort: port = 0 } = request.socket;
  const verify = async ({ key }: TrustedKey): Promise<Credential | null> => {
    const token = await verifyToken(bearer, machineKeys(key, port), now).catch(() => null);
    if (token?.principal.role !== "probe") return null;
    // It is short so that it can't be shown again later; what it opened may stay.
    const proof = proveHub(key, bearer, { address, port });
    return { principal: token.principal, via: "machine", expiresAt: null, sessionId: null, proof };
  };
  for (const key of machine.keys) {
    const credential = await verify(key);
    if (credential !== null) return credential;
  }
  const fresh = await machine.lookAgain();
  return fresh === null ? null : verify(fresh);
}

function cameDirectly({ socket, headers }: IncomingMessage): boolean {
  // A mount's header counts too.
  return isLocalPeer(socket.remoteAddress) && !Object.keys(headers).some(isProxyHeader);
}

function asCredential(via: "bearer" | "session", token: VerifiedToken): Credential {
  const { principal, expiresAt, id } = token;
  return { principal, via, expiresAt, sessionId: via === "session" ? id : null };
}

function createHostQuestion(
  authenticate: Authenticate,
  onError: OnHubError,
): (request: IncomingMessage) => Promise<Credential | null> {
  let waiting = 0;
  return async (request) => {
    if (waiting >= MAX_WAITING) return null;
    waiting++;
    try {
      const principal = parsePrincipal(await inTime(authenticate(describeRequest(request))));
      return principal === null ? null : { principal, via: "host", expiresAt: null, sessionId: null };
    } catch (error) {
      onError(error, { stage: "authenticate" });
      return null;
    } finally {
      waiting--;
    }
  };
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new WsightError("UNAUTHENTICATED", `authenticate: expected an answer in ${AUTHENTICATE_TIMEOUT_MS} ms`));
    }, AUTHENTICATE_TIMEOUT_MS);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

/** The callback is the host's code: what it answers is checked like anything from outside. */
function parsePrincipal(value: unknown): Principal | null {
  if (value === null || value === undefined) return null;
  const fields = asFields("UNAUTHENTICATED", "authenticate", value);
  const role = asOneOf("UNAUTHENTICATED", "authenticate role", fields.role, ROLES);
  return {
    sub: asText("UNAUTHENTICATED", "authenticate sub", fields.sub),
    role,
    ...readQueues("UNAUTHENTICATED", "authenticate queues", { role, queues: fields.queues }),
  };
}

function describeRequest(request: IncomingMessage): AuthenticateRequest {
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(request.headers)) if (value !== undefined) headers[name] = value;
  return { method: request.method ?? "GET", url: request.url ?? "/", headers };
}
