import type { IncomingMessage, ServerResponse } from "node:http";
import { WsightError } from "@wsight/protocol";
import { checkAmbientWrite, checkJsonType } from "../access/guards.ts";
import type { Principal } from "../access/principal.ts";
import type { OnHubError } from "../errors.ts";
import { hasBody, readFormBody, readJsonBody } from "./body.ts";
import { corsHeaders, preflight } from "./cors.ts";
import type { Gate } from "./gate.ts";
import { send, toErrorReply, toWireReply } from "./respond.ts";
import type { Route, RouteReply } from "./route.ts";
import { createRouter, type Match, routePath, splitTarget } from "./router.ts";

/** Answers requests from a route table, behind the gate. */
export function createRequestListener(
  routes: readonly Route[],
  gate: Gate,
  onError: OnHubError,
): (request: IncomingMessage, response: ServerResponse) => void {
  const route = createRouter(routes);

  async function answer(request: IncomingMessage, signal: AbortSignal): Promise<RouteReply> {
    gate.admit(request);
    const asked = preflight(gate.origins, request);
    if (asked !== null) return asked;
    const { path, query } = splitTarget(request.url ?? "/");
    const match = route(request.method ?? "GET", routePath(path));
    if (match.route.method !== "GET") gate.origins.check(request.headers);
    return handle(request, match, query, signal);
  }

  async function handle(
    request: IncomingMessage,
    { route: { access, method, takesForm = false, maxBodyBytes, handle: run, onRefused }, params }: Match,
    query: URLSearchParams,
    signal: AbortSignal,
  ): Promise<RouteReply> {
    const refused = async (principal: Principal): Promise<void> => onRefused?.({ params, principal });
    const credential = access === "open" ? null : await gate.authorize(request, access, refused);
    if (method !== "GET") {
      if (credential !== null && credential.via !== "bearer") checkAmbientWrite(request.headers);
      if (!takesForm && (method !== "DELETE" || hasBody(request))) checkJsonType(request.headers);
    }
    const body = method === "GET" || takesForm ? undefined : await readJsonBody(request, maxBodyBytes);
    const form = takesForm ? await readFormBody(request, maxBodyBytes) : [];
    const { principal = null, sessionId = null, expiresAt = null } = credential ?? {};
    return run({
      params,
      query: new URLSearchParams([...query, ...form]),
      principal,
      sessionId,
      expiresAt,
      body,
      raw: request,
      client: gate.clientOf(request),
      signal,
    });
  }

  return (request, response) => {
    const left = new AbortController();
    response.once("close", () => left.abort());
    answer(request, left.signal)
      .then(toWireReply)
      .catch((error: unknown) => {
        if (!(error instanceof WsightError) && !left.signal.aborted) onError(error, { stage: "http" });
        return toErrorReply(error);
      })
      .then(({ headers, ...reply }) => {
        send(response, { ...reply, headers: { ...headers, ...corsHeaders(gate.origins, request) } });
      })
      .catch((error: unknown) => onError(error, { stage: "http" }));
  };
}
