import { ERRORS, type ErrorCode, WsightError } from "@wsight/protocol";
import type { FetchLike } from "../../connection/environment.ts";

/** What goes with a question. */
interface AskOptions {
  readonly signal?: AbortSignal;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** The version that is to be changed: refused with `CONFLICT` when there is another by now. */
  readonly version?: number;
}

/**
 * Asks the hub's API; paths are those after `/api/`, or what was agreed upon. Throws `WsightError`, with what is wrong with each field
 * as {@link fieldErrors} reads it; `INTERNAL` when nobody answered.
 */
export type HubAsk = (
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  options?: AskOptions,
) => Promise<unknown>;

/** Speaks to the hub whose dashboard is at `base`. @param under what stands before every path, after `/api/` */
export function createHubAsk(base: URL, fetchLike: FetchLike, under = "alerts/"): HubAsk {
  // A page opened without its last slash stands beside its folder.
  const folder = base.pathname.endsWith("/dashboard") ? new URL(`${base.pathname}/`, base) : base;
  return async (method, path, { signal, body, version } = {}) => {
    let response: Response;
    try {
      response = await fetchLike(new URL(`api/${under}${path}`, folder).href, {
        method,
        cache: "no-store",
        credentials: "same-origin",
        ...(signal === undefined ? {} : { signal }),
        headers: {
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(version === undefined ? {} : { "if-match": `"${version}"` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      throw new WsightError("INTERNAL", "The hub did not answer", { cause });
    }
    const reply: unknown = response.status === 204 ? null : await response.json().catch(() => null);
    if (response.ok) return reply;
    throw readError(response.status, reply);
  };
}

function readError(status: number, body: unknown): WsightError {
  const { error } = (body ?? {}) as { error?: { code?: unknown; message?: unknown; details?: unknown } };
  if (typeof error?.code !== "string" || !Object.hasOwn(ERRORS, error.code))
    return new WsightError(status === 401 ? "UNAUTHENTICATED" : "INTERNAL", `The hub answered ${status}`);
  return new WsightError(error.code as ErrorCode, typeof error.message === "string" ? error.message : undefined, {
    details: error.details,
  });
}

/** What the hub said is wrong with single fields; empty for any other trouble. */
export function fieldErrors(error: unknown): Readonly<Record<string, string>> {
  if (!(error instanceof WsightError)) return {};
  const { fields } = (error.details ?? {}) as { fields?: unknown };
  if (typeof fields !== "object" || fields === null) return {};
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

/** Why something failed, for people. */
export function problemOf(error: unknown): string {
  return error instanceof Error ? error.message : "The hub did not answer";
}
