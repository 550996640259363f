import type { Command } from "./command.ts";
import { readWhole } from "./flags.ts";
import { ACCESS_FLAGS, readAccess, readTarget, TARGET_FLAGS } from "./target-flags.ts";

const ABORTED = 130;

/** `wsight pool`: exit status 0 when connections open and spread evenly. */
export const poolCommand: Command = {
  name: "pool",
  summary: "open connections at once, and look which worker each came to",
  flags: {
    ...TARGET_FLAGS,
    connections: { value: "N", help: "connections at once (40)" },
    "worker-header": { value: "NAME", help: "response header that names the worker (x-worker-id, x-worker, …)" },
    "worker-field": { value: "NAME", help: "field of the first JSON message that names the worker" },
    json: { value: null, help: "print everything as JSON" },
    ...ACCESS_FLAGS,
  },
  async run(values, { stdout, environment, signal }) {
    const target = readTarget(values);
    const wsight = readAccess(values, environment, target.url);
    const { printLines, runPoolTest, summarizePool } = await import("@wsight/load");
    const result = await runPoolTest({
      target,
      wsight,
      signal,
      ownHost: values["i-own"] ?? null,
      connections: readWhole(values, "connections", 1, 10_000) ?? 40,
      workerHeader: values["worker-header"] ?? null,
      workerField: values["worker-field"] ?? null,
    });
    if (values.json !== undefined) stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    else printLines(summarizePool(result), stdout, environment);
    if (signal.aborted) return ABORTED;
    return result.passed ? 0 : 1;
  },
};
