import {
  asFields,
  expected,
  type Fields,
  HEAVY_CONNECTIONS,
  HEAVY_MESSAGE_RATE,
  type LoadPlan,
  type LoadTarget,
  parseLoadTarget,
  type TestTarget,
  WsightError,
} from "@wsight/protocol";
import { isLoopback } from "../access/address.ts";

/** Whom tests may be aimed at. */
export interface AdmissionRules {
  /** Hosts that may be tested beside own targets, in lower case; `host` or `host:port`. */
  readonly hosts: readonly string[];
  /** The hub runs with `NODE_ENV=production`. */
  readonly production: boolean;
}

/** A target that may be tested. */
export interface Admitted {
  readonly target: LoadTarget;
  /** What the test process is told of whose it is; `null` keeps it on this machine. */
  readonly ownHost: string | null;
  /** Processes behind it that report to this hub. */
  readonly nodes: readonly string[];
  /** It may be tested because its host was named in the settings. */
  readonly named: boolean;
}

/** Checks the hosts of a setting. @throws WsightError `BAD_OPTION` */
export function readHosts(hosts: readonly string[]): readonly string[] {
  return hosts.map((host) => {
    const name = host.toLowerCase();
    if (/^(\[[\da-f:.]+\]|[a-z\d_.-]+)(:\d{1,5})?$/.test(name)) return name;
    throw expected("BAD_OPTION", "testTargets", "names of hosts like staging.example.org or [::1]:8080", host);
  });
}

/**
 * Reads whom a test is for: an address, or nothing for the first own target.
 * @throws WsightError `BAD_REQUEST`, or `FORBIDDEN` for whom nobody allowed
 */
export function admitTarget(body: unknown, own: readonly TestTarget[], { hosts }: AdmissionRules): Admitted {
  const fields = asFields("BAD_REQUEST", "body", body ?? {});
  const { library } = fields;
  const url = fields.url ?? own.find((target) => library === undefined || target.library === library)?.url;
  if (url === undefined)
    throw new WsightError(
      "BAD_REQUEST",
      "url: expected an address, as no process of this machine has told of a server that listens",
    );
  const place = placeOf(url);
  const owners = own.filter((target) => isSamePlace(new URL(target.url), place));
  const target = parseLoadTarget({ ...pickTarget(fields), url, library: library ?? libraryOf(url, owners) });
  const { hostname } = place;
  const named = hosts.includes(hostname) || hosts.includes(`${hostname}:${portOf(place)}`);
  if (owners.length === 0 && !named) throw foreign(place.host, own);
  const nodes = [...new Set(owners.flatMap((owner) => owner.nodes))];
  return { target, ownHost: named ? hostname.replace(/^\[|\]$/g, "") : null, nodes, named };
}

/** @throws WsightError `FORBIDDEN` when that much load is not allowed there */
export function admitLoad(
  { connections, intervalSeconds }: Pick<LoadPlan, "connections" | "intervalSeconds">,
  { named }: Admitted,
  { production }: AdmissionRules,
): void {
  const isHeavy = connections >= HEAVY_CONNECTIONS || connections / intervalSeconds >= HEAVY_MESSAGE_RATE;
  if (!isHeavy || !production || named) return;
  throw new WsightError(
    "FORBIDDEN",
    `${connections} connections, each with a message every ${intervalSeconds} s, are heavy load, and this hub runs ` +
      "with NODE_ENV=production. Run it with wsight load, or name the host in testTargets (WSIGHT_TEST_TARGETS)",
  );
}

function placeOf(value: unknown): URL {
  const url = typeof value === "string" && value.length <= 2048 && URL.canParse(value) ? new URL(value) : null;
  if (url === null || !/^(wss?|https?):$/.test(url.protocol))
    throw expected("BAD_REQUEST", "url", "a ws:, wss:, http: or https: address", value);
  if (url.username !== "" || url.password !== "")
    throw new WsightError("BAD_REQUEST", "url: expected no user and password; give them as a header");
  return url;
}

function portOf({ port, protocol }: URL): string {
  return port === "" ? (isSecure(protocol) ? "443" : "80") : port;
}

function isSecure(protocol: string): boolean {
  return protocol === "wss:" || protocol === "https:";
}

/** Every name of loopback leads to the same server; which path of it is tested makes no difference to whose it is. */
function isSamePlace(own: URL, asked: URL): boolean {
  const isHere = isLoopback(asked.hostname);
  return isHere && portOf(own) === portOf(asked) && isSecure(own.protocol) === isSecure(asked.protocol);
}

function libraryOf(url: unknown, owners: readonly TestTarget[]): string {
  return (owners.find((owner) => owner.url === url) ?? owners[0])?.library ?? "ws";
}

function pickTarget({ namespace, auth, headers, protocols, insecure }: Fields): Fields {
  return { namespace, auth, headers, protocols, insecure };
}

function foreign(host: string, own: readonly TestTarget[]): WsightError {
  const known = own.length === 0 ? "none is known" : own.map(({ url }) => url).join(", ");
  return new WsightError(
    "FORBIDDEN",
    `url: expected an own server (${known}), or a host named in testTargets (WSIGHT_TEST_TARGETS), got ${host}`,
  );
}
