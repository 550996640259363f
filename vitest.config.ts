import { mkdirSync, writeFileSync } from "node:fs";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type Reporter, type TestCase, type TestSpecification } from "vitest/node";

const CACHE = new URL("node_modules/.cache/", import.meta.url);

/** Files that take longest, a minute each or nearly: begun last, they would leave the other worker idle. */
const LONG = [
  "wsight/test/bullmq-application",
  "wsight/test/takeover",
  "hub/test/alert-delivery-kill",
  "e2e/connections",
  "hub/test/store-postgres",
  "e2e/data-system",
  "hub/test/store-libsql",
  "e2e/jobs",
  "wsight/test/export",
  "hub/test/live-monitor",
  "hub/test/jobs-ledger",
  "e2e/messages-performance",
  "wsight/test/mount.test",
  "e2e/history-mode",
  "hub/test/ws-metrics",
  "e2e/testing",
  "probe/test/cache.test",
  "wsight/test/prometheus-agreement",
  "e2e/hygiene",
  "probe/test/bullmq",
  "hub/test/jobs-alerts",
  "hub/test/jobs-gateway",
  "load/test/run",
  "hub/test/store-damage",
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((name) => moduleId.includes(name));
      return at < 0 ? LONG.length : at;
    };
    return sorted.sort((a, b) => place(a) - place(b));
  }
}

/** Keeps which tests failed at first and then passed, for the closing line of a run to name them. */
class UnsteadyTests implements Reporter {
  readonly #unsteady: { readonly name: string; readonly why: string }[] = [];

  onTestCaseResult(test: TestCase): void {
    if (test.diagnostic()?.flaky !== true) return;
    const why = test.result().errors?.[0]?.message.split("\n", 1)[0] ?? "";
    this.#unsteady.push({ name: `${test.module.relativeModuleId} > ${test.fullName}`, why });
  }

  onTestRunEnd(): void {
    mkdirSync(CACHE, { recursive: true });
    writeFileSync(new URL("unsteady-tests.json", CACHE), JSON.stringify(this.#unsteady));
  }
}

// Tests import packages by name and so run the built files that users get;
// workers and child processes start from the same files.
export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "e2e/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    server: { deps: { external: [/packages\/[^/]+\/dist\//] } },
    pool: "forks",
    // Two cores, and tests that wait for servers and seconds for half of their time.
    maxWorkers: 3,
    // Real servers, browsers and clocks on a machine that may be busy: a second try, which is told by name.
    retry: 1,
    sequence: { sequencer: LongestFirst },
    reporters: ["default", new UnsteadyTests(), ["json", { outputFile: "node_modules/.cache/test-report.json" }]],
  },
});
