import type { SummaryLine, Tone } from "./summary.ts";

/** What lines are written to. */
export interface TextStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const STYLES: Readonly<Record<Exclude<Tone, "plain">, number>> = { good: 32, bad: 31, warning: 33, dim: 2 };

/** Colours for a terminal, and only there, and not with `NO_COLOR`. */
export function createPaint(
  stream: TextStream,
  environment: Readonly<Record<string, string | undefined>>,
): (tone: Tone, text: string) => string {
  const colours = stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== "dumb";
  return (tone, text) => (colours && tone !== "plain" ? `\u001b[${STYLES[tone]}m${text}\u001b[0m` : text);
}

/** Writes lines, in colours where there are some. */
export function printLines(
  lines: readonly SummaryLine[],
  stream: TextStream,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  const paint = createPaint(stream, environment);
  for (const { tone, text } of lines) stream.write(`${paint(tone, text)}\n`);
}
