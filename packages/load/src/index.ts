export {
  type LoadOptions,
  PROFILE_NAMES,
  PROFILES,
  type Profile,
  type ProfileName,
  resolvePlan,
  type WsightAccess,
} from "@wsight/protocol";
export { HTML_REPORT_CSP } from "./reports/html.ts";
export { createLiveView, type LiveView } from "./reports/live-view.ts";
export { printLines, type TextStream } from "./reports/paint.ts";
export { REPORT_NAMES, REPORTS, type ReportName } from "./reports/reports.ts";
export { type SummaryLine, summarize, type Tone } from "./reports/summary.ts";
export { summarizeEcho, summarizePool, summarizeStep } from "./reports/test-summary.ts";
export { type RunLoadOptions, runLoad } from "./run/run-load.ts";
export { type EchoOptions, runEcho } from "./target-tests/echo.ts";
export { type PoolTestOptions, runPoolTest } from "./target-tests/pool-test.ts";
export { runServerTest, type ServerTestOptions } from "./target-tests/server-test.ts";
