/** What went through an interface since it came up. */
export interface NetworkStat {
  readonly name: string;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly receiveErrors: number;
  readonly sendErrors: number;
}

/** Interfaces that are read at most. */
const MAX_INTERFACES = 1024;

/** Reads `/proc/net/dev`: every interface of the network namespace. */
export function parseNetworkDevices(text: string): NetworkStat[] {
  const stats: NetworkStat[] = [];
  // Two lines of titles come first. A name may hold a colon (`eth0:1`), and old kernels leave no blank after it.
  for (const line of text.split("\n", MAX_INTERFACES + 2).slice(2)) {
    const colon = line.lastIndexOf(":");
    const [receivedBytes, , receiveErrors, , , , , , sentBytes, , sendErrors] = line
      .slice(colon + 1)
      .trim()
      .split(/ +/)
      .map(Number);
    if (colon < 1 || receivedBytes === undefined || sentBytes === undefined) continue;
    stats.push({
      name: line.slice(0, colon).trim(),
      receivedBytes,
      sentBytes,
      receiveErrors: receiveErrors ?? 0,
      sendErrors: sendErrors ?? 0,
    });
  }
  return stats;
}

/** What `/sys/class/net` says of an interface. */
export interface InterfaceKind {
  /** A device stands behind it: a card, or that of a virtual machine. */
  readonly isHardware: boolean;
  /** The interface it is part of, if that is hardware too, as with SR-IOV: what goes through this one goes through that. */
  readonly master: string | null;
  /** It stands upon others: a bridge, a bond, a VLAN. */
  readonly isStacked: boolean;
}

/** Loopback, and interfaces whose traffic goes through another one too. */
const SECOND_HAND = /^(lo$|ifb\d|dummy\d|veth|tun\d|tap\d|wg\d|docker\d|br-|virbr|cni|flannel|cali|vxlan)/;

/**
 * Which interfaces to add up, so that nothing counts twice: those with a
 * device behind them; where there is none (a container) those that do not
 * stand upon others, by what the system says and by their names.
 */
export function countedInterfaces(kinds: ReadonlyMap<string, InterfaceKind>): ReadonlySet<string> {
  const hardware = [...kinds].filter(([name, { isHardware }]) => isHardware && name !== "lo");
  const names = new Set(hardware.map(([name]) => name));
  const first = hardware.filter(([, { master }]) => master === null || !names.has(master));
  const counted =
    first.length > 0 ? first : [...kinds].filter(([name, kind]) => !kind.isStacked && !SECOND_HAND.test(name));
  return new Set(counted.map(([name]) => name));
}
