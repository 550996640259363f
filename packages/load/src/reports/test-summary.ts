import type { EchoResult, PoolTestResult, ServerTestStep } from "@wsight/protocol";
import { formatCount, formatMs, formatRatio, latencyColumns } from "./format.ts";
import type { SummaryLine, Tone } from "./summary.ts";

const SIGNS: Readonly<Record<ServerTestStep["state"], readonly [sign: string, tone: Tone]>> = {
  ok: ["✔", "good"],
  warning: ["!", "warning"],
  failed: ["✘", "bad"],
  skipped: ["–", "dim"],
};

/** An echo test in lines for people. */
export function summarizeEcho(result: EchoResult): readonly SummaryLine[] {
  const { sent, answered, lost, latency, jitterMs, connectMs, reply, passed } = result;
  const columns = latency === null ? [] : latencyColumns(latency).filter(([name]) => name !== "p99.9");
  return [
    {
      tone: passed ? "good" : "bad",
      text: `${formatCount(answered)} of ${formatCount(sent)} answered (${reply}), ${formatCount(lost)} lost; connected in ${formatMs(connectMs)}`,
    },
    { tone: "plain", text: columns.map(([name, ms]) => `${name} ${formatMs(ms)}`).join("  ") },
    ...(jitterMs === null ? [] : [{ tone: "dim" as const, text: `jitter ${formatMs(jitterMs)}` }]),
  ];
}

/** A step of a server test in lines for people. */
export function summarizeStep({ name, state, tookMs, detail, fix }: ServerTestStep): readonly SummaryLine[] {
  const [sign, tone] = SIGNS[state];
  const took = tookMs === null ? "" : formatMs(tookMs);
  return [
    { tone, text: `${sign} ${name.padEnd(9)} ${took.padStart(9)}  ${detail}` },
    ...(fix === null ? [] : [{ tone: "dim" as const, text: `${" ".repeat(23)}${fix}` }]),
  ];
}

/** A test of the pool in lines for people. */
export function summarizePool(result: PoolTestResult): readonly SummaryLine[] {
  const { connections, opened, failures, workers, unknown, knownBy, balance, passed } = result;
  const widest = Math.max(1, ...workers.map(({ worker }) => worker.length));
  const busiest = Math.max(1, ...workers.map((worker) => worker.connections));
  const bars = workers.map(({ worker, connections: count }): SummaryLine => {
    const bar = "█".repeat(Math.max(1, Math.round((count / busiest) * 30)));
    return { tone: "plain", text: `${worker.padEnd(widest)}  ${bar} ${formatCount(count)}` };
  });
  const spread =
    knownBy === null
      ? "Nobody says which worker took a connection: give --worker-header NAME, --worker-field NAME, or --wsight URL --token TOKEN"
      : `known by ${knownBy}${unknown > 0 ? `, ${formatCount(unknown)} not known` : ""}${balance === null ? ", one worker" : `, balance ${formatRatio(balance)}`}`;
  return [
    { tone: "plain", text: `${formatCount(opened)} of ${formatCount(connections)} opened` },
    ...failures.map(
      ({ reason, count }): SummaryLine => ({ tone: "warning", text: `${formatCount(count)} × ${reason}` }),
    ),
    ...bars,
    { tone: "dim", text: spread },
    { tone: passed ? "good" : "bad", text: passed ? "passed" : "failed" },
  ];
}
