import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { LookupFunction } from "node:net";
import { type AddressGuard, type CheckedHost, GuardError } from "../address/address-guard.ts";

/** A request that tells somebody something. */
export interface Post {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What was answered. */
export interface Posted {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The first 64 KiB. */
  readonly text: string;
}

const MOST_BYTES = 64 * 1024;
const LONGEST_URL = 4096;
/** Answers of status 1xx, of which there may be several before the one that counts. */
const MOST_INTERIM = 20;

/**
 * Posts once, on a connection of its own, to an address that was checked; redirects are not followed.
 *
 * @throws GuardError for addresses that must not be used; and whatever befalls the connection
 */
export async function post(guard: AddressGuard, { url, body, headers }: Post, signal: AbortSignal): Promise<Posted> {
  const target = parseTarget(url);
  const isHttps = target.protocol === "https:";
  const port = target.port === "" ? (isHttps ? 443 : 80) : Number(target.port);
  const host = await guard.check(target.hostname, port, "web");
  if (!isHttps && !host.listed) {
    throw new GuardError(`${target.hostname}: expected https, got http; plain HTTP is for hosts of notifyHosts alone`);
  }
  return new Promise((resolve, reject) => {
    const bytes = Buffer.from(body);
    const request: ClientRequest = (isHttps ? requestHttps : requestHttp)(
      target,
      {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "user-agent": "wsight",
          ...headers,
          "content-length": bytes.length,
        },
        // No pool: a connection that the receiver closes in between would leave in doubt what it took.
        agent: false,
        lookup: lookupOf(host),
        signal,
      },
      (response) => {
        // From here on the status says what became of it, even when the rest never comes.
        request.off("error", reject).on("error", () => undefined);
        readAll(response).then(resolve, reject);
      },
    );
    request.on("error", reject);
    let interim = 0;
    request.on("information", () => {
      if (++interim > MOST_INTERIM) request.destroy(new Error("it answers without end that an answer will come"));
    });
    request.end(bytes);
  });
}

/** @throws GuardError saying what is wrong with the address, without showing it: it may hold a token */
function parseTarget(url: string): URL {
  const target = url.length <= LONGEST_URL && URL.canParse(url) ? new URL(url) : null;
  if (target === null || (target.protocol !== "https:" && target.protocol !== "http:")) {
    throw new GuardError("the address: expected https://host/path");
  }
  if (target.username !== "" || target.password !== "") {
    throw new GuardError("the address: expected no user and no password; set them as Authorization");
  }
  return target;
}

/** Says the addresses that were checked, so that a name that changes its address in between gains nothing. */
function lookupOf({ addresses }: CheckedHost): LookupFunction {
  return (_host, { all }, done) => {
    const [first] = addresses;
    if (all === true) done(null, [...addresses]);
    else done(null, first?.address ?? "", first?.family);
  };
}

async function readAll(response: IncomingMessage): Promise<Posted> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const { statusCode: status = 0, headers } = response;
  const posted = (): Posted => ({ status, headers, text: Buffer.concat(chunks).toString("utf8") });
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= MOST_BYTES) break;
    }
  } catch (error) {
    // The status says what became of it; only its words are cut off.
    if (status === 0) throw error;
  }
  response.destroy();
  return posted();
}
