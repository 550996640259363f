import { writeFile } from "node:fs/promises";
import { asOneOf, LOAD_REPLIES, type LoadResult } from "@wsight/protocol";
import type { Command, FlagValues, Terminal } from "./command.ts";
import { readAll, readNumber, readWhole } from "./flags.ts";
import { ACCESS_FLAGS, readAccess, readTarget, TARGET_FLAGS } from "./target-flags.ts";

const ABORTED = 130;

/** `wsight load`: exit status 0 when every gate passed, 1 when not, 130 when it was ended early. */
export const loadCommand: Command = {
  name: "load",
  summary: "put a server under load, and say whether it holds",
  argument: "PROFILE",
  flags: {
    ...TARGET_FLAGS,
    connections: { value: "N", help: "connections at once (as the profile says)" },
    interval: { value: "SECONDS", help: "between messages of one connection (1)" },
    duration: { value: "SECONDS", help: "of load (as the profile says)" },
    ramp: { value: "SECONDS", help: "over which connections are opened (1 for each 500)" },
    event: { value: "NAME", help: "event of Socket.IO (message)" },
    message: { value: "TEXT", help: "template: {{n}}, {{id}}, {{now}}, {{pad:BYTES}}; Socket.IO: arguments as JSON" },
    reply: { value: "KIND", help: "what answers a message: auto, echo, ack, any or none (auto)" },
    timeout: { value: "SECONDS", help: "an answer later than this is lost (10)" },
    expect: { value: "'p99<50'", help: "gate in ms, ratio or %; may be given several times", repeats: true },
    processes: { value: "N", help: "that share the connections (as many as are needed)" },
    sources: { value: "N", help: "addresses of loopback to connect from (as many as are needed)" },
    "fast-mask": { value: null, help: "mask with zeros: cheaper for both sides, and not what browsers do" },
    json: { value: "FILE", help: "write the result as JSON (- writes it to stdout)" },
    html: { value: "FILE", help: "write a report with charts" },
    junit: { value: "FILE", help: "write JUnit XML for CI" },
    hgrm: { value: "FILE", help: "write the distribution of latency for HdrHistogram's plotter" },
    ...ACCESS_FLAGS,
  },
  async run(values, terminal, profile) {
    const target = readTarget(values);
    const wsight = readAccess(values, terminal.environment, target.url);
    // Loaded here because no other command needs it.
    const { createLiveView, printLines, resolvePlan, runLoad, summarize } = await import("@wsight/load");
    const plan = resolvePlan({ ...(profile === undefined ? {} : { profile }), ...target, ...readShape(values) });
    // What a program reads from stdout must be JSON alone.
    const { environment, signal } = terminal;
    const stream = values.json === "-" ? terminal.stderr : terminal.stdout;
    const view = createLiveView(stream, environment);
    const result = await runLoad(plan, {
      wsight,
      signal,
      ownHost: values["i-own"] ?? null,
      onProgress: (progress) => view.update(progress),
    }).finally(() => view.end());
    printLines(summarize(result), stream, environment);
    await writeReports(values, result, terminal);
    if (result.aborted) return ABORTED;
    return result.passed ? 0 : 1;
  },
};

function readShape(values: FlagValues) {
  const timeout = readNumber(values, "timeout", 0.001, 600);
  return defined({
    connections: readWhole(values, "connections", 1, 1_000_000),
    interval: readNumber(values, "interval", 0.001, 3600),
    duration: readNumber(values, "duration", 0.1, 604_800),
    ramp: readNumber(values, "ramp", 0, 86_400),
    event: values.event,
    message: values.message,
    reply: values.reply === undefined ? undefined : asOneOf("BAD_OPTION", "--reply", values.reply, LOAD_REPLIES),
    timeoutMs: timeout === undefined ? undefined : Math.max(1, Math.round(timeout * 1000)),
    expect: readAll(values, "expect"),
    processes: readWhole(values, "processes", 1, 64),
    sources: readWhole(values, "sources", 1, 200),
    fastMask: values["fast-mask"] !== undefined,
  });
}

async function writeReports(values: FlagValues, result: LoadResult, { stdout }: Terminal): Promise<void> {
  const { REPORT_NAMES, REPORTS } = await import("@wsight/load");
  for (const name of REPORT_NAMES) {
    const file = values[name];
    if (file === undefined) continue;
    const text = REPORTS[name](result);
    if (file === "-") stdout.write(text);
    else await writeFile(file, text);
  }
}

/** Options that were given: one that is `undefined` would hide a default. */
function defined<T extends object>(options: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { readonly [K in keyof T]?: Exclude<T[K], undefined> };
}
