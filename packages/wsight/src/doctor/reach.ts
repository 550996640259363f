import { lookup } from "node:dns/promises";
import { connect, isIP, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { connect as connectTls } from "node:tls";
import type { Place } from "./place.ts";
import { type WayCheck, wayCheck } from "./way-check.ts";

const CONNECT_MS = 5000;
const DAY_MS = 86_400_000;
/** A certificate that ends sooner is worth a word, days. */
const SOON_DAYS = 21;

/** How far one gets towards a place. */
export interface Reach {
  readonly checks: readonly WayCheck[];
  /** True when a connection stands, TLS included. */
  readonly reached: boolean;
  /** True when the place is on this machine, as far as addresses tell. */
  readonly here: boolean;
}

/** Resolves the name, connects, and looks at the certificate. Never rejects. */
export async function reach(place: Place): Promise<Reach> {
  const named = await resolveName(place.host);
  if (named.addresses.length === 0) return { checks: [named.check], reached: false, here: false };
  const here = named.addresses.every(isOwnAddress);
  const connected = await connectTo(place, named.addresses);
  const checks = [named.check, ...connected.checks];
  if (!connected.reached || !place.secure) return { checks, reached: connected.reached, here };
  const tls = await judgeTls(place, here);
  return { checks: [...checks, tls], reached: tls.state !== "fail" || tls.id !== "way.tls", here };
}

async function resolveName(host: string): Promise<{ readonly check: WayCheck; readonly addresses: readonly string[] }> {
  try {
    const addresses = isIP(host) ? [host] : (await lookup(host, { all: true })).map(({ address }) => address);
    const title = isIP(host) ? `${host} is an address` : `${host} is ${addresses.join(", ")}`;
    return { addresses, check: wayCheck({ id: "name", state: "ok", title }) };
  } catch (error) {
    const check = wayCheck({
      id: "name",
      state: "fail",
      title: `${host} is no name that this machine knows`,
      detail: messageOf(error),
      fix: { text: "See whether it is spelled right, and in the DNS this machine uses", code: null },
    });
    return { addresses: [], check };
  }
}

async function connectTo(
  { port }: Place,
  addresses: readonly string[],
): Promise<{ readonly checks: readonly WayCheck[]; readonly reached: boolean }> {
  const outcomes = await Promise.all(
    addresses.map(async (address) => ({ address, error: await attempt(connect({ host: address, port }), "connect") })),
  );
  const failed = outcomes.filter(({ error }) => error !== null);
  const told = failed.map(({ address, error }) => `${address}: ${error}`).join(", ");
  if (failed.length === 0)
    return { checks: [wayCheck({ id: "tcp", state: "ok", title: `Port ${port} is open` })], reached: true };
  if (failed.length === outcomes.length) {
    const check = wayCheck({
      id: "tcp",
      state: "fail",
      title: `Nothing answers at port ${port}`,
      detail: told,
      fix: {
        text: "Start the hub or your application, or see whether a firewall is in between",
        code: "npx wsight hub",
      },
    });
    return { checks: [check], reached: false };
  }
  const check = wayCheck({
    id: "tcp",
    state: "warn",
    title: `Port ${port} is open at some addresses of the name only`,
    detail: told,
    fix: { text: "Listen on all of them, or use the address that works", code: null },
  });
  return { checks: [check], reached: true };
}

/** What is wrong with a connection; `null` for nothing. */
function attempt(socket: Socket, ready: "connect" | "secureConnect"): Promise<string | null> {
  return new Promise((resolve) => {
    const finish = (problem: string | null): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(problem);
    };
    const timer = setTimeout(() => finish(`no answer within ${CONNECT_MS / 1000} s`), CONNECT_MS);
    socket.once("error", (error) => finish(messageOf(error)));
    socket.once(ready, () => finish(null));
  });
}

async function judgeTls({ host, port }: Place, here: boolean): Promise<WayCheck> {
  let problem: string | null = null;
  let validTo = "";
  let protocol = "";
  const servername = isIP(host) ? undefined : host;
  const socket = connectTls({ host, port, rejectUnauthorized: false, ...(servername ? { servername } : {}) });
  socket.once("secureConnect", () => {
    problem = socket.authorized ? null : codeOf(socket.authorizationError);
    validTo = socket.getPeerCertificate().valid_to;
    protocol = socket.getProtocol() ?? "";
  });
  const failure = await attempt(socket, "secureConnect");
  if (failure !== null)
    return wayCheck({
      id: "tls",
      state: "fail",
      title: "No TLS at this port",
      detail: failure,
      fix: { text: "If the place has no TLS, write http:// instead of https://", code: null },
    });
  const days = Math.floor((Date.parse(validTo) - Date.now()) / DAY_MS);
  if (days < 0) return certificate("fail", "The certificate has ended", `It was good until ${validTo}.`);
  const until = `It is good for ${days} more days, until ${validTo} (${protocol}).`;
  if (problem !== null)
    return certificate(here ? "warn" : "fail", "Browsers will not trust the certificate", `${problem}. ${until}`);
  if (days < SOON_DAYS) return certificate("warn", "The certificate ends soon", until);
  return wayCheck({ id: "certificate", state: "ok", title: "The certificate is good", detail: until });
}

function certificate(state: "fail" | "warn", title: string, detail: string): WayCheck {
  const fix = { text: "Have a certificate made for this name by an authority that browsers know", code: null };
  return wayCheck({ id: "certificate", state, title, detail, fix });
}

function isOwnAddress(address: string): boolean {
  if (address.startsWith("127.") || address === "::1") return true;
  return Object.values(networkInterfaces()).some((list) => list?.some((own) => own.address === address));
}

/** Node gives the code of the refusal, though its types promise an error. */
function codeOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Words for what the system said. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ("code" in error ? String(error.code) : error.name);
}
