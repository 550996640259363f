import { type DoctorReport, parseDoctorReport, WsightError } from "@wsight/protocol";
import type { FetchLike } from "../../connection/environment.ts";
import { readReply } from "../../connection/session-api.ts";

/** A report, and what asking for it told of the clocks. */
export interface DatedReport {
  readonly report: DoctorReport;
  /** When it came, this machine's ms epoch. */
  readonly cameAt: number;
  /** The hub's clock less this machine's, ms. */
  readonly clockMs: number;
  /** By how much that may be wrong, ms: half of what asking took. */
  readonly clockErrorMs: number;
}

/**
 * Asks the hub beside the dashboard at `base` for its report.
 * @throws WsightError as the hub answered, `INTERNAL` when nobody did
 */
export async function fetchReport(
  base: URL,
  parts: { readonly fetch: FetchLike; readonly now: () => number; readonly signal: AbortSignal },
): Promise<DatedReport> {
  // A page opened without its last slash stands beside its folder.
  const folder = base.pathname.endsWith("/dashboard") ? new URL(`${base.pathname}/`, base) : base;
  const askedAt = parts.now();
  let response: Response;
  try {
    response = await parts.fetch(new URL("../api/doctor", folder).href, {
      cache: "no-store",
      credentials: "same-origin",
      signal: parts.signal,
    });
  } catch (cause) {
    throw new WsightError("INTERNAL", "The hub did not answer", { cause });
  }
  const cameAt = parts.now();
  const report = parseDoctorReport(await readReply(response));
  return { report, cameAt, clockMs: report.at - (askedAt + cameAt) / 2, clockErrorMs: (cameAt - askedAt) / 2 };
}
