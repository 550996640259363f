import type { Server } from "node:http";

/** Addresses under which this machine calls itself `localhost`. */
const HERE: ReadonlySet<string> = new Set(["0.0.0.0", "::", "127.0.0.1", "::1"]);

/** `http://localhost:3000` for people on this machine; `null` while a server does not listen on a port. */
export function addressOf(server: Server): string | null {
  const address = server.address();
  if (address === null || typeof address === "string") return null;
  const scheme = "setSecureContext" in server ? "https" : "http";
  const host = HERE.has(address.address) ? "localhost" : address.address;
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${address.port}`;
}
