import { get, type IncomingMessage } from "node:http";
import { asFields, parseJson } from "@wsight/protocol";
import { type HubPort, reachableHost } from "./hub-address.ts";

/**
 * Who listens on a port: `nobody`; a `hub` of wsight; a process that is just
 * `starting` one (see `reservePort`); or a `stranger`, who may also be a hub
 * that does not answer.
 */
export type PortHolder = "nobody" | "hub" | "starting" | "stranger";

/** Time to answer in, ms. */
const ANSWER_MS = 2000;
/** Longest answer that is read, in bytes. */
const MAX_BODY = 4096;

/** Looks who listens there, with one quick request. Never rejects. */
export function lookAtPort(address: HubPort): Promise<PortHolder> {
  return new Promise((resolve) => {
    const url = { host: reachableHost(address), port: address.port, path: "/healthz", agent: false };
    const request = get(url, (response) => void readHolder(response).then(resolve));
    request.setTimeout(ANSWER_MS, () => request.destroy(new Error("no answer")));
    request.once("error", (error) => resolve(holderBehind(error)));
  });
}

function holderBehind(error: Error & { code?: unknown }): PortHolder {
  if (error.code === "ECONNREFUSED") return "nobody";
  // Whoever cuts a connection without a word may be a hub that just went, or gives way to one.
  return error.code === "ECONNRESET" ? "starting" : "stranger";
}

async function readHolder(response: IncomingMessage): Promise<PortHolder> {
  try {
    let text = "";
    for await (const part of response) {
      text += String(part);
      if (text.length > MAX_BODY) return "stranger";
    }
    const { name, status } = asFields("BAD_REQUEST", "healthz", parseJson("BAD_REQUEST", "healthz", text));
    if (name !== "wsight") return "stranger";
    return status === "ok" ? "hub" : "starting";
  } catch {
    return "stranger";
  } finally {
    response.destroy();
  }
}
