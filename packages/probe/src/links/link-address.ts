import { expected } from "@wsight/protocol";

const LINK_PATH = "/ws/probe";

/**
 * Where a hub takes links, from where the hub is: `ws://` or `wss://`, host,
 * port, and the path it is mounted at.
 * @throws WsightError `BAD_OPTION`
 */
export function linkAddress(url: string): URL {
  const what = "ws://HOST:PORT or wss://HOST, with the path the hub is mounted at and nothing more";
  // What is wrong with it is not repeated: it may hold a password.
  if (typeof url !== "string" || !URL.canParse(url)) throw expected("BAD_OPTION", "hub", what, "something else");
  const address = new URL(url);
  const { protocol, username, password, search, hash } = address;
  if (!/^wss?:$/.test(protocol)) throw expected("BAD_OPTION", "hub", what, protocol);
  if (username + password + search + hash !== "") throw expected("BAD_OPTION", "hub", what, address.host);
  const mount = address.pathname.replace(/\/+$/, "");
  address.pathname = mount.endsWith(LINK_PATH) ? mount : mount + LINK_PATH;
  return address;
}
