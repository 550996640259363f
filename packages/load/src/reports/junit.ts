import type { LoadResult } from "@wsight/protocol";
import { describePlan, formatFigure, formatGate } from "./format.ts";
import { escapeMarkup } from "./markup.ts";

/** A run as JUnit XML: a test case for each gate, and one for the tool itself. */
export function junitReport(result: LoadResult): string {
  const seconds = ((result.endedAt - result.startedAt) / 1000).toFixed(3);
  const { tool, aborted, verdict } = result;
  const cases = [
    ...verdict.map(({ gate, value, passed }) => {
      const name = `${gate.figure} ${formatGate(gate)}`;
      return { name, problem: passed ? null : `expected ${name}, got ${formatFigure(gate.figure, value)}` };
    }),
    { name: "the tool kept up", problem: tool.invalidReason },
    { name: "ran to its end", problem: aborted ? "the run was ended early" : null },
  ];
  const failures = cases.filter(({ problem }) => problem !== null).length;
  const suite = `name="${escapeMarkup(`wsight load: ${describePlan(result.plan)}`)}" tests="${cases.length}" failures="${failures}" errors="0" skipped="0" time="${seconds}" timestamp="${new Date(result.startedAt).toISOString()}"`;
  const rows = cases.map(({ name, problem }) => {
    const head = `    <testcase classname="wsight.load.${escapeMarkup(result.plan.profile)}" name="${escapeMarkup(name)}" time="${seconds}"`;
    return problem === null
      ? `${head}/>`
      : `${head}>\n      <failure message="${escapeMarkup(problem)}"/>\n    </testcase>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites tests="${cases.length}" failures="${failures}" time="${seconds}">\n  <testsuite ${suite}>\n${rows.join("\n")}\n  </testsuite>\n</testsuites>\n`;
}
