import type { IncomingMessage } from "node:http";
import { WsightError } from "@wsight/protocol";
import { addressKey } from "../access/address.ts";
import type { Credential } from "../access/authenticate.ts";
import type { OriginCheck } from "../access/guards.ts";
import type { Principal, Role } from "../access/principal.ts";
import type { RateLimit } from "../access/rate-limit.ts";
import { openByMount, rateLimited } from "../errors.ts";
import type { Client } from "./client.ts";
import type { Access } from "./route.ts";

/** What requests and upgrades pass alike. */
export interface Gate {
  /** Where a request comes from. @throws WsightError `FORBIDDEN` for one that claims it falsely */
  clientOf(request: IncomingMessage): Client;
  /**
   * Meant for this hub, from where it may be seen, and not too often from one address.
   * @param isCounted false for what goes on with something that has been admitted, and has a limit of its own
   * @throws WsightError `FORBIDDEN`, `BAD_HOST`, `RATE_LIMITED`
   */
  admit(request: IncomingMessage, isCounted?: boolean): void;
  /**
   * Signed in, with a role that may call, and not too often.
   * @param onRefused told before somebody whose role may not call is refused
   * @throws WsightError `UNAUTHENTICATED`, `FORBIDDEN`, `RATE_LIMITED`
   */
  authorize(
    request: IncomingMessage,
    access: Exclude<Access, "open">,
    onRefused?: (principal: Principal) => Promise<void>,
  ): Promise<Credential>;
  /** The same, but `null` for somebody who shows nothing at all: what is shown has to be right. */
  recognize(request: IncomingMessage, access: Exclude<Access, "open">): Promise<Credential | null>;
  readonly origins: OriginCheck;
}

/** The checks a gate is made of. */
export interface GateParts {
  readonly clientOf: (request: IncomingMessage) => Client;
  /** False while nobody said who may read. */
  readonly configured: boolean;
  readonly checkHost: (header: string | undefined, anyAddress: boolean) => void;
  readonly origins: OriginCheck;
  readonly identify: (request: IncomingMessage) => Promise<Credential | null>;
  readonly addressRate: RateLimit;
  readonly principalRate: RateLimit;
}

/** Puts the checks in their order: the cheap ones, which need no key and no callback, first. */
export function createGate(parts: GateParts): Gate {
  async function recognize(
    request: IncomingMessage,
    access: Exclude<Access, "open">,
    onRefused?: (principal: Principal) => Promise<void>,
  ): Promise<Credential | null> {
    const credential = await parts.identify(request);
    if (credential === null) return null;
    const { role, sub } = credential.principal;
    if (!mayCall(role, access)) {
      await onRefused?.(credential.principal);
      throw new WsightError(
        "FORBIDDEN",
        `Role ${access === "writer" ? "probe or admin" : access} is needed, this principal has role ${role}`,
      );
    }
    spend(parts.principalRate, sub);
    return credential;
  }

  return {
    origins: parts.origins,
    clientOf: parts.clientOf,
    admit(request, isCounted = true) {
      const { address, local, mounted } = parts.clientOf(request);
      if (mounted && !local && !parts.configured) throw openByMount();
      parts.checkHost(request.headers.host, mounted);
      if (isCounted) spend(parts.addressRate, addressKey(address));
    },
    recognize: (request, access) => recognize(request, access),
    async authorize(request, access, onRefused) {
      const credential = await recognize(request, access, onRefused);
      if (credential === null) throw new WsightError("UNAUTHENTICATED");
      return credential;
    },
  };
}

/** An administrator may do everything but write figures: those come from a process with a token of its own. */
function mayCall(role: Role, access: Exclude<Access, "open">): boolean {
  if (access === "user") return role !== "probe";
  if (access === "writer") return role === "probe" || role === "admin";
  return role === access || (role === "admin" && access !== "probe");
}

function spend(rate: RateLimit, key: string): void {
  const waitMs = rate.take(key);
  if (waitMs > 0) throw rateLimited(waitMs);
}
