import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take longest, a minute each or nearly: begun last, they would leave the other worker idle. */
const LONG = [
  "wsight/test/bullmq-application",
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

// Tests import packages by name and so run the built files that users get;
// workers and child processes start from the same files.
export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "e2e/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    server: { deps: { external: [/packages\/[^/]+\/dist\//] } },
    pool: "forks",
    // Two cores: more workers only make the timing tests fight.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    reporters: ["default", ["json", { outputFile: "node_modules/.cache/test-report.json" }]],
  },
});
