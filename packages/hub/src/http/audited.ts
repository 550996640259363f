import { WsightError } from "@wsight/protocol";
import type { Audit, AuditEntry } from "../audit.ts";
import type { Route, RouteReply, RouteRequest } from "./route.ts";

/** What an administrator did. */
interface Done {
  readonly reply: RouteReply;
  /** What it was done to, where the address does not say. @default the `id` of the path */
  readonly target?: string;
  readonly detail?: string;
}

/** A write of administrators, and the word that the audit has for it. */
export interface AuditedRoute extends Omit<Route, "access" | "handle" | "onRefused"> {
  /** E.g. `rule.save`; of a route that does one of several things, by its address. */
  readonly action: string | ((params: RouteRequest["params"]) => string);
  /** What an address names. @default its `id` */
  readonly targetOf?: (params: RouteRequest["params"]) => string;
  /** @param by the subject of who does it */
  readonly handle: (request: RouteRequest, by: string) => Done | Promise<Done>;
}

/** A route that only administrators may call; whichever way a call ends, the audit has it before it is answered. */
export function auditedRoute(audit: Pick<Audit, "record">, { action, targetOf = idOf, ...route }: AuditedRoute): Route {
  const note = (
    { principal, params }: Pick<RouteRequest, "principal" | "params">,
    outcome: AuditEntry["outcome"],
    target = targetOf(params),
    detail: string | null = null,
  ): Promise<void> =>
    audit.record({
      sub: principal?.sub ?? "",
      role: principal?.role ?? "",
      action: typeof action === "string" ? action : action(params),
      target,
      outcome,
      detail,
    });
  return {
    ...route,
    access: "admin",
    onRefused: (request) => note(request, "refused"),
    handle: async (request) => {
      try {
        const { reply, target, detail } = await route.handle(request, request.principal?.sub ?? "");
        await note(request, "done", target, detail);
        return reply;
      } catch (error) {
        await note(request, "failed", undefined, error instanceof WsightError ? error.message : "The hub failed");
        throw error;
      }
    },
  };
}

function idOf({ id = "" }: RouteRequest["params"]): string {
  return id;
}
