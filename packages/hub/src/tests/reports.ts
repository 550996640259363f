import { type TestRecord, type TestReportFormat, WsightError } from "@wsight/protocol";
import { startTestChild, type TestChild } from "./test-child.ts";

/** Reports that may be written at once. */
const MAX_WRITING = 2;
/** How long one may take, ms. */
const WRITE_MS = 10_000;

const TYPES: Readonly<Record<TestReportFormat, string>> = {
  json: "application/json; charset=utf-8",
  html: "text/html; charset=utf-8",
  junit: "application/xml; charset=utf-8",
  hgrm: "text/plain; charset=utf-8",
};

/** A file made of a test. */
export interface TestFile {
  readonly type: string;
  readonly text: string;
  /** Content security policy under which it is shown; `null` for what is saved instead. */
  readonly policy: string | null;
}

/** Makes files of tests. */
export interface Reports {
  /** @throws WsightError `BAD_REQUEST` for what cannot be made of it, `RATE_LIMITED` while others are made */
  make(record: TestRecord, format: TestReportFormat): Promise<TestFile>;
  /** Ends what is being made. */
  close(): void;
}

/** @param entry file of the process that writes all but `json`; `null` for none */
export function createReports(entry: string | null): Reports {
  const writing = new Set<TestChild>();

  async function write(record: TestRecord, format: Exclude<TestReportFormat, "json">): Promise<TestFile> {
    if (record.kind !== "load" || record.result === null)
      throw new WsightError("BAD_REQUEST", `format: expected json, as only load tests with a result have ${format}`);
    if (entry === null) throw new WsightError("NOT_FOUND", "This hub was started without its tests");
    if (writing.size >= MAX_WRITING)
      throw new WsightError("RATE_LIMITED", "Other reports are being written; try again in a second", {
        details: { retryAfterSeconds: 1 },
      });
    const child = startTestChild(entry, { test: "report", format, result: record.result }, () => undefined);
    writing.add(child);
    const timer = setTimeout(() => child.kill(), WRITE_MS).unref();
    const end = await child.done.finally(() => {
      clearTimeout(timer);
      writing.delete(child);
    });
    if (end.type === "failed") throw new WsightError(end.code, end.message);
    if (end.test !== "report") throw new WsightError("INTERNAL");
    return { type: TYPES[format], text: end.text, policy: end.policy };
  }

  return {
    async make(record, format) {
      if (format !== "json") return write(record, format);
      return { type: TYPES.json, text: `${JSON.stringify(record.result ?? record, null, 2)}\n`, policy: null };
    },
    close() {
      for (const child of writing) child.kill();
    },
  };
}
