// Prints the closing line of a test run, "N passed, N failed, N skipped", from
// the report that vitest wrote; exits with 1 on a failure, and in CI on a skip.
import { readFileSync } from "node:fs";

const REPORT = new URL("../node_modules/.cache/test-report.json", import.meta.url);

function read() {
  try {
    return JSON.parse(readFileSync(REPORT, "utf8"));
  } catch {
    return { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0, numTodoTests: 0, testResults: [] };
  }
}

const report = read();
const skipped = report.numPendingTests + report.numTodoTests;
// A file that fails to load has no test of its own to count.
const broken = report.testResults.filter(
  ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
);
for (const { name } of broken) console.error(`did not run: ${name}`);
for (const { assertionResults } of report.testResults) {
  for (const { status, fullName } of assertionResults) {
    if (status === "pending" || status === "skipped" || status === "todo") console.error(`SKIPPED: ${fullName}`);
  }
}
const failed = report.numFailedTests + broken.length;
console.log(`${report.numPassedTests} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed > 0 || report.numPassedTests === 0 || (process.env.CI && skipped > 0) ? 1 : 0);
