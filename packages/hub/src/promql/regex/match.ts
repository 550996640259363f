import { type Pattern, parsePattern } from "./syntax.ts";

/** One step of a compiled pattern; `next` and `other` are places in the program. */
type Step =
  | { readonly type: "one"; readonly takes: (code: number) => boolean; readonly next: number }
  | { readonly type: "fork"; readonly next: number; readonly other: number }
  | { readonly type: "begin" | "end"; readonly next: number }
  | { readonly type: "done" };

/** Longest program unless told otherwise; what repeats a count is written out. */
const MAX_STEPS = 10_000;
/** Most work of writing it: what is empty has no steps, however often it is repeated. */
const MAX_WRITES = 100_000;
/** Characters of a pattern that a message repeats. */
const SHOWN = 60;
/** Answers that are remembered. */
const MAX_KNOWN = 10_000;

/**
 * Makes a test whether a whole text matches. Takes time in proportion to text
 * and pattern, whatever the pattern (Thompson's construction): no pattern can
 * stop the process.
 * @param maxSteps longest program, for where texts must be told apart in little time
 * @param onCompiled told the length of the program
 * @throws Error saying what is wrong with the pattern, or not supported in it
 */
export function createRegexMatcher(
  source: string,
  maxSteps: number = MAX_STEPS,
  onCompiled: (steps: number) => void = () => undefined,
): (text: string) => boolean {
  const { steps, start } = compile(parsePattern(source), source, maxSteps);
  onCompiled(steps.length);
  const known = new Map<string, boolean>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const answer = run(steps, start, text);
    if (known.size < MAX_KNOWN) known.set(text, answer);
    return answer;
  };
}

/** Written from the end to the beginning, so that each step knows what comes next. */
function compile(
  pattern: Pattern,
  source: string,
  maxSteps: number,
): { readonly steps: readonly Step[]; readonly start: number } {
  const steps: Step[] = [{ type: "done" }];
  let writes = 0;

  function tooLarge(): Error {
    return new Error(`regular expression ${JSON.stringify(source.slice(0, SHOWN))}: too large`);
  }

  function add(step: Step): number {
    if (steps.length >= maxSteps) throw tooLarge();
    return steps.push(step) - 1;
  }

  function write(one: Pattern, next: number): number {
    if (++writes > MAX_WRITES) throw tooLarge();
    switch (one.type) {
      case "one":
        return add({ type: "one", takes: one.takes, next });
      case "sequence":
        return one.of.reduceRight((after, part) => write(part, after), next);
      case "choice":
        return one.of.map((way) => write(way, next)).reduce((other, way) => add({ type: "fork", next: way, other }));
      case "repeat":
        return writeRepeat(one, next);
      default:
        return add({ type: one.type, next });
    }
  }

  function writeRepeat({ of, min, max }: Extract<Pattern, { type: "repeat" }>, next: number): number {
    let start = next;
    if (max === Infinity) start = writeLoop(of, next);
    else for (let i = min; i < max; i++) start = add({ type: "fork", next: write(of, start), other: next });
    for (let i = 0; i < min; i++) start = write(of, start);
    return start;
  }

  function writeLoop(of: Pattern, next: number): number {
    const loop = add({ type: "done" });
    steps[loop] = { type: "fork", next: write(of, loop), other: next };
    return loop;
  }

  return { start: write(pattern, 0), steps };
}

/** Follows all ways at once, one character after the other. */
function run(steps: readonly Step[], start: number, text: string): boolean {
  const seenAt = new Int32Array(steps.length).fill(-1);
  const waiting: number[] = [];

  /** What can be reached from `from` without a character. */
  function reach(from: number, at: number, isLast: boolean, into: number[]): void {
    waiting.push(from);
    for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
      if (seenAt[place] === at) continue;
      seenAt[place] = at;
      const step = steps[place];
      if (step === undefined) continue;
      if (step.type === "one" || step.type === "done") into.push(place);
      else if (step.type === "fork") waiting.push(step.other, step.next);
      else if (step.type === "begin" ? at === 0 : isLast) waiting.push(step.next);
    }
  }

  const codes = [...text];
  let here: number[] = [];
  reach(start, 0, codes.length === 0, here);
  for (const [i, character] of codes.entries()) {
    const code = character.codePointAt(0) ?? 0;
    const there: number[] = [];
    for (const place of here) {
      const step = steps[place];
      if (step?.type === "one" && step.takes(code)) reach(step.next, i + 1, i + 1 === codes.length, there);
    }
    here = there;
    if (here.length === 0) return false;
  }
  return here.some((place) => steps[place]?.type === "done");
}
