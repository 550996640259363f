// Prints the closing line of a test run, "N passed, N failed, N skipped", from
// the reports that the run wrote, and before it which tests passed only when
// tried again; exits with 1 on a failure, and in CI on a skip.
import { readFileSync } from "node:fs";

const NOTHING_RAN = { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0, numTodoTests: 0, testResults: [] };

function read(name, otherwise) {
  try {
    return JSON.parse(readFileSync(new URL(`../node_modules/.cache/${name}`, import.meta.url), "utf8"));
  } catch {
    return otherwise;
  }
}

const report = read("test-report.json", NOTHING_RAN);
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
for (const { name, why } of read("unsteady-tests.json", [])) console.error(`PASSED WHEN TRIED AGAIN: ${name}: ${why}`);
const failed = report.numFailedTests + broken.length;
console.log(`${report.numPassedTests} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed > 0 || report.numPassedTests === 0 || (process.env.CI && skipped > 0) ? 1 : 0);
