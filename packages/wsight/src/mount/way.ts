import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { signForwarded } from "@wsight/hub/forwarded";

/** Where one request goes, and the words that go with it. */
export interface Way {
  readonly host: string;
  readonly port: number;
  readonly method: string;
  /** Path and query as the hub knows them. */
  readonly target: string;
  /** Tells the hub whose request it is. */
  readonly signature: string;
}

/**
 * Finds the way of a request; `null` while no hub runs.
 * @param key of `forwardingKey`
 * @param hubUrl where the hub is now
 */
export function findWay(key: Uint8Array, hubUrl: string | null, request: IncomingMessage, target: string): Way | null {
  if (hubUrl === null) return null;
  const { hostname, port } = new URL(hubUrl);
  const { method = "GET", socket } = request;
  const forwarded = { address: socket.remoteAddress ?? "", secure: socket instanceof TLSSocket };
  const signature = signForwarded(key, { method, url: target }, forwarded, Date.now());
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port), method, target, signature };
}
