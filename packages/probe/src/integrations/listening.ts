/** The parts of a server of `net`, `http` or `https` that are used. */
export interface ListenerLike {
  address?(): unknown;
  /** Servers of TLS alone have it. */
  readonly setSecureContext?: unknown;
}

/** Where a server listens, and what it speaks there. */
export interface ListeningPlace {
  /** What `address()` says. */
  readonly address: unknown;
  /** `ws` makes `ws:` and `wss:`, `http` makes `http:` and `https:`. */
  readonly scheme: "ws" | "http";
  readonly secure: boolean;
  /** Begins with a slash; anything else is taken for `/`. */
  readonly path: unknown;
}

/** Longest address that is told. */
const MAX_LENGTH = 256;

/** Where a server listens, as addresses on loopback; none when it does not, not there, or can't be asked. */
export function loopbackUrls(read: () => ListeningPlace | null): readonly string[] {
  try {
    const place = read();
    const url = place === null ? null : urlOf(place);
    return url === null ? [] : [url];
  } catch {
    return [];
  }
}

function urlOf({ address, scheme, secure, path }: ListeningPlace): string | null {
  if (typeof address !== "object" || address === null) return null;
  const { address: bound, port } = address as { readonly address?: unknown; readonly port?: unknown };
  const host = typeof bound === "string" ? loopbackHost(bound) : null;
  if (host === null || typeof port !== "number") return null;
  const below = typeof path === "string" && path.startsWith("/") ? path : "/";
  const url = new URL(`${scheme}${secure ? "s" : ""}://${host}:${port}`);
  // Set, not resolved: a path like `//name` must not name another host.
  url.pathname = below;
  const { href } = url;
  return href.length <= MAX_LENGTH ? href : null;
}

/** True for servers of TLS. */
export function isSecure(server: ListenerLike | undefined): boolean {
  return typeof server?.setSecureContext === "function";
}

/** By which host this machine reaches an address; `null` when not over loopback. */
function loopbackHost(address: string): string | null {
  if (address === "0.0.0.0" || address === "::") return "127.0.0.1";
  if (address === "::1") return "[::1]";
  return /^127\.\d+\.\d+\.\d+$/.test(address) ? address : null;
}
