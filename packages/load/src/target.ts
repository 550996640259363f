import { lookup } from "node:dns/promises";
import { connect, isIP } from "node:net";
import { type LoadTarget, WsightError } from "@wsight/protocol";
import { prepareHandshake } from "./wire/handshake.ts";
import type { WireTarget } from "./wire/wire-socket.ts";

/** How long a connection and its handshake may take, in ms. */
const CONNECT_MS = 10_000;
const DEFAULT_PATH = { ws: "/", "socket.io": "/socket.io/" } as const;

/** Where an address leads. */
export interface Place {
  /** As the address says. */
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** Host and port of an address. @throws WsightError `BAD_OPTION` when it is none */
export function placeOf(url: string): Place {
  const { hostname, port, protocol } = parseUrl(url);
  const tls = protocol === "wss:" || protocol === "https:";
  const host = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  return { host, port: port === "" ? (tls ? 443 : 80) : Number(port), tls };
}

/** True for addresses that cannot leave this machine. */
export function isLoopback(address: string): boolean {
  return /^127\.\d+\.\d+\.\d+$/.test(address) || address === "::1" || /^::ffff:127\./.test(address);
}

/**
 * Finds the address that answers. Connections go to it alone, so that a name
 * cannot come to mean another machine halfway.
 * @throws WsightError `TARGET_FAILED` when nothing listens there
 */
export async function findAddress(place: Place): Promise<string> {
  const addresses = isIP(place.host) > 0 ? [place.host] : await lookUp(place.host);
  const reasons: string[] = [];
  for (const address of addresses) {
    const reason = await tryAddress(address, place.port);
    if (reason === null) return address;
    reasons.push(reason);
  }
  const where = `${place.host}:${place.port}`;
  const why = reasons[0] === "ECONNREFUSED" ? "nothing listens there (ECONNREFUSED)" : reasons[0];
  throw new WsightError("TARGET_FAILED", `${where}: expected a server, got ${why}`);
}

/** All addresses of a name. @throws WsightError `TARGET_FAILED` when it has none */
export async function lookUp(host: string): Promise<readonly string[]> {
  if (isIP(host) > 0) return [host];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (cause) {
    throw new WsightError("TARGET_FAILED", `${host}: expected the name of a machine, got one that is not known`, {
      cause,
    });
  }
}

/** What connections are opened with. */
export function wireTargetOf(target: LoadTarget, address: string): WireTarget {
  const { host, port, tls } = placeOf(target.url);
  const { pathname, search, host: authority } = parseUrl(target.url);
  const path = pathname === "/" ? DEFAULT_PATH[target.library] : pathname;
  const query =
    target.library === "socket.io" ? `${search === "" ? "?" : `${search}&`}EIO=4&transport=websocket` : search;
  const { headers, protocols } = target;
  return {
    host,
    address,
    port,
    tls,
    insecure: target.insecure,
    handshake: prepareHandshake({ path: path + query, host: authority, headers, protocols }),
    timeoutMs: CONNECT_MS,
  };
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^(wss?|https?):$/.test(url.protocol) || url.hostname === "")
    throw new WsightError(
      "BAD_OPTION",
      `url: expected a ws:, wss:, http: or https: address, got ${JSON.stringify(text)}`,
    );
  return url;
}

/** `null` when somebody listens, else why not. */
function tryAddress(address: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const end = (reason: string | null): void => {
      clearTimeout(timer);
      resolve(reason);
    };
    const timer = setTimeout(() => {
      socket.destroy();
      end("no answer within 5 s");
    }, 5000);
    socket.once("connect", () => {
      socket.resetAndDestroy();
      end(null);
    });
    socket.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}
