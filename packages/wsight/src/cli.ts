import { WsightError } from "@wsight/protocol";
import type { Command, Terminal } from "./commands/command.ts";
import { describeCommand } from "./commands/help.ts";
import { findCommand, parseLine } from "./commands/parse.ts";
import { createStopSignal } from "./stop-signal.ts";

/** Other spellings of commands. */
const ALIASES: Readonly<Record<string, string>> = {
  "--help": "help",
  "-h": "help",
  "--version": "version",
  "-v": "version",
};
/** Commands that begin at once: the rest of the program is not loaded for them. */
const LIGHT: Readonly<Record<string, () => Promise<Command>>> = {
  load: async () => (await import("./commands/load.ts")).loadCommand,
  echo: async () => (await import("./commands/echo.ts")).echoCommand,
};
const FAILED = 1;
const WRONG_USE = 2;

async function run(words: readonly string[], terminal: Terminal): Promise<number> {
  const [typed = "help", ...rest] = words;
  const light = Object.hasOwn(LIGHT, typed) ? await LIGHT[typed]?.() : undefined;
  const command = light ?? findCommand(ALIASES[typed] ?? typed, (await import("./commands/commands.ts")).COMMANDS);
  const { values, argument, help } = parseLine(command, rest);
  if (!help) return command.run(values, terminal, argument);
  terminal.stdout.write(describeCommand(command));
  return 0;
}

function explain(error: unknown): number {
  const wrongUse = error instanceof WsightError && error.code === "BAD_OPTION";
  const text = error instanceof WsightError ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`wsight: ${text}\n${wrongUse ? "wsight help shows what there is.\n" : ""}`);
  return wrongUse ? WRONG_USE : FAILED;
}

const stop = createStopSignal();
const { stdout, stderr, env: environment } = process;
process.exitCode = await run(process.argv.slice(2), { stdout, stderr, environment, signal: stop.signal }).catch(
  explain,
);
stop.release();
