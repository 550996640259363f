/** Where the hub of this machine is, or is to be. */
export interface HubPort {
  /** What it listens on. */
  readonly host: string;
  readonly port: number;
}

/** Addresses that stand for all of them, and how this machine reaches itself there. */
const WILDCARDS: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** The address to connect to from this machine. */
export function reachableHost({ host }: Pick<HubPort, "host">): string {
  return WILDCARDS[host] ?? host;
}

/** True for an address that stands for all of them. */
export function isWildcard(host: string): boolean {
  return Object.hasOwn(WILDCARDS, host);
}

/** `http://HOST:PORT` for programs and people of this machine. */
export function httpUrl({ host, port }: HubPort): string {
  const name = reachableHost({ host });
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
}

/** The address of the page that belongs to an address of links: `ws:` is `http:`, `wss:` is `https:`. */
export function pageUrl(hubUrl: string): string {
  return hubUrl.replace(/^ws/, "http").replace(/\/+$/, "");
}
