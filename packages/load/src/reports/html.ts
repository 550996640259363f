import { createHash } from "node:crypto";
import type { LoadLatency, LoadResult } from "@wsight/protocol";
import { drawChart } from "./charts.ts";
import {
  describePlan,
  formatCount,
  formatFigure,
  formatGate,
  formatMs,
  formatRatio,
  latencyColumns,
} from "./format.ts";
import { escapeMarkup } from "./markup.ts";
import { summarize } from "./summary.ts";

const STYLE = `:root{color-scheme:light dark;--bg:#fff;--fg:#18181b;--dim:#71717a;--line:#e4e4e7;--a:#2563eb;--b:#d97706;--c:#dc2626;--good:#15803d;--bad:#b91c1c;--warn:#b45309}
@media(prefers-color-scheme:dark){:root{--bg:#101012;--fg:#f4f4f5;--dim:#a1a1aa;--line:#2e2e33;--a:#60a5fa;--b:#fbbf24;--c:#f87171;--good:#4ade80;--bad:#f87171;--warn:#fbbf24}}
*{box-sizing:border-box}body{margin:0 auto;max-width:960px;padding:24px 16px 48px;background:var(--bg);color:var(--fg);font:14px/1.5 system-ui,sans-serif}
h1{font-size:20px;margin:0}h2{font-size:15px;margin:28px 0 8px}p{margin:4px 0}.dim,.tick{color:var(--dim);fill:var(--dim)}.good{color:var(--good)}.bad{color:var(--bad)}.warning{color:var(--warn)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th,td{text-align:left;padding:5px 10px 5px 0;border-bottom:1px solid var(--line)}th{font-weight:500;color:var(--dim)}td.n,th.n{text-align:right}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:16px 0}.card{border:1px solid var(--line);border-radius:8px;padding:10px 12px}.card b{display:block;font-size:20px;font-weight:600}
figure{margin:16px 0;overflow-x:auto}figcaption{font-weight:500}svg{display:block;width:100%;min-width:520px;height:auto}.tick{font-size:11px}.grid{stroke:var(--line)}.mark{stroke:var(--c);stroke-dasharray:3 3}.line{fill:none;stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}
.line.a{stroke:var(--a)}.line.b{stroke:var(--b)}.line.c{stroke:var(--c)}.key{font-weight:400;margin-left:12px;color:var(--dim)}.key::before{content:"";display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:5px}.key.a::before{background:var(--a)}.key.b::before{background:var(--b)}.key.c::before{background:var(--c)}
.split{height:22px;border-radius:6px}.split .s0{fill:var(--b)}.split .s1{fill:var(--c)}.split .s2{fill:var(--a)}.split .s3{fill:var(--dim)}pre{white-space:pre-wrap;overflow-wrap:anywhere}`;

/** What a server that serves a report may allow it: nothing but its own style. */
export const HTML_REPORT_CSP: string = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`;

/** A run as one page that needs nothing else: no script, no request, light and dark. */
export function htmlReport(result: LoadResult): string {
  const { passed, aborted, plan, startedAt, endedAt } = result;
  const word = aborted ? "ended early" : passed ? "passed" : "failed";
  const title = `wsight load: ${plan.profile} ${word}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${HTML_REPORT_CSP}">
<title>${escapeMarkup(title)}</title><style>${STYLE}</style></head><body>
<header><h1>Load test <span class="${passed ? "good" : "bad"}">${word}</span></h1>
<p>${escapeMarkup(describePlan(plan))}</p>
<p class="dim">${escapeMarkup(new Date(startedAt).toISOString())} · ${((endedAt - startedAt) / 1000).toFixed(1)} s</p></header>
${cards(result)}${verdictTable(result)}${charts(result)}${latencyTable(result)}${splitSection(result)}${workersTable(result)}${notes(result)}
<h2>In words</h2><pre>${escapeMarkup(
    summarize(result)
      .map(({ text }) => text)
      .join("\n")
      .trim(),
  )}</pre>
</body></html>
`;
}

function cards({ connections, messages, timeline }: LoadResult): string {
  const { opened, dropped, wanted } = connections;
  const { answered, lost, latency } = messages;
  const cells: readonly (readonly [string, string])[] = [
    ["connected", wanted === 0 ? "–" : formatRatio((opened - dropped) / wanted)],
    ["messages answered", answered + lost === 0 ? "–" : formatRatio(answered / (answered + lost))],
    ["latency p50", latency === null ? "–" : formatMs(latency.p50)],
    ["latency p95", latency === null ? "–" : formatMs(latency.p95)],
    ["latency p99", latency === null ? "–" : formatMs(latency.p99)],
    ["messages a second, at most", formatCount(timeline.reduce((most, { sent }) => Math.max(most, sent), 0))],
  ];
  return `<section class="cards">${cells.map(([name, value]) => `<div class="card"><span class="dim">${name}</span><b>${escapeMarkup(value)}</b></div>`).join("")}</section>`;
}

function verdictTable({ verdict, tool }: LoadResult): string {
  const rows = verdict.map(
    ({ gate, value, passed }) =>
      `<tr><td class="${passed ? "good" : "bad"}">${passed ? "✔ passed" : "✘ failed"}</td><td>${gate.figure}</td><td class="n">${escapeMarkup(formatFigure(gate.figure, value))}</td><td class="n">${escapeMarkup(formatGate(gate))}</td></tr>`,
  );
  const invalid = tool.invalidReason === null ? "" : `<p class="bad">Invalid: ${escapeMarkup(tool.invalidReason)}</p>`;
  return `<h2>Verdict</h2>${invalid}<table><tr><th></th><th>figure</th><th class="n">value</th><th class="n">gate</th></tr>${rows.join("")}</table>`;
}

function charts({ timeline, messages, server }: LoadResult): string {
  const last = timeline.at(-1)?.second ?? 0;
  const step = Math.max(1, Math.ceil(last / 10));
  const xTicks = Array.from({ length: Math.floor(last / step) + 1 }, (_, i) => [i * step, `${i * step} s`] as const);
  const marks = (server?.stalls ?? []).map((second) => [second, "the server's event loop stood still"] as const);
  const line = <K extends keyof (typeof timeline)[number]>(key: K) =>
    timeline.map((row) => [row.second, row[key]] as const);
  return [
    drawChart({
      title: "Connections",
      xTicks,
      formatY: formatCount,
      lines: [{ name: "open", tone: "a", points: line("connected") }],
    }),
    drawChart({
      title: "Messages a second",
      xTicks,
      formatY: formatCount,
      marks,
      lines: [
        { name: "sent", tone: "b", points: line("sent") },
        { name: "answered", tone: "a", points: line("answered") },
        ...(messages.lost > 0 ? [{ name: "lost", tone: "c" as const, points: line("lost") }] : []),
      ],
    }),
    drawChart({
      title: "Latency over time",
      xTicks,
      formatY: formatMs,
      marks,
      lines: [
        { name: "max", tone: "c", points: line("max") },
        { name: "p95", tone: "b", points: line("p95") },
        { name: "p50", tone: "a", points: line("p50") },
      ],
    }),
    drawChart({
      title: "Latency by percentile",
      xTicks: [0, 1, 2, 3, 4, 5].map((nines) => [
        nines,
        nines === 0 ? "0" : nines === 1 ? "90 %" : `${100 - 10 ** (2 - nines)} %`,
      ]),
      formatY: formatMs,
      lines: [
        { name: "from when it was meant to leave", tone: "a", points: percentiles(messages.latency) },
        { name: "from when it left", tone: "b", points: percentiles(messages.service) },
      ],
    }),
  ].join("");
}

/** Points by number of nines, as far as there are values for. */
function percentiles(latency: LoadLatency | null): (readonly [number, number])[] {
  if (latency === null) return [];
  return latency.buckets.map(([ms, seen]) => [
    Math.log10(1 / Math.max(1 - seen / latency.count, 0.5 / latency.count)),
    ms,
  ]);
}

function latencyTable({ messages, connections, tool }: LoadResult): string {
  const named = [
    ["latency, from when a message was meant to leave", messages.latency],
    ["service time, from when it left", messages.service],
    ["send lag of this tool", tool.sendLag],
    ["connecting", connections.connect],
  ] as const;
  const rows = named.flatMap(([name, latency]) =>
    latency === null
      ? []
      : [
          `<tr><td>${name}</td>${latencyColumns(latency)
            .map(([, ms]) => `<td class="n">${escapeMarkup(formatMs(ms))}</td>`)
            .join("")}</tr>`,
        ],
  );
  const head = ["avg", "p50", "p90", "p95", "p99", "p99.9", "max"].map((name) => `<th class="n">${name}</th>`).join("");
  return `<h2>Latency</h2><table><tr><th></th>${head}</tr>${rows.join("")}</table>`;
}

function splitSection({ server }: LoadResult): string {
  if (server === null || server.split === null) return "";
  const { clientLag, loopDelay, handler, rest } = server.split;
  const parts = [
    ["this tool", clientLag],
    ["event loop", loopDelay],
    ["handler", handler],
    ["network, kernel and the rest", rest],
  ] as const;
  const total = clientLag + loopDelay + handler + rest;
  let left = 0;
  const bars = parts.map(([name, ms], i) => {
    const width = total > 0 ? (ms / total) * 100 : 0;
    const bar = `<rect class="s${i}" x="${left.toFixed(2)}" width="${width.toFixed(2)}" y="0" height="4"><title>${name} ${escapeMarkup(formatMs(ms))}</title></rect>`;
    left += width;
    return bar;
  });
  const text = parts.map(([name, ms]) => `${name} ${formatMs(ms)}`).join(" · ");
  return `<h2>Where an average message's time went</h2><svg class="split" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label="${escapeMarkup(text)}">${bars.join("")}</svg><p>${escapeMarkup(text)}</p>`;
}

function workersTable({ workers }: LoadResult): string {
  if (workers.length === 0) return "";
  const rows = workers.map(
    ({ worker, connections }) =>
      `<tr><td>${escapeMarkup(worker)}</td><td class="n">${formatCount(connections)}</td></tr>`,
  );
  return `<h2>Workers</h2><table><tr><th>worker</th><th class="n">connections</th></tr>${rows.join("")}</table>`;
}

function notes({ warnings, connections }: LoadResult): string {
  const rows = [...connections.failures.map(({ reason, count }) => `${formatCount(count)} × ${reason}`), ...warnings];
  return rows.length === 0
    ? ""
    : `<h2>What else there was</h2>${rows.map((text) => `<p class="warning">${escapeMarkup(text)}</p>`).join("")}`;
}
