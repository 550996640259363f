import type { IncomingHttpHeaders } from "node:http";
import { expected, WsightError } from "@wsight/protocol";
import { isAddress, isLoopback, isWildcard } from "./address.ts";

/**
 * Makes the check that a request was meant for this hub: a page of another
 * site that points its own name at our address (DNS rebinding) sends that
 * name. Loopback names pass with any port, so does the address listened on,
 * any plain address when listening on all of them, and `allowedHosts`
 * (`name` with any port, `name:port` with just that one). A plain address names
 * nobody else, so one that an application listens on passes where it is asked to.
 * @throws WsightError `BAD_HOST` from the check
 */
export function createHostCheck(
  host: string,
  allowedHosts: readonly string[] = [],
): (header: string | undefined, anyAddress?: boolean) => void {
  const allowed = new Set([host, ...allowedHosts].map((name) => name.toLowerCase()));
  return (header, anyAddress = false) => {
    const [, name = "", port] = /^(\[[\da-f:.]+\]|[^:/?#@\s[\]]+?)\.?(?::(\d{1,5}))?$/i.exec(header ?? "") ?? [];
    const lower = name.toLowerCase();
    if (lower !== "") {
      if (isLoopback(lower) || allowed.has(lower) || allowed.has(`${lower}:${port}`)) return;
      if (allowed.has(lower.replace(/^\[|\]$/g, ""))) return;
      if (isAddress(lower) && (anyAddress || isWildcard(host))) return;
    }
    throw expected("BAD_HOST", "host", "this hub's own address, localhost, or a name in allowedHosts", header);
  };
}

/** Says whether pages of an origin may talk to this hub. */
export interface OriginCheck {
  /** Refuses pages of other sites; a request without `Origin` is no page. @throws WsightError `BAD_ORIGIN` */
  check(headers: IncomingHttpHeaders): void;
  /** The `Origin` when it is one of the further origins, else `undefined`. */
  crossOrigin(headers: IncomingHttpHeaders): string | undefined;
}

/** @throws WsightError `BAD_OPTION` for an origin that is none, a wildcard included */
export function createOriginCheck(allowedOrigins: readonly string[] = []): OriginCheck {
  const allowed = new Set(allowedOrigins.map(parseOrigin));
  return {
    check(headers) {
      const { origin } = headers;
      if (origin === undefined ? !isFromOtherSite(headers) : allowed.has(origin) || isSameOrigin(headers)) return;
      throw expected("BAD_ORIGIN", "origin", "this hub's own origin or one in allowedOrigins", origin);
    },
    crossOrigin: ({ origin }) => (origin !== undefined && allowed.has(origin) ? origin : undefined),
  };
}

function parseOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.origin !== text.replace(/\/$/, "").toLowerCase())
    throw expected("BAD_OPTION", "allowedOrigins", "origins such as https://ops.example.org", text);
  return url.origin;
}

/**
 * A write whose credential the browser attaches by itself must provably come
 * from this hub's own page.
 * @throws WsightError `BAD_ORIGIN`
 */
export function checkAmbientWrite(headers: IncomingHttpHeaders): void {
  if (headers["sec-fetch-site"] === "same-origin" || isSameOrigin(headers)) return;
  throw new WsightError(
    "BAD_ORIGIN",
    "A write with a cookie must come from this hub's own page (Sec-Fetch-Site or Origin); programs send a bearer token",
  );
}

/** Pages of other sites can't send JSON without asking first. @throws WsightError `BAD_REQUEST` */
export function checkJsonType(headers: IncomingHttpHeaders): void {
  const type = headers["content-type"];
  if (type !== undefined && /^application\/json\s*(;|$)/i.test(type)) return;
  throw expected("BAD_REQUEST", "content-type", "application/json", type);
}

/** @throws WsightError `BAD_REQUEST` for a body that is no form */
export function checkFormType(headers: IncomingHttpHeaders): void {
  const type = headers["content-type"];
  if (type !== undefined && /^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) return;
  throw expected("BAD_REQUEST", "content-type", "application/x-www-form-urlencoded", type);
}

/** Images and scripts of other pages are asked for without an `Origin`; browsers say where they come from in this. */
function isFromOtherSite({ "sec-fetch-site": site }: IncomingHttpHeaders): boolean {
  return site === "cross-site" || site === "same-site";
}

/** The scheme can't be compared: a proxy in front may have taken TLS away. */
function isSameOrigin({ origin, host }: IncomingHttpHeaders): boolean {
  if (origin === undefined || host === undefined || !URL.canParse(origin)) return false;
  const { protocol, host: theirs } = new URL(origin);
  if (!/^https?:$/.test(protocol) || !URL.canParse(`${protocol}//${host}`)) return false;
  return new URL(`${protocol}//${host}`).host === theirs;
}
