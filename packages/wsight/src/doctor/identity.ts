import { ERRORS } from "@wsight/protocol";
import { get, type Reply } from "./exchange.ts";
import type { Place } from "./place.ts";
import { nginxLines } from "./proxy-lines.ts";
import { messageOf } from "./reach.ts";
import { type WayCheck, wayCheck } from "./way-check.ts";

/** A clock this far off, s, ends tokens early or late. */
const CLOCK_SECONDS = 5;

/** Who answers at a place. */
export interface Identity {
  readonly checks: readonly WayCheck[];
  /** True when a hub answered, whatever it said. */
  readonly isHub: boolean;
  /** True when it lets the token read. */
  readonly admitted: boolean;
  /** True when a hub answered that it has nothing there: the path is wrong, and nothing beyond can be told. */
  readonly astray: boolean;
}

/** Asks who answers, and whether the token is good there. Never rejects. */
export async function identify(place: Place, token: string | null): Promise<Identity> {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  const askedAt = Date.now();
  try {
    const reply = await get(place, "/api/session", { headers });
    const clock = judgeClock(reply, (askedAt + Date.now()) / 2);
    const { check, ...rest } = judge(place, reply, token !== null);
    return { ...rest, checks: [check, ...(rest.isHub ? clock : [])] };
  } catch (error) {
    const check = wayCheck({
      id: "http",
      state: "fail",
      title: "What answers does not speak HTTP",
      detail: messageOf(error),
      fix: place.secure ? null : { text: "If the place has TLS, write https:// instead of http://", code: null },
    });
    return { checks: [check], isHub: false, admitted: false, astray: false };
  }
}

interface Verdict {
  readonly check: WayCheck;
  readonly isHub: boolean;
  readonly admitted: boolean;
  readonly astray: boolean;
}

function judge(place: Place, { status, headers, json }: Reply, hasToken: boolean): Verdict {
  const error = errorOf(json);
  const role = roleOf(json);
  const known = { isHub: true, admitted: false, astray: error?.code === "NOT_FOUND" };
  if (role !== null) {
    const check = wayCheck({ id: "http", state: "ok", title: `wsight answers, and takes the token (role ${role})` });
    return { ...known, check, admitted: true };
  }
  if (error?.code === "UNAUTHENTICATED" && !hasToken)
    return { check: wayCheck({ id: "http", state: "ok", title: "wsight answers" }), ...known };
  if (error !== null) return { check: refusal(place, error), ...known };
  return { check: stranger(place, status, headers.location), isHub: false, admitted: false, astray: false };
}

const TOKEN_FIX = {
  text: "Make one where the hub runs",
  code: "npx wsight token --role viewer --sub doctor --ttl 15m",
};

function refusal(place: Place, { code, message }: { readonly code: string; readonly message: string }): WayCheck {
  const fixes: Readonly<Record<string, WayCheck["fix"]>> = {
    UNAUTHENTICATED: TOKEN_FIX,
    FORBIDDEN: /secret/.test(message)
      ? { text: "Set a secret", code: 'export WSIGHT_SECRET="$(openssl rand -base64 32)"' }
      : TOKEN_FIX,
    BAD_HOST: { text: "Tell the hub this name", code: `export WSIGHT_ALLOWED_HOSTS=${place.host}` },
    NOT_FOUND: {
      text: "Give the address it is at, without this path, as --url",
      code: `npx wsight doctor --url ${place.origin}`,
    },
    NODE_AWAY: { text: "See why the hub ended: your application's stderr says it", code: null },
  };
  const titles: Readonly<Record<string, string>> = {
    UNAUTHENTICATED: "wsight answers, and does not take the token",
    FORBIDDEN: "wsight answers, and does not let this in",
    BAD_HOST: `wsight answers, and does not go by the name ${place.authority}`,
    NOT_FOUND: `wsight answers, and has nothing at ${place.mount || "/"}`,
    NODE_AWAY: "The application answers, and its hub does not run",
  };
  const title = titles[code] ?? `wsight answers with ${code}`;
  return wayCheck({ id: "http", state: "fail", title, detail: message, fix: fixes[code] ?? null });
}

function stranger(place: Place, status: number, location: string | undefined): WayCheck {
  if (location !== undefined)
    return wayCheck({
      id: "http",
      state: "fail",
      title: "Something else answers: it leads elsewhere",
      detail: `${status} to ${location}`,
      fix: { text: "Give the address it leads to as --url", code: null },
    });
  if (status === 502 || status === 503 || status === 504)
    return wayCheck({
      id: "http",
      state: "fail",
      title: `A proxy answers ${status}: it does not reach what is behind it`,
      fix: {
        text: "See whether the hub or application runs where the proxy looks for it (nginx)",
        code: nginxLines(place),
      },
    });
  return wayCheck({
    id: "http",
    state: "fail",
    title: "Something else answers",
    detail: `${place.origin}${place.mount}/api/session: ${status}, and nothing that wsight says.`,
    fix: {
      text: "Give the address of the hub, or of your application with the path it is mounted at, as --url",
      code: 'await monitor({ io, server }, { mount: "/" });',
    },
  });
}

function judgeClock({ headers }: Reply, now: number): readonly WayCheck[] {
  const there = Date.parse(headers.date ?? "");
  if (Number.isNaN(there)) return [];
  // The header counts whole seconds, downwards.
  const seconds = (there + 500 - now) / 1000;
  if (Math.abs(seconds) <= CLOCK_SECONDS) return [wayCheck({ id: "clock", state: "ok", title: "The clocks agree" })];
  return [
    wayCheck({
      id: "clock",
      state: "warn",
      title: `The clock there is ${Math.abs(seconds).toFixed(0)} s ${seconds > 0 ? "ahead of" : "behind"} this one`,
      detail: "Tokens and sessions end early or late by that, or do not begin.",
      fix: { text: "Keep the clocks of all machines in step", code: "timedatectl set-ntp true" },
    }),
  ];
}

/** The error of a reply, when wsight made it. */
export function errorOf(json: unknown): { readonly code: string; readonly message: string } | null {
  const { error } = Object(json) as { error?: unknown };
  const { code, message } = Object(error) as { code?: unknown; message?: unknown };
  if (typeof code !== "string" || !Object.hasOwn(ERRORS, code)) return null;
  return { code, message: typeof message === "string" ? message : "" };
}

function roleOf(json: unknown): string | null {
  const { principal } = Object(json) as { principal?: unknown };
  const { role } = Object(principal) as { role?: unknown };
  return typeof role === "string" ? role : null;
}
