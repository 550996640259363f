import type { DoctorState } from "@wsight/protocol";
import type { TextStream } from "../announcer.ts";
import type { Environment } from "../environment.ts";
import type { Examination } from "./examine.ts";

type Check = Examination["checks"][number];

const SECTIONS: readonly { readonly area: Check["area"]; readonly title: string }[] = [
  { area: "way", title: "The way there" },
  { area: "found", title: "What was found" },
  { area: "missing", title: "What is missing" },
  { area: "empty", title: "Why something is empty" },
  { area: "production", title: "Before others come" },
];

const MARKS: { readonly [S in DoctorState]: { readonly sign: string; readonly colour: number } } = {
  fail: { sign: "✗", colour: 31 },
  warn: { sign: "!", colour: 33 },
  info: { sign: "·", colour: 36 },
  ok: { sign: "✓", colour: 32 },
};

/** Writes an examination for people: by section, what to do below each check. */
export function printExamination(
  { checks }: Examination,
  where: string,
  stream: TextStream,
  environment: Environment,
): void {
  const colours = stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== "dumb";
  const paint = (code: number, text: string): string => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  const lines = [`wsight doctor: ${where}`];
  for (const { area, title } of SECTIONS) {
    const own = checks.filter((check) => check.area === area);
    if (own.length === 0) continue;
    lines.push("", paint(1, title));
    for (const check of own) lines.push(...describe(check, paint));
  }
  lines.push("", summary(checks));
  stream.write(`${lines.map(safely).join("\n")}\n`);
}

function describe({ state, title, detail, fix, node }: Check, paint: (code: number, text: string) => string): string[] {
  const { sign, colour } = MARKS[state];
  const about = node === null || title.includes(node) ? "" : ` (${node})`;
  return [
    `  ${paint(colour, sign)} ${title}${about}`,
    ...(detail === "" ? [] : [`      ${paint(2, detail)}`]),
    ...(fix === null ? [] : [`      → ${fix.text}${fix.code === null ? "" : ":"}`]),
    ...(fix?.code ? fix.code.split("\n").map((line) => `          ${line}`) : []),
  ];
}

function summary(checks: readonly Check[]): string {
  const count = (state: DoctorState): number => checks.filter((check) => check.state === state).length;
  return `${count("fail")} failed, ${count("warn")} to look at, ${count("ok")} good`;
}

/** Texts come from elsewhere, and a terminal obeys what it is told: only our own colours may pass. */
function safely(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return line.replace(/\u001b(?!\[(?:[012]|3[1236])m)|[\u0000-\u0008\u000a-\u001a\u001c-\u001f\u007f-\u009f]/g, "?");
}
