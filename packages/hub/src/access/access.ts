import type { IncomingMessage } from "node:http";
import type { Clock } from "../clock.ts";
import { type OnHubError, openToOthers } from "../errors.ts";
import type { HubOptions } from "../hub-options.ts";
import { isLoopback } from "./address.ts";
import { type Authenticate, type Credential, createAuthenticator } from "./authenticate.ts";
import { createMachineTrust, type MachineTrust } from "./machine-trust.ts";
import { createOneTimeCode, type OneTimeCode } from "./one-time-code.ts";
import { resolveSecret } from "./secret.ts";
import { createSessions, type Sessions } from "./session.ts";
import { publicKeys, secretKeys, type TokenKeys } from "./token.ts";

/** Who may come in, and how they prove it. */
export interface AccessControl {
  readonly keys: TokenKeys;
  /** The hub's own key material, whatever tokens are verified by. Never told. */
  readonly secret: string;
  readonly sessions: Sessions;
  readonly code: OneTimeCode;
  /** Knows processes of this machine and user; `null` knows none. */
  readonly machine: MachineTrust | null;
  /** True when somebody said who may read: by a secret, a public key, or a callback. */
  readonly configured: boolean;
  /** Finds out who is asking; see `createAuthenticator`. */
  readonly identify: (request: IncomingMessage) => Promise<Credential | null>;
}

/** What access control is made from. */
export interface AccessParts {
  readonly options: Pick<HubOptions, "secret" | "jwt" | "oneTimeCode" | "machineKey" | "machineKeyDir">;
  readonly host: string;
  readonly dataDir: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly authenticate: Authenticate | undefined;
  readonly clock: Clock;
  readonly onError: OnHubError;
}

/**
 * Makes access control, closed by default.
 * @throws WsightError `BAD_OPTION`, also when others could reach the hub and nobody said who may read it
 */
export async function createAccessControl(parts: AccessParts): Promise<AccessControl> {
  const { options, host, dataDir, env, authenticate, clock, onError } = parts;
  const keys = options.jwt === undefined ? null : publicKeys(options.jwt);
  const secret = await resolveSecret({ secret: options.secret, dataDir, env });
  const decided = secret.configured || keys !== null || authenticate !== undefined;
  if (!isLoopback(host) && !decided) throw openToOthers(host);
  const now = (): number => clock.now();
  const sessions = createSessions(secret.value, now);
  const machine = options.machineKey ? createMachineTrust(options.machineKey, options.machineKeyDir ?? null) : null;
  const access = { keys: keys ?? secretKeys(secret.value), sessions };
  return {
    ...access,
    secret: secret.value,
    machine,
    configured: decided,
    code: createOneTimeCode(options.oneTimeCode ?? null, now),
    identify: createAuthenticator({ ...access, machine, authenticate, now, onError }),
  };
}
