import { BlockList, isIP } from "node:net";

/** Networks as `ADDRESS/BITS`. */
type Networks = readonly string[];

/** Link-local addresses, and where clouds tell machines their credentials: nothing that is sent a notice is there. */
const METADATA: Networks = [
  "169.254.0.0/16",
  "fe80::/10",
  // Of AWS over IPv6, of Alibaba Cloud, of Oracle Cloud.
  "fd00:ec2::254/128",
  "100.100.100.200/32",
  "192.0.0.192/32",
];

/** Everything else that is not the public internet (IANA's registries of special-purpose addresses). */
const NOT_PUBLIC: Networks = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "2001::/23",
  "2001:db8::/32",
  "3fff::/20",
];

/** Of these alone are public IPv6 addresses: what else there is stands for this machine, a local network or many. */
const GLOBAL: Networks = ["2000::/3"];

/** What an address is, for who wants to connect to it. */
export type AddressKind = "public" | "private" | "metadata";

const metadata = blockListOf(METADATA);
const notPublic = blockListOf(NOT_PUBLIC);
const global = blockListOf(GLOBAL);

/** Says what an address is; what is no address is not public. An IPv4 address within an IPv6 one counts as itself. */
export function addressKind(address: string): AddressKind {
  const plain = plainAddress(address);
  const family = familyOf(plain);
  if (family === null) return "private";
  if (metadata.check(plain, family)) return "metadata";
  if (family === "ipv6" && !global.check(plain, family)) return "private";
  return notPublic.check(plain, family) ? "private" : "public";
}

/** Takes an IPv4 address out of the IPv6 address that stands for it: mapped, compatible, NAT64, 6to4. */
export function plainAddress(address: string): string {
  const bare = address.split("%", 1)[0] ?? address;
  if (isIP(bare) !== 6) return bare;
  const groups = expand(bare);
  const [a = 0, b = 0, c = 0] = groups;
  const upper = groups.slice(0, 5).every((group) => group === 0);
  const last = [groups[6] ?? 0, groups[7] ?? 0] as const;
  if (upper && (groups[5] === 0xffff || (groups[5] === 0 && last[0] !== 0))) return dotted(last);
  const nat64 = a === 0x64 && b === 0xff9b && groups.slice(2, 6).every((group) => group === 0);
  if (nat64) return dotted(last);
  return a === 0x2002 ? dotted([b, c]) : bare;
}

/** A list to check addresses against. Expects networks that were checked. */
export function blockListOf(networks: Networks): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits = ""] = network.split("/");
    list.addSubnet(address, Number(bits), familyOf(address) ?? "ipv4");
  }
  return list;
}

/** Family of an address as `BlockList` has it; `null` for what is none. */
export function familyOf(address: string): "ipv4" | "ipv6" | null {
  const version = isIP(address);
  return version === 0 ? null : version === 4 ? "ipv4" : "ipv6";
}

/** The eight numbers of an IPv6 address. */
function expand(address: string): readonly number[] {
  // An address as `::ffff:1.2.3.4` ends with a dotted quad: the URL parser writes it as two groups.
  const plain = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = "", tail] = plain.split("::");
  const before = groupsOf(head);
  const after = groupsOf(tail ?? "");
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...new Array<number>(missing).fill(0), ...after];
}

function groupsOf(text: string): readonly number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}

function dotted([high, low]: readonly [number, number]): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}
