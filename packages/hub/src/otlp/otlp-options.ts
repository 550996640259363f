import { asFields, asInteger, expected, WsightError } from "@wsight/protocol";
import type { HubOptions } from "../hub-options.ts";

const DEFAULT_INTERVAL_MS = 10_000;
const MAX_HEADERS = 32;
const PATH = "/v1/metrics";

/** Where figures are sent to, checked. */
export interface OtlpTarget {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly intervalMs: number;
}

/**
 * Checks what was said of OTLP; `null` for nothing.
 * @throws WsightError `BAD_OPTION` saying what was expected
 */
export function parseOtlp({
  otlpUrl,
  otlpHeaders = {},
  otlpIntervalMs = DEFAULT_INTERVAL_MS,
}: Pick<HubOptions, "otlpUrl" | "otlpHeaders" | "otlpIntervalMs">): OtlpTarget | null {
  if (otlpUrl === undefined) return null;
  return {
    url: parseOtlpUrl("otlpUrl", otlpUrl),
    headers: parseOtlpHeaders("otlpHeaders", otlpHeaders),
    intervalMs: asInteger("BAD_OPTION", "otlpIntervalMs", otlpIntervalMs, 1000, 3_600_000),
  };
}

/** The address that is posted to: without a path it gets that of the standard. @throws WsightError `BAD_OPTION` */
export function parseOtlpUrl(where: string, value: unknown): URL {
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username + url.password + url.hash !== "") {
    // A URL may carry a password.
    const got = url === null ? typeof value : `${url.protocol}//${url.host}…`;
    throw new WsightError(
      "BAD_OPTION",
      `${where}: expected the address of an OTLP receiver over HTTP like http://127.0.0.1:4318, without a password ` +
        `(that goes into a header), got ${got}`,
    );
  }
  if (url.pathname === "/") url.pathname = PATH;
  return url;
}

/** Headers that go with every request. @throws WsightError `BAD_OPTION`, which never has a value in it */
export function parseOtlpHeaders(where: string, value: unknown): Readonly<Record<string, string>> {
  const fields = Object.entries(asFields("BAD_OPTION", where, value));
  if (fields.length > MAX_HEADERS) throw expected("BAD_OPTION", where, `at most ${MAX_HEADERS} headers`, fields.length);
  return Object.fromEntries(
    fields.map(([name, text]) => {
      if (!/^[\w!#$%&'*+.^`|~-]{1,128}$/.test(name)) throw expected("BAD_OPTION", where, "names of headers", name);
      if (typeof text !== "string" || !/^[\t\x20-\x7e\x80-\xff]{0,4096}$/.test(text))
        throw expected("BAD_OPTION", `${where} ${name}`, "one line of text", typeof text);
      return [name.toLowerCase(), text] as const;
    }),
  );
}
