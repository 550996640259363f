import type { LoadResult } from "@wsight/protocol";
import { hgrmReport } from "./hgrm.ts";
import { htmlReport } from "./html.ts";
import { junitReport } from "./junit.ts";

/** Names of the reports that can be written. */
export const REPORT_NAMES = ["json", "html", "junit", "hgrm"] as const;
export type ReportName = (typeof REPORT_NAMES)[number];

/** Every report as the text of a file. */
export const REPORTS: Readonly<Record<ReportName, (result: LoadResult) => string>> = {
  json: (result) => `${JSON.stringify(result, null, 2)}\n`,
  html: htmlReport,
  junit: junitReport,
  hgrm: (result) => hgrmReport(result.messages.latency),
};
