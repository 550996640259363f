import { asOneOf, LOAD_REPLIES } from "@wsight/protocol";
import type { Command } from "./command.ts";
import { readWhole } from "./flags.ts";
import { readTarget, TARGET_FLAGS } from "./target-flags.ts";

const ABORTED = 130;

/** `wsight echo`: exit status 0 when every message was answered. */
export const echoCommand: Command = {
  name: "echo",
  summary: "time messages there and back, one after another",
  flags: {
    ...TARGET_FLAGS,
    count: { value: "N", help: "messages (20)" },
    size: { value: "BYTES", help: "padding in each (64)" },
    pause: { value: "MS", help: "between an answer and the next message (50)" },
    event: { value: "NAME", help: "event of Socket.IO (message)" },
    message: { value: "TEXT", help: "template: {{n}}, {{pad:BYTES}}; Socket.IO: arguments as JSON" },
    reply: { value: "KIND", help: "what answers a message: auto, echo, ack or any (auto)" },
    json: { value: null, help: "print everything as JSON" },
  },
  async run(values, { stdout, environment, signal }) {
    const target = readTarget(values);
    const reply = values.reply === undefined ? "auto" : asOneOf("BAD_OPTION", "--reply", values.reply, LOAD_REPLIES);
    const { printLines, runEcho, summarizeEcho } = await import("@wsight/load");
    const result = await runEcho({
      target,
      reply,
      signal,
      ownHost: values["i-own"] ?? null,
      count: readWhole(values, "count", 1, 1_000_000) ?? 20,
      size: readWhole(values, "size", 0, 1_000_000) ?? 64,
      pauseMs: readWhole(values, "pause", 0, 60_000) ?? 50,
      ...(values.event === undefined ? {} : { event: values.event }),
      ...(values.message === undefined ? {} : { message: values.message }),
    });
    if (values.json !== undefined) stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    else printLines(summarizeEcho(result), stdout, environment);
    if (signal.aborted) return ABORTED;
    return result.passed ? 0 : 1;
  },
};
