import { WsightError } from "@wsight/protocol";
import type { Terminal } from "./commands/command.ts";
import { COMMANDS } from "./commands/commands.ts";
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
const FAILED = 1;
const WRONG_USE = 2;

async function run(words: readonly string[], terminal: Terminal): Promise<number> {
  const [typed = "help", ...rest] = words;
  const command = findCommand(ALIASES[typed] ?? typed, COMMANDS);
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
