import type { TextStream } from "../announcer.ts";
import type { Environment } from "../environment.ts";

/** One flag of a command. */
export interface Flag {
  /** What stands for its value in the help; `null` for a switch, which has none and reads as `true`. */
  readonly value: string | null;
  readonly help: string;
  /** It may be given several times: its values are put together with line breaks. @default the last one counts */
  readonly repeats?: true;
}

/** Flags as they were typed, by name without the dashes. */
export type FlagValues = Readonly<Record<string, string | undefined>>;

/** Where a command runs. */
export interface Terminal {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly environment: Environment;
  /** Aborted when the user wants it to end. */
  readonly signal: AbortSignal;
}

/** One command of the command line: one file each. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** What may follow the name in place of flags. @default nothing */
  readonly argument?: string;
  readonly flags: Readonly<Record<string, Flag>>;
  /** Answers the exit status. Throws `WsightError` `BAD_OPTION` for flags that can't be right. */
  readonly run: (values: FlagValues, terminal: Terminal, argument?: string) => Promise<number>;
}
