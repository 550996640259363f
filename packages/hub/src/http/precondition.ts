import { WsightError } from "@wsight/protocol";
import type { RouteReply, RouteRequest } from "./route.ts";

/** A reply that says which version of a thing it shows: `ETag: "3"`. */
export function versioned<T extends { readonly version: number }>(json: T, status = 200): RouteReply {
  return { status, json, headers: { etag: `"${json.version}"` } };
}

/**
 * The version that a write means to change: of `If-Match` (an ETag, or `*` for whichever), else of the body.
 * @throws WsightError `PRECONDITION_REQUIRED` when neither says; `PRECONDITION_FAILED`, with the `version` that there
 * is, when it is another one
 */
export function readIfMatch({ raw, body }: Pick<RouteRequest, "raw" | "body">, version: number): number {
  const header = raw.headers["if-match"];
  const meant = header === undefined ? bodyVersion(body) : readTags(header);
  if (meant === null) throw new WsightError("PRECONDITION_REQUIRED");
  if (meant === "any" || meant.includes(String(version))) return version;
  throw changedMeanwhile(version);
}

/** Does a write that was meant for a version; if another one came between, that is said as {@link readIfMatch} does. */
export async function ifUnchanged<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    if (!(error instanceof WsightError) || error.code !== "CONFLICT") throw error;
    const { details } = error;
    const version = typeof details === "object" && details !== null && "version" in details ? details.version : null;
    throw typeof version === "number" ? changedMeanwhile(version) : error;
  }
}

function changedMeanwhile(version: number): WsightError {
  return new WsightError("PRECONDITION_FAILED", undefined, { details: { version } });
}

function readTags(header: string): readonly string[] | "any" {
  if (header.trim() === "*") return "any";
  return header.split(",").map((tag) =>
    tag
      .trim()
      .replace(/^W\//, "")
      .replace(/^"(.*)"$/, "$1"),
  );
}

function bodyVersion(body: unknown): readonly string[] | null {
  if (typeof body !== "object" || body === null || !("version" in body)) return null;
  return [String(body.version)];
}
