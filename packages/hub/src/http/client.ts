import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { TLSSocket } from "node:tls";
import { WsightError } from "@wsight/protocol";
import { isLocalPeer, isProxyHeader } from "../access/address.ts";
import type { MachineTrust } from "../access/machine-trust.ts";
import { FORWARDED_HEADER, verifyForwarded } from "./forwarded.ts";

/** Entries of `X-Forwarded-For` that are looked at, from its end. */
const MAX_CHAIN = 64;

/** Where a request comes from, as far as it can be believed. */
export interface Client {
  /** Whom limits count; `undefined` when the connection has none. */
  readonly address: string | undefined;
  /** True when nobody but this machine can have sent it. */
  readonly local: boolean;
  /** True when an application's server passed it on. */
  readonly mounted: boolean;
  /** True when a reverse proxy says that it passed it on. */
  readonly proxied: boolean;
  /** True when the client speaks TLS with whoever it is connected to. */
  readonly secure: boolean;
}

/** What a reader of clients goes by. */
export interface ClientReaderParts {
  /** Knows the servers that pass requests on; `null` believes none. */
  readonly machine: MachineTrust | null;
  /** Reverse proxies in front whose `X-Forwarded-For` entries are believed. */
  readonly trustProxy: number;
  readonly now: () => number;
}

/**
 * Makes the reader of where requests come from.
 * @throws WsightError `FORBIDDEN` from the call, for a forwarding header that none of our servers signed
 */
export function createClientReader(parts: ClientReaderParts): (request: IncomingMessage) => Client {
  const known = new WeakMap<IncomingMessage, Client>();
  return (request) => {
    const before = known.get(request);
    if (before !== undefined) return before;
    const client = readClient(request, parts);
    known.set(request, client);
    return client;
  };
}

function readClient(request: IncomingMessage, { machine, trustProxy, now }: ClientReaderParts): Client {
  const { headers, socket } = request;
  const forwarded = readForwarded(request, machine, now());
  const peer = (forwarded === null ? socket.remoteAddress : forwarded.address) || undefined;
  const chain = chainOf(headers["x-forwarded-for"]);
  const proxied = Object.keys(headers).some((name) => name !== FORWARDED_HEADER && isProxyHeader(name));
  const address = believed(chain, peer, trustProxy);
  return {
    address,
    local: !proxied && isLocalPeer(peer),
    mounted: forwarded !== null,
    proxied,
    // A made-up header only costs its sender: the cookie gets stricter.
    secure:
      forwarded?.secure === true ||
      socket instanceof TLSSocket ||
      /^https\b/.test(String(headers["x-forwarded-proto"])),
  };
}

function readForwarded(
  request: IncomingMessage,
  machine: MachineTrust | null,
  now: number,
): ReturnType<typeof verifyForwarded> {
  const header = request.headers[FORWARDED_HEADER];
  if (header === undefined) return null;
  const { method = "", url = "" } = request;
  for (const { forwarding } of machine?.keys ?? []) {
    const forwarded = verifyForwarded(forwarding, { method, url }, String(header), now);
    if (forwarded !== null) return forwarded;
  }
  // Should its key be a new one, the next request will be known.
  void machine?.lookAgain();
  throw new WsightError("FORBIDDEN", `${FORWARDED_HEADER}: expected the signature of a process of this machine`);
}

function chainOf(header: string | readonly string[] | undefined): readonly string[] {
  return header === undefined ? [] : String(header).split(",").slice(-MAX_CHAIN);
}

/** Each proxy adds whom it saw at the end, so the entry of the outermost proxy that is trusted names the client. */
function believed(chain: readonly string[], peer: string | undefined, trustProxy: number): string | undefined {
  const trusted = trustProxy === 0 ? [] : chain.slice(-trustProxy);
  let address = peer;
  for (const entry of trusted.toReversed()) {
    const plain = addressOf(entry.trim());
    if (plain === null) break;
    address = plain;
  }
  return address;
}

/** `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]:80`; `null` for anything else, `unknown` included. */
function addressOf(entry: string): string | null {
  const plain = /^\[(.+)\](?::\d+)?$/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry;
  return isIP(plain) === 0 ? null : plain;
}
