import { WsightError } from "@wsight/protocol";
import { type HubPort, httpUrl } from "./hub-address.ts";

const OTHER_PORT = "another with the option port, --port or WSIGHT_PORT (0 takes a free one)";

/** Something that is no hub listens there. */
export function portInUse({ host, port }: HubPort): WsightError {
  return new WsightError("LISTEN_FAILED", `Port ${port} on ${host} is in use. Choose ${OTHER_PORT}`, {
    details: { host, port },
  });
}

/** A hub listens there that does not take this process. */
export function hubRefuses(address: HubPort, reason: string, hasToken: boolean): WsightError {
  const remedy = hasToken
    ? "Make the token where that hub runs (wsight token --role probe --sub SERVICE), SERVICE being the option service"
    : "It is of another user or machine key. Pass a token made where it runs (wsight token --role probe --sub SERVICE --ttl 90d) as the option token or WSIGHT_TOKEN";
  return new WsightError(
    "LISTEN_FAILED",
    `The hub at ${httpUrl(address)} does not take this process: ${reason}. ${remedy}. Or have a hub of your own: choose ${OTHER_PORT}`,
    { details: { host: address.host, port: address.port } },
  );
}

/** Who listens there neither is the hub's predecessor nor becomes a hub. */
export function hubUnsettled(address: HubPort): WsightError {
  return new WsightError(
    "LISTEN_FAILED",
    `Port ${address.port} on ${address.host} is held by a hub that does not get ready. End that process, or have a hub of your own: choose ${OTHER_PORT}`,
    { details: { host: address.host, port: address.port } },
  );
}
