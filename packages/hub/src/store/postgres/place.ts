import { WsightError } from "@wsight/protocol";
import { systemCode } from "../../errors.ts";

/** What SQLSTATEs and codes of the network mean to a person; the first that begins like it counts. */
const REASONS: readonly (readonly [code: string, reason: string])[] = [
  ["ECONNREFUSED", "nothing listens there"],
  ["ENOTFOUND", "the host name is not known"],
  ["EAI_AGAIN", "the host name can't be looked up now"],
  ["ETIMEDOUT", "it does not answer"],
  ["ECONNRESET", "it closed the connection"],
  ["EPIPE", "it closed the connection"],
  ["28", "it does not let this user in"],
  ["3D000", "there is no such database"],
  ["42501", "this user may not do that"],
  ["53100", "its disk is full"],
  ["53300", "it has too many connections"],
  ["57014", "it took too long"],
  ["55P03", "somebody else holds a lock"],
  ["57P", "it is shutting down or starting"],
];
/** `pg` gives its own timeouts no code. */
const TIMEOUT = /time(d )?out/i;
/** SQLSTATEs of values that can't be kept, whoever tries: wrong ones, and names too long for an index. */
const BAD_DATA = /^(?:22...|54000)$/;
/** Shorter texts occur in messages by themselves. */
const MIN_SECRET = 4;

/** Where a PostgreSQL is, and how its failures are told: never with its password. */
export interface Place {
  /** `postgres://HOST:PORT/DATABASE`, without user, password and parameters. */
  readonly name: string;
  /** Any failure as an error with a code and one sentence: what the message holds of the password is taken out. */
  failure(cause: unknown): WsightError;
}

/**
 * Reads the address of a PostgreSQL.
 * @param what it holds, the first word of messages
 * @throws WsightError `BAD_OPTION` that does not repeat the address, which may hold a password
 */
export function readPlace(
  address: string,
  environment: Readonly<Record<string, string | undefined>>,
  what = "history",
): Place {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol))
    throw new WsightError("BAD_OPTION", "store: expected an address like postgres://user@host:5432/database");
  const { searchParams, hostname, port, username, pathname } = url;
  const host = (searchParams.get("host") ?? hostname) || (environment.PGHOST ?? "localhost");
  const at = (searchParams.get("port") ?? port) || (environment.PGPORT ?? "5432");
  const database = plain(pathname.slice(1)) || (environment.PGDATABASE ?? (plain(username) || "postgres"));
  const secrets = secretsOf(url, environment);
  const redact = (text: string): string => secrets.reduce((said, secret) => said.replaceAll(secret, "…"), text);
  const name = redact(`postgres://${host}:${at}/${database}`);
  return {
    name,
    failure(cause) {
      if (cause instanceof WsightError) return cause;
      const code = systemCode(cause) ?? "";
      const detail = redact(cause instanceof Error ? cause.message : String(cause)) || code;
      if (BAD_DATA.test(code)) {
        return new WsightError("BAD_REQUEST", `${what} ${name}: expected values it can keep: ${detail}`);
      }
      const reason = REASONS.find(([start]) => code.startsWith(start))?.[1] ?? otherwise(detail);
      return new WsightError("STORE_UNAVAILABLE", `${what} ${name}: ${reason} (${detail})`);
    },
  };
}

function otherwise(detail: string): string {
  return TIMEOUT.test(detail) ? "it does not answer" : "it failed";
}

function secretsOf(
  { password, searchParams }: URL,
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const known = [password, plain(password), searchParams.get("password"), environment.PGPASSWORD];
  return known.filter((secret): secret is string => (secret ?? "").length >= MIN_SECRET);
}

function plain(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
