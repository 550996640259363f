import type { Command } from "./command.ts";
import { readTarget, TARGET_FLAGS } from "./target-flags.ts";

const ABORTED = 130;

/** `wsight test`: exit status 0 when no step failed. */
export const testCommand: Command = {
  name: "test",
  summary: "look at a server step by step: upgrade, who is let in, ping, payload, close",
  flags: {
    ...TARGET_FLAGS,
    event: { value: "NAME", help: "event of Socket.IO that is tried (message)" },
    message: { value: "TEXT", help: "message that is tried" },
    json: { value: null, help: "print everything as JSON" },
  },
  async run(values, { stdout, environment, signal }) {
    const target = readTarget(values);
    const { printLines, runServerTest, summarizeStep } = await import("@wsight/load");
    const asJson = values.json !== undefined;
    const result = await runServerTest({
      target,
      signal,
      ownHost: values["i-own"] ?? null,
      ...(values.event === undefined ? {} : { event: values.event }),
      ...(values.message === undefined ? {} : { message: values.message }),
      onStep: (step) => asJson || printLines(summarizeStep(step), stdout, environment),
    });
    if (asJson) stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    if (signal.aborted) return ABORTED;
    return result.passed ? 0 : 1;
  },
};
