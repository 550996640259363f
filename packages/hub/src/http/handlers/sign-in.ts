import { asFields, asText, WsightError } from "@wsight/protocol";
import { addressKey } from "../../access/address.ts";
import type { OneTimeCode } from "../../access/one-time-code.ts";
import type { Principal } from "../../access/principal.ts";
import { createRateLimit } from "../../access/rate-limit.ts";
import type { Sessions } from "../../access/session.ts";
import { type TokenKeys, verifyToken } from "../../access/token.ts";
import { rateLimited } from "../../errors.ts";
import type { Route } from "../route.ts";

/** Sign-in attempts a minute from one address. */
const SIGN_INS_PER_MINUTE = 10;
/** Who comes by the one-time link: whoever reads the starter's terminal. */
const LINK_PRINCIPAL: Principal = { sub: "local", role: "admin" };

/** What signing in needs. */
export interface SignInParts {
  readonly sessions: Sessions;
  readonly keys: TokenKeys;
  readonly code: OneTimeCode;
  readonly onCodeUsed: () => void;
  readonly now: () => number;
}

/** Trades a one-time code or a token for a session cookie. */
export function signInRoute(parts: SignInParts): Route {
  const attempts = createRateLimit(SIGN_INS_PER_MINUTE, parts.now);
  return {
    method: "POST",
    path: "/api/session",
    access: "open",
    summary: "Sign in with {code} from the one-time link, or with {token}",
    handle: async ({ client: { address, secure }, body }) => {
      const waitMs = attempts.take(addressKey(address));
      if (waitMs > 0) throw rateLimited(waitMs);
      const { principal, untilAt } = await present(parts, body);
      const session = await parts.sessions.start(principal, untilAt === undefined ? { secure } : { secure, untilAt });
      return {
        json: { principal, expiresAt: session.expiresAt },
        headers: { "set-cookie": session.setCookie },
      };
    },
  };
}

async function present(
  parts: SignInParts,
  body: unknown,
): Promise<{ readonly principal: Principal; readonly untilAt?: number }> {
  const fields = asFields("BAD_REQUEST", "body", body);
  if (fields.code !== undefined) {
    if (!parts.code.use(asText("BAD_REQUEST", "code", fields.code)))
      throw new WsightError("UNAUTHENTICATED", "The one-time link is wrong, used, or older than 15 minutes");
    parts.onCodeUsed();
    return { principal: LINK_PRINCIPAL };
  }
  const token = await verifyToken(asText("BAD_REQUEST", "token", fields.token, 8192), parts.keys, parts.now);
  const { role } = token.principal;
  if (role === "probe")
    throw new WsightError("FORBIDDEN", "The dashboard needs role user, viewer or admin, the token has role probe");
  return { principal: token.principal, untilAt: token.expiresAt };
}
