import { defineConfig } from "vitest/config";

// Tests import packages by name and so run the built files that users get;
// workers and child processes start from the same files.
export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "e2e/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    server: { deps: { external: [/packages\/[^/]+\/dist\//] } },
    pool: "forks",
    // Half of the tests' time is waiting for real servers and browsers: on two cores a third worker fills that, more
    // would only make those fight that look at times.
    maxWorkers: 3,
    reporters: ["default", ["json", { outputFile: "node_modules/.cache/test-report.json" }]],
  },
});
