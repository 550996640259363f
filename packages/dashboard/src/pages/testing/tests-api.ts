import {
  asFields,
  asList,
  asText,
  type TestKind,
  type TestList,
  type TestRecord,
  type TestReportFormat,
  WsightError,
} from "@wsight/protocol";
import type { FetchLike } from "../../connection/environment.ts";
import { readReply } from "../../connection/session-api.ts";

/** Questions about tests. All but `reportHref` throw `WsightError`; `INTERNAL` when nobody answered. */
export interface TestsApi {
  list(signal: AbortSignal): Promise<TestList>;
  read(id: string, signal: AbortSignal): Promise<TestRecord>;
  /** Starts a test and answers with its id; for administrators. */
  start(kind: TestKind, body: object): Promise<string>;
  /** Ends the test that runs; for administrators. */
  cancel(id: string): Promise<void>;
  /** Where a file of a test is. */
  reportHref(id: string, format: TestReportFormat): string;
}

const BAD = "BAD_FRAME";
const MOST = 1000;

/** Speaks to the hub whose dashboard is at `base`. */
export function createTestsApi(base: URL, fetchLike: FetchLike): TestsApi {
  // A page opened without its last slash stands beside its folder.
  const folder = base.pathname.endsWith("/dashboard") ? new URL(`${base.pathname}/`, base) : base;
  const urlOf = (path: string): string => new URL(`../api/tests${path}`, folder).href;

  async function ask(method: string, path: string, more: RequestInit = {}): Promise<unknown> {
    let response: Response;
    try {
      response = await fetchLike(urlOf(path), { method, cache: "no-store", credentials: "same-origin", ...more });
    } catch (cause) {
      throw new WsightError("INTERNAL", "The hub did not answer", { cause });
    }
    return readReply(response);
  }

  return {
    // Looked at down to the outer shape only: the hub made them.
    async list(signal) {
      const fields = asFields(BAD, "tests", await ask("GET", "", { signal }));
      asFields(BAD, "allowed", fields.allowed);
      asList(BAD, "tests", fields.tests, MOST);
      asList(BAD, "targets", fields.targets, MOST);
      return fields as unknown as TestList;
    },
    async read(id, signal) {
      const fields = asFields(BAD, "test", await ask("GET", `/${encodeURIComponent(id)}`, { signal }));
      asText(BAD, "kind", fields.kind);
      return fields as unknown as TestRecord;
    },
    async start(kind, body) {
      const headers = { "content-type": "application/json" };
      const reply = await ask("POST", `/${kind}`, { headers, body: JSON.stringify(body) });
      return asText(BAD, "id", asFields(BAD, "test", reply).id);
    },
    async cancel(id) {
      await ask("DELETE", `/${encodeURIComponent(id)}`);
    },
    reportHref: (id, format) => urlOf(`/${encodeURIComponent(id)}/report?format=${format}`),
  };
}
