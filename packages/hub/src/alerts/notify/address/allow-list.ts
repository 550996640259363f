import { type BlockList, isIP } from "node:net";
import { WsightError } from "@wsight/protocol";
import { blockListOf, familyOf, plainAddress } from "./special-addresses.ts";

/** Hosts and networks that may be sent notices although they are not public. */
export interface AllowList {
  /** True when an entry names this host, with this port or without one. */
  names(host: string, port: number): boolean;
  /** True when an entry is a network that this address belongs to. */
  holds(address: string): boolean;
}

const MOST_ENTRIES = 256;
const LABEL = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/;

/**
 * Reads entries as `host`, `host:port`, `address`, `[address]:port` or `network/bits`.
 * @throws WsightError `BAD_OPTION` naming the entry that is none of these
 */
export function parseAllowList(entries: readonly string[]): AllowList {
  if (entries.length > MOST_ENTRIES) {
    throw bad(`at most ${MOST_ENTRIES} entries`, `${entries.length}`);
  }
  const hosts = new Set<string>();
  const networks: string[] = [];
  for (const entry of entries) {
    const text = entry.trim().toLowerCase();
    if (text.includes("/")) networks.push(checkNetwork(text, entry));
    else if (isIP(text) !== 0) networks.push(`${plainAddress(text)}/${isIP(plainAddress(text)) === 4 ? 32 : 128}`);
    else hosts.add(checkHost(text, entry));
  }
  const list: BlockList = blockListOf(networks);
  return {
    names: (host, port) => hosts.has(bare(host)) || hosts.has(`${bare(host)}:${port}`) || holds(list, bare(host)),
    holds: (address) => holds(list, address),
  };
}

/** A host as it is compared: without brackets and a last dot, in small letters. */
function bare(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
}

function holds(list: BlockList, address: string): boolean {
  const plain = plainAddress(address);
  const family = familyOf(plain);
  return family !== null && list.check(plain, family);
}

function checkNetwork(text: string, entry: string): string {
  const [address = "", bits = "", ...rest] = text.split("/");
  const family = familyOf(address);
  const most = family === "ipv4" ? 32 : 128;
  if (family === null || rest.length > 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > most) {
    throw bad("a network as 10.0.0.0/8", entry);
  }
  return text;
}

function checkHost(text: string, entry: string): string {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? "";
  const port = match?.[3];
  const isName = host.split(".").every((label) => LABEL.test(label));
  const isAddress = isIP(host) !== 0;
  if (match === null || !(isName || isAddress) || (port !== undefined && !isPort(port))) {
    throw bad("host, host:port, an address or a network as 10.0.0.0/8", entry);
  }
  return port === undefined ? host : `${host}:${Number(port)}`;
}

function isPort(text: string): boolean {
  return Number(text) >= 1 && Number(text) <= 65_535;
}

function bad(what: string, got: string): WsightError {
  return new WsightError("BAD_OPTION", `notifyHosts: expected ${what}, got ${JSON.stringify(got)}`, {
    details: { option: "notifyHosts" },
  });
}
