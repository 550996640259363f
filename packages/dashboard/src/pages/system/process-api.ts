import { asFields, asText, type ProcessPage, type ProcessQuery, parseProcessPage, WsightError } from "@wsight/protocol";
import type { FetchLike } from "../../connection/environment.ts";
import { readReply } from "../../connection/session-api.ts";

/** Part of the process table of a host, and which node looked. */
export interface HostProcesses {
  readonly node: string;
  readonly host: string;
  readonly page: ProcessPage;
}

/** Which part of the table, as which node sees it. */
export interface ProcessQuestion extends ProcessQuery {
  readonly node: string;
}

/** Asks for processes. @throws WsightError as the hub answered; `INTERNAL` when it did not */
export type AskProcesses = (question: ProcessQuestion, signal: AbortSignal) => Promise<HostProcesses>;

/** Asks the hub whose dashboard is at `base`. */
export function createProcessApi(base: URL, fetchLike: FetchLike): AskProcesses {
  // A page opened without its last slash stands beside its folder.
  const folder = base.pathname.endsWith("/dashboard") ? new URL(`${base.pathname}/`, base) : base;
  return async ({ node, sort, offset, limit, search }, signal) => {
    const query = new URLSearchParams({ node, sort, offset: String(offset), limit: String(limit), search });
    let response: Response;
    try {
      response = await fetchLike(new URL(`../api/processes?${query}`, folder).href, {
        cache: "no-store",
        credentials: "same-origin",
        signal,
      });
    } catch (cause) {
      throw new WsightError("INTERNAL", "The hub did not answer", { cause });
    }
    const fields = asFields("BAD_FRAME", "processes", await readReply(response));
    return {
      node: asText("BAD_FRAME", "node", fields.node, 129),
      host: asText("BAD_FRAME", "host", fields.host),
      page: parseProcessPage(fields.page),
    };
  };
}
