import { createHmac, randomBytes } from "node:crypto";
import type { Principal } from "./principal.ts";
import { secretKeys, signToken, type VerifiedToken, verifyToken } from "./token.ts";

/** Cookies of the session's name that are looked at; a page of another port may have set some of them. */
const MAX_TRIED = 8;
/** Longest life of a session, in ms. */
const SESSION_LIFE_MS = 43_200_000;
/** Ended sessions that are remembered until they expire; beyond, the oldest is forgotten. */
const MAX_ENDED = 10_000;

/** A browser's session: a signed cookie, nothing kept but what was ended early. */
export interface Sessions {
  /** Name of the cookie. Each secret has its own: browsers send cookies to every port of a host alike. */
  readonly cookieName: string;
  /** Starts a session; says the `Set-Cookie` and when it ends. `untilAt` (ms epoch) ends it sooner. */
  start(
    principal: Principal,
    options: { readonly secure: boolean; readonly untilAt?: number },
  ): Promise<{ readonly setCookie: string; readonly expiresAt: number }>;
  /** Reads the session from a `Cookie` header; `null` when there is none or it no longer holds. */
  read(cookieHeader: string | undefined): Promise<VerifiedToken | null>;
  /** Ends a session before its time, until this process restarts. */
  end(id: string): void;
  /** The `Set-Cookie` that makes a browser forget. */
  clearCookie(secure: boolean): string;
}

/** @param secret of the hub; sessions use a key derived from it, so that no API token is a session nor the reverse */
export function createSessions(secret: string, now: () => number = Date.now): Sessions {
  const key = createHmac("sha256", secret).update("wsight session").digest();
  const keys = secretKeys(key);
  const ended = new Set<string>();
  const cookieName = `wsight_session_${createHmac("sha256", key).update("cookie").digest("hex").slice(0, 8)}`;
  const cookie = (value: string, maxAgeSeconds: number, secure: boolean): string =>
    [
      `${cookieName}=${value}`,
      "Path=/",
      "HttpOnly",
      "SameSite=Strict",
      `Max-Age=${maxAgeSeconds}`,
      ...(secure ? ["Secure"] : []),
    ].join("; ");
  return {
    cookieName,
    async start(principal, { secure, untilAt = Number.POSITIVE_INFINITY }) {
      const at = now();
      const ttlMs = Math.max(1000, Math.floor(Math.min(SESSION_LIFE_MS, untilAt - at)));
      const id = randomBytes(16).toString("base64url");
      const token = await signToken({ ...principal, ttlMs, id }, key, now);
      return { setCookie: cookie(token, Math.floor(ttlMs / 1000), secure), expiresAt: at + ttlMs };
    },
    async read(cookieHeader) {
      for (const token of findCookies(cookieHeader, cookieName)) {
        const session = await verifyToken(token, keys, now).catch(() => null);
        if (session !== null && session.id !== null && !ended.has(session.id)) return session;
      }
      return null;
    },
    end(id) {
      ended.add(id);
      const [oldest] = ended;
      if (ended.size > MAX_ENDED && oldest !== undefined) ended.delete(oldest);
    },
    clearCookie: (secure) => cookie("", 0, secure),
  };
}

function findCookies(header: string | undefined, name: string): string[] {
  const values: string[] = [];
  for (const part of header?.split(";") ?? []) {
    const [key, value = ""] = part.split("=", 2).map((text) => text.trim());
    if (key === name && value !== "" && values.length < MAX_TRIED) values.push(value);
  }
  return values;
}
