import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { parseAllowList } from "./allow-list.ts";
import { addressKind } from "./special-addresses.ts";

/** One address that a name stands for and that may be connected to. */
interface CheckedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** `web`: nothing but public addresses · `mail`: everything but link-local addresses and those of cloud metadata. */
export type GuardedUse = "web" | "mail";

/** A host that may be connected to. */
export interface CheckedHost {
  /** Connect to one of these and to nothing else. */
  readonly addresses: readonly CheckedAddress[];
  /** The allow list has it: plain HTTP is taken there. */
  readonly listed: boolean;
}

/** Keeps notices from being sent to places that an attacker may have set: this machine, the inner network, cloud metadata. */
export interface AddressGuard {
  /**
   * Looks a host up, once.
   * @throws GuardError for addresses that are not allowed, and whatever the lookup throws
   */
  check(host: string, port: number, use: GuardedUse): Promise<CheckedHost>;
}

/** The address must not be connected to: trying again is of no use until the settings change. */
export class GuardError extends Error {
  override readonly name = "GuardError";
}

/** Finds the addresses of a name. */
export type Resolve = (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

/**
 * Makes a guard.
 *
 * @param allow see `parseAllowList`; @throws WsightError `BAD_OPTION`
 * @param resolve the machine's own resolver unless given
 */
export function createAddressGuard(
  allow: readonly string[],
  resolve: Resolve = (host) => lookup(host, { all: true, verbatim: true }),
): AddressGuard {
  const list = parseAllowList(allow);
  return {
    async check(host, port, use) {
      const bare = host.replace(/^\[(.*)\]$/, "$1");
      const found = isIP(bare) === 0 ? await resolve(bare) : [{ address: bare, family: isIP(bare) }];
      const addresses = found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }) as const);
      const listed = addresses.filter(({ address }) => list.names(bare, port) || list.holds(address));
      if (listed.length > 0) return { addresses: listed, listed: true };
      const allowed = addresses.filter(({ address }) => isOpen(address, use));
      if (allowed.length > 0) return { addresses: allowed, listed: false };
      throw new GuardError(refusal(bare, addresses[0]?.address));
    },
  };
}

function isOpen(address: string, use: GuardedUse): boolean {
  const kind = addressKind(address);
  return kind === "public" || (kind === "private" && use === "mail");
}

function refusal(host: string, address: string | undefined): string {
  if (address === undefined) return `${host} has no address`;
  const where = host === address ? host : `${host} (${address})`;
  return `${where} is not a public address; allow it with the option notifyHosts or WSIGHT_NOTIFY_HOSTS`;
}
