import type { Command } from "./command.ts";
import { findCommand } from "./parse.ts";

/** `wsight help` over a table of commands. */
export function createHelpCommand(commands: () => readonly Command[]): Command {
  return {
    name: "help",
    summary: "what there is, or the flags of one command",
    argument: "COMMAND",
    flags: {},
    async run(_values, { stdout }, argument) {
      const text =
        argument === undefined ? describeAll(commands()) : describeCommand(findCommand(argument, commands()));
      stdout.write(text);
      return 0;
    },
  };
}

/** Help for one command. */
export function describeCommand({ name, summary, argument, flags }: Command): string {
  const rows = Object.entries(flags).map(
    ([flag, { value, help }]) => [value === null ? `--${flag}` : `--${flag} ${value}`, help] as const,
  );
  const usage = `wsight ${name}${argument === undefined ? "" : ` [${argument}]`}${rows.length > 0 ? " [flags]" : ""}`;
  return `${usage}\n  ${summary}\n${rows.length > 0 ? `\n${table(rows)}` : ""}`;
}

function describeAll(commands: readonly Command[]): string {
  const rows = commands.map(({ name, summary }) => [name, summary] as const);
  return `wsight: see every socket\n\n${table(rows)}\nwsight help COMMAND shows the flags of a command.\n`;
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join("");
}
