import type { LoadLatency, LoadResult } from "@wsight/protocol";
import {
  describePlan,
  formatBytes,
  formatCount,
  formatFigure,
  formatGate,
  formatMs,
  formatRatio,
  latencyColumns,
} from "./format.ts";

/** Most reasons of failures that are shown. */
const MAX_REASONS = 8;
const MAX_WORKERS = 16;

/** What a line of a summary is about, for colours. */
export type Tone = "plain" | "good" | "bad" | "warning" | "dim";

/** One line of a summary. */
export interface SummaryLine {
  readonly tone: Tone;
  readonly text: string;
}

/** A run in lines for people. */
export function summarize(result: LoadResult): readonly SummaryLine[] {
  return [
    plain(describePlan(result.plan)),
    plain(""),
    ...connectionLines(result),
    ...messageLines(result),
    ...toolLines(result),
    ...serverLines(result),
    ...result.warnings.map((text) => line("warning", row("warning", text))),
    plain(""),
    ...verdictLines(result),
  ];
}

function connectionLines({ connections, workers }: LoadResult): SummaryLine[] {
  const { wanted, opened, failed, dropped, connect, failures } = connections;
  const took = connect === null ? "" : `, connect p50 ${formatMs(connect.p50)}, p95 ${formatMs(connect.p95)}`;
  const lines = [
    plain(
      row(
        "connections",
        `${formatCount(opened)} of ${formatCount(wanted)} opened, ${formatCount(failed)} failed, ${formatCount(dropped)} dropped${took}`,
      ),
    ),
    ...failures
      .slice(0, MAX_REASONS)
      .map(({ reason, count }) => line("warning", row("", `${formatCount(count)} × ${reason}`))),
  ];
  if (workers.length > 0) {
    const shown = workers
      .slice(0, MAX_WORKERS)
      .map(({ worker, connections: count }) => `${worker} ${formatCount(count)}`);
    lines.push(plain(row("workers", shown.join(" · "))));
  }
  return lines;
}

function messageLines({ messages, plan, timeline }: LoadResult): SummaryLine[] {
  const { sent, answered, lost, received, bytesIn, bytesOut, latency, service } = messages;
  const rate = Math.max(0, ...timeline.map((second) => second.sent));
  const counts =
    plan.shape === "broadcast-lag"
      ? `${formatCount(sent)} broadcasts, ${formatCount(answered)} heard, ${formatCount(lost)} not heard`
      : plan.message.reply === "none"
        ? `${formatCount(sent)} sent, ${formatCount(received)} received`
        : `${formatCount(sent)} sent, ${formatCount(answered)} answered (${plan.message.reply}), ${formatCount(lost)} lost`;
  return [
    plain(
      row(
        "messages",
        `${counts}, up to ${formatCount(rate)} a second, ${formatBytes(bytesOut)} out, ${formatBytes(bytesIn)} in`,
      ),
    ),
    ...latencyLine("latency", latency, "from when it was meant to leave"),
    ...latencyLine("service", service, "from when it left"),
  ];
}

function toolLines({ tool }: LoadResult): SummaryLine[] {
  const { sendLag, cpu, processes } = tool;
  return [
    ...latencyLine("send lag", sendLag, "of this tool"),
    line(
      "dim",
      row("tool", `${processes} process${processes === 1 ? "" : "es"}, busiest at ${formatRatio(cpu)} of a core`),
    ),
  ];
}

function serverLines({ server }: LoadResult): SummaryLine[] {
  if (server === null) return [];
  const { node, loopLagP99, handlerP95, cpu, stalls, split } = server;
  const figures = [
    loopLagP99 === null ? null : `event loop p99 ${formatMs(loopLagP99)}`,
    handlerP95 === null ? null : `handlers p95 ${formatMs(handlerP95)}`,
    cpu === null ? null : `CPU ${formatRatio(cpu)} of a core`,
    stalls.length === 0 ? "no stalls" : `stood still at second ${stalls.join(", ")}`,
  ].filter((text) => text !== null);
  const lines = [plain(row("server", `${node}: ${figures.join(", ")}`))];
  if (split !== null)
    lines.push(
      plain(
        row(
          "split",
          `of the average: this tool ${formatMs(split.clientLag)} · event loop ${formatMs(split.loopDelay)} · handler ${formatMs(split.handler)} · network, kernel and the rest ${formatMs(split.rest)}`,
        ),
      ),
    );
  return lines;
}

function verdictLines({ verdict, tool, aborted, passed }: LoadResult): SummaryLine[] {
  const lines = verdict.map((judged) =>
    line(
      judged.passed ? "good" : "bad",
      `${judged.passed ? "✔" : "✘"} ${judged.gate.figure.padEnd(12)} ${formatFigure(judged.gate.figure, judged.value).padEnd(14)} ${formatGate(judged.gate)}`,
    ),
  );
  if (tool.invalidReason !== null) lines.push(line("bad", `✘ invalid: ${tool.invalidReason}`));
  const word = aborted ? "ended early" : passed ? "passed" : "failed";
  return [...lines, line(passed ? "good" : "bad", word)];
}

function latencyLine(name: string, latency: LoadLatency | null, meaning: string): SummaryLine[] {
  if (latency === null) return [];
  const text = latencyColumns(latency).map(([column, ms]) => `${column} ${formatMs(ms)}`);
  return [plain(row(name, `${text.join("  ")}   (${meaning})`))];
}

function row(name: string, text: string): string {
  return `${name.padEnd(12)} ${text}`;
}

function line(tone: Tone, text: string): SummaryLine {
  return { tone, text };
}

function plain(text: string): SummaryLine {
  return line("plain", text);
}
