import { asFields, asText, ERRORS, type ErrorCode, WsightError } from "@wsight/protocol";
import type { Clock, FetchLike } from "./environment.ts";

/** Who is signed in. */
export interface Principal {
  readonly sub: string;
  /** `admin`, `viewer` or `user`. */
  readonly role: string;
}

/** What proves who somebody is: a token, or the code of a one-time link. */
export type Credentials = { readonly token: string } | { readonly code: string };

/** Requests about the browser's session with the hub. All throw `WsightError`; `INTERNAL` when nobody answered. */
export interface SessionApi {
  /** Who is signed in; `null` when nobody is. */
  current(): Promise<Principal | null>;
  /** Trades credentials for a session cookie. */
  open(credentials: Credentials): Promise<Principal>;
  /** Ends the session. */
  end(): Promise<void>;
}

const TIMEOUT_MS = 10_000;

/** Speaks to the hub at `url`. */
export function createSessionApi(url: URL, fetchLike: FetchLike, clock: Clock): SessionApi {
  async function request(method: "GET" | "POST" | "DELETE", body?: Credentials): Promise<Response> {
    const abort = new AbortController();
    const timer = clock.setTimeout(() => abort.abort(), TIMEOUT_MS);
    try {
      return await fetchLike(url.href, {
        method,
        signal: abort.signal,
        cache: "no-store",
        credentials: "same-origin",
        ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
      });
    } catch (cause) {
      throw new WsightError("INTERNAL", `${method} ${url.pathname}: nobody answered`, { cause });
    } finally {
      clock.clearTimeout(timer);
    }
  }

  return {
    async current() {
      const response = await request("GET");
      if (response.status === 401) return null;
      return readPrincipal(await readReply(response));
    },
    async open(credentials) {
      return readPrincipal(await readReply(await request("POST", credentials)));
    },
    async end() {
      const response = await request("DELETE");
      // No session to end is as good as ended.
      if (response.status !== 401) await readReply(response);
    },
  };
}

/** The body of a good answer, parsed; `null` when there is none. @throws WsightError as the hub said */
export async function readReply(response: Response): Promise<unknown> {
  const body: unknown = response.status === 204 ? null : await response.json().catch(() => null);
  if (response.ok) return body;
  throw readError(response.status, body);
}

function readPrincipal(body: unknown): Principal {
  const fields = asFields("BAD_FRAME", "session", asFields("BAD_FRAME", "session", body).principal);
  return {
    sub: asText("BAD_FRAME", "session sub", fields.sub),
    role: asText("BAD_FRAME", "session role", fields.role, 16),
  };
}

function readError(status: number, body: unknown): WsightError {
  const error = (body as { error?: { code?: unknown; message?: unknown } } | null)?.error;
  if (typeof error?.code === "string" && Object.hasOwn(ERRORS, error.code)) {
    return new WsightError(error.code as ErrorCode, typeof error.message === "string" ? error.message : undefined);
  }
  return new WsightError(status === 401 ? "UNAUTHENTICATED" : "INTERNAL", `session: the hub answered ${status}`);
}
