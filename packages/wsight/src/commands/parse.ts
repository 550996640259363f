import { parseArgs } from "node:util";
import { WsightError } from "@wsight/protocol";
import { nearest } from "../nearest.ts";
import type { Command, FlagValues } from "./command.ts";
import { flagOf } from "./flags.ts";

/** The typed line, understood. */
export interface ParsedLine {
  readonly values: FlagValues;
  readonly argument: string | undefined;
  /** `--help` or `-h` was among the flags. */
  readonly help: boolean;
}

/** Finds a command by name. @throws WsightError `BAD_OPTION` with the nearest name */
export function findCommand(name: string, commands: readonly Command[]): Command {
  const names = commands.map((command) => command.name);
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  throw new WsightError(
    "BAD_OPTION",
    `There is no command ${name}${suggest(nearest(name, names), `: ${names.join(", ")}`)}`,
  );
}

/** Parses what follows the name of a command. @throws WsightError `BAD_OPTION` */
export function parseLine(command: Command, words: readonly string[]): ParsedLine {
  const names = Object.keys(command.flags);
  // As options of `monitor` are written, too: --allowedHosts.
  const spellings = names.flatMap((name) => [name, name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())]);
  const isSwitch = (name: string): boolean => command.flags[flagOf(name)]?.value === null;
  const options = Object.fromEntries([
    ...spellings.map((name) => [name, { type: isSwitch(name) ? "boolean" : "string" }] as const),
    HELP,
  ]);
  const { tokens } = parseArgs({ args: [...words], options, strict: false, allowPositionals: true, tokens: true });
  const values: Record<string, string> = {};
  let argument: string | undefined;
  let help = false;
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      if (command.argument === undefined || argument !== undefined)
        throw new WsightError("BAD_OPTION", `wsight ${command.name}: expected flags only, got ${token.value}`);
      argument = token.value;
    } else if (token.name === "help") help = true;
    else {
      const name = flagOf(token.name);
      const value = checkFlag(command, names, { ...token, name });
      const before = command.flags[name]?.repeats === true ? values[name] : undefined;
      values[name] = before === undefined ? value : `${before}\n${value}`;
    }
  }
  return { values, argument, help };
}

const HELP = ["help", { type: "boolean", short: "h" }] as const;

interface FlagToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
}

function checkFlag(command: Command, names: readonly string[], { name, rawName, value }: FlagToken): string {
  const flag = Object.hasOwn(command.flags, name) ? command.flags[name] : undefined;
  if (flag === undefined) {
    const near = nearest(name, names);
    const known = names.length === 0 ? " (it has none)" : `: ${names.map((each) => `--${each}`).join(", ")}`;
    const hint = suggest(near === undefined ? undefined : `--${near}`, known);
    throw new WsightError("BAD_OPTION", `wsight ${command.name} has no flag ${rawName}${hint}`);
  }
  if (flag.value === null) {
    if (value === undefined) return "true";
    throw new WsightError("BAD_OPTION", `${rawName}: expected nothing behind it (${flag.help}), got ${value}`);
  }
  if (value === undefined || value === "")
    throw new WsightError("BAD_OPTION", `${rawName}: expected ${flag.value} (${flag.help}), got nothing`);
  return value;
}

function suggest(near: string | undefined, known: string): string {
  return near === undefined ? known : `. Did you mean ${near}?`;
}
