import { isIP, isIPv4, isIPv6 } from "node:net";

/** True for names and addresses that only this machine can reach. Takes `[::1]` and `::1` alike. */
export function isLoopback(host: string): boolean {
  const name = bare(host);
  if (name === "localhost" || name.endsWith(".localhost") || name === "::1") return true;
  return isIPv4(name) && name.startsWith("127.");
}

/** True when the other end of a connection is on this machine; takes IPv4 written as IPv6. */
export function isLocalPeer(remoteAddress: string | undefined): boolean {
  return isLoopback(remoteAddress?.replace(/^::ffff:/i, "") ?? "");
}

/** What proxies add beside names with `forwarded` in them. */
const PROXY_HEADERS: ReadonlySet<string> = new Set([
  "via",
  "x-real-ip",
  "x-client-ip",
  "true-client-ip",
  "cf-connecting-ip",
  "fastly-client-ip",
]);

/** True for a header by which a proxy says that it passed a request on. */
export function isProxyHeader(name: string): boolean {
  return name.includes("forwarded") || PROXY_HEADERS.has(name);
}

/** True for an address that stands for every address of this machine. */
export function isWildcard(host: string): boolean {
  return ["0.0.0.0", "::"].includes(bare(host));
}

/** True for an address, false for a name. */
export function isAddress(host: string): boolean {
  return isIP(bare(host)) !== 0;
}

/** A host as URLs write it: IPv6 in brackets. */
export function urlHost(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}

/**
 * What limits count by: an IPv4 address, or the /64 network of an IPv6
 * address, since whoever has one address of it has all of them.
 */
export function addressKey(remoteAddress: string | undefined): string {
  if (remoteAddress === undefined) return "unknown";
  const mapped = /^::ffff:([\d.]+)$/i.exec(remoteAddress)?.[1];
  if (mapped !== undefined) return mapped;
  return isIPv6(remoteAddress) ? `${network64(remoteAddress)}::/64` : remoteAddress;
}

function network64(address: string): string {
  const [before = "", after] = (address.split("%")[0] ?? "").split("::");
  const head = before === "" ? [] : before.split(":");
  const tail = after === undefined || after === "" ? [] : after.split(":");
  const zeros = new Array<string>(Math.max(0, 8 - head.length - tail.length)).fill("0");
  return [...head, ...zeros, ...tail].slice(0, 4).join(":");
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, "").toLowerCase();
}
