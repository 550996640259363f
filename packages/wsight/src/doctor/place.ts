import { expected } from "@wsight/protocol";

/** Where a dashboard is to be looked at. */
export interface Place {
  readonly secure: boolean;
  /** Name or address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** `host:port` as a `Host` header says it. */
  readonly authority: string;
  readonly origin: string;
  /** Path below which it is mounted: empty, or without a slash at its end. */
  readonly mount: string;
}

/**
 * Takes the address of a hub, of a mount, or of the dashboard itself.
 * @throws WsightError `BAD_OPTION`
 */
export function parsePlace(where: string, text: string): Place {
  const url = URL.canParse(text) ? new URL(text) : null;
  const secure = url?.protocol === "https:" || url?.protocol === "wss:";
  if (url === null || !(secure || url.protocol === "http:" || url.protocol === "ws:"))
    throw expected("BAD_OPTION", where, "an address like http://127.0.0.1:4700 or https://example.org/ops", text);
  return {
    secure,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port) || (secure ? 443 : 80),
    authority: url.host,
    origin: `${secure ? "https" : "http"}://${url.host}`,
    mount: url.pathname.replace(/\/+$/, "").replace(/\/dashboard$/, ""),
  };
}
