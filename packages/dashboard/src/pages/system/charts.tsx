import { useComputed } from "@preact/signals";
import type { NodeRow } from "@wsight/protocol";
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { combined, product } from "../../charts/combined.ts";
import type { ColorToken } from "../../charts/palette.ts";
import type { PlotLimit } from "../../charts/plot-marks.ts";
import { createStack } from "../../charts/stack.ts";
import { type Line, TimeSeries } from "../../charts/time-series.tsx";
import { byteRate, bytes, count, duration, type Formatter, join, share } from "../../format/quantity.ts";
import { LAG_WARN_S } from "../loop-lag.ts";
import { nodesInView } from "../reporting.ts";
import { useOnScreen } from "../use-on-screen.ts";
import { type Reporting, useReporting } from "../use-reporting.ts";
import { cpuOf, GC_TYPES, SERIES } from "./selectors.ts";

const COLORS: readonly ColorToken[] = ["c1", "c2", "c3", "c4", "c5", "c6"];

/** Time in a second, whatever its size: `0.4 ms/s`. */
const timeShare: Formatter = (value) => {
  const { text, unit } = duration(value);
  return { text, unit: unit === "" ? "" : `${unit}/s` };
};

/** What the processes and their hosts use, over time. */
export function Charts(): VNode {
  const reporting = useReporting("reports");
  return (
    <div class="grid">
      <Cpu {...reporting} />
      <Memory {...reporting} />
      <LoopLag {...reporting} />
      <Collections {...reporting} />
      <Handles {...reporting} />
      <HostLoad {...reporting} />
      <HostMemory {...reporting} />
      <Traffic {...reporting} />
    </div>
  );
}

/** One node: by mode, beside its host. Several: each of them, for their mean would hide the worst. */
function Cpu(reporting: Reporting): VNode {
  const { live } = useApp();
  const names = useComputed(() => busiest(nodesInView(live)).join("\n")).value;
  const several = names.includes("\n");
  const lines = useMemo(() => (several ? cpuByNode(names.split("\n")) : CPU_LINES), [names, several]);
  useOnScreen(useMemo(() => ({ series: lines.map(({ selector }) => selector), tables: [] }), [lines]));
  return (
    <TimeSeries
      key={several ? names : "one"}
      title="CPU"
      caption={several ? "each node, of one core" : "the process of one core, its host of all cores"}
      span={6}
      lines={lines}
      format={share}
      staleSince={reporting.stale}
      empty={reporting.empty}
    />
  );
}

const CPU_LINES: readonly Line[] = [
  { label: "User", selector: SERIES.cpuUser, color: "c1", fill: true },
  { label: "System", selector: SERIES.cpuSystem, color: "c6", fill: true },
  { label: "Host busy", selector: SERIES.hostCpu, color: "other" },
];

function cpuByNode(names: readonly string[]): readonly Line[] {
  return names.map((node, index) => ({
    label: node.slice(node.indexOf("/") + 1),
    selector: cpuOf(node),
    color: COLORS[index] ?? "other",
  }));
}

/** At most six nodes; of more those that work most, by tens of percent, so that lines do not come and go. */
function busiest(nodes: readonly NodeRow[]): readonly string[] {
  return [...nodes]
    .sort((a, b) => Math.round((b.cpu ?? 0) * 10) - Math.round((a.cpu ?? 0) * 10) || (a.node < b.node ? -1 : 1))
    .slice(0, COLORS.length)
    .map(({ node }) => node)
    .sort();
}

const MEMORY_LINES: readonly Line[] = [
  { label: "RSS", selector: SERIES.rss, color: "c1", fill: true },
  { label: "Heap", selector: SERIES.heap, color: "c2" },
  { label: "External", selector: SERIES.external, color: "c4" },
];

function Memory({ stale, empty }: Reporting): VNode {
  const { live } = useApp();
  const limit = useLatest("memoryLimit");
  const several = useComputed(() => nodesInView(live).length > 1).value;
  const may = limit === null ? "" : ` · may take ${join(bytes(limit))}`;
  return (
    <TimeSeries
      key={limit}
      title="Memory"
      caption={`${several ? "the largest node's" : "of the process"}${may}`}
      span={6}
      lines={MEMORY_LINES}
      format={bytes}
      staleSince={stale}
      empty={empty}
      {...limitAt(limit, `limit ${join(bytes(limit))}`)}
    />
  );
}

const LAG_LINES: readonly Line[] = [
  { label: "p99", selector: SERIES.lagP99, color: "p99" },
  { label: "p50", selector: SERIES.lagP50, color: "p50" },
];
const LAG_LIMIT: PlotLimit = { value: LAG_WARN_S, label: `limit ${join(duration(LAG_WARN_S))}` };

function LoopLag({ stale, empty }: Reporting): VNode {
  return (
    <TimeSeries
      title="Event-loop delay"
      caption="trailing 10 s, corrected for what waited behind a stall"
      span={6}
      lines={LAG_LINES}
      format={duration}
      limit={LAG_LIMIT}
      staleSince={stale}
      empty={empty}
    />
  );
}

const GC_LINES: readonly Line[] = GC_TYPES.map(({ label, color, rate, mean }) => ({
  label,
  color,
  selector: rate,
  fill: "stacked",
  ring: (live) => combined(live, [rate, mean], product),
}));

function Collections({ stale, empty }: Reporting): VNode {
  const { live } = useApp();
  const stack = useMemo(createStack, []);
  const longest = useComputed(() => {
    live.tick.value;
    return join(duration(live.series(SERIES.gcMax).latest()));
  }).value;
  return (
    <TimeSeries
      title="Garbage collection"
      caption={`time it took of each second, by type · longest pause in a minute ${longest}`}
      span={6}
      lines={GC_LINES}
      stack={stack}
      format={timeShare}
      staleSince={stale}
      empty={empty}
    />
  );
}

const HANDLE_LINES: readonly Line[] = [
  { label: "Open files", selector: SERIES.files, color: "c1", fill: true },
  { label: "Handles", selector: SERIES.handles, color: "c2" },
];

function Handles({ stale, empty }: Reporting): VNode {
  const { live } = useApp();
  const limit = useLatest("fileLimit");
  // Together they have more files than one of them may have.
  const alone = useComputed(() => nodesInView(live).length === 1).value;
  const may = limit === null ? "" : ` · ${alone ? "" : "each "}may open ${join(count(limit))}`;
  return (
    <TimeSeries
      key={`${limit} ${alone}`}
      title="Handles and file descriptors"
      caption={`open files, and what keeps the event loop alive${may}`}
      span={6}
      lines={HANDLE_LINES}
      format={count}
      staleSince={stale}
      empty={empty}
      {...limitAt(alone ? limit : null, `limit ${join(count(limit))}`)}
    />
  );
}

const LOAD_LINES: readonly Line[] = [
  { label: "1 min", selector: SERIES.load1, color: "c1" },
  { label: "5 min", selector: SERIES.load5, color: "c2" },
  { label: "15 min", selector: SERIES.load15, color: "c4" },
];
const loadFormat: Formatter = (value) => ({ text: value === null ? "–" : value.toFixed(2), unit: "" });

function HostLoad({ stale, empty }: Reporting): VNode {
  const cores = useLatest("cores");
  return (
    <TimeSeries
      key={cores}
      title="Host load"
      caption={`processes that run or wait${cores === null ? "" : ` · ${cores} ${cores === 1 ? "core" : "cores"}`}${useHosts()}`}
      span={6}
      lines={LOAD_LINES}
      format={loadFormat}
      staleSince={stale}
      empty={empty}
      {...limitAt(cores, "all cores busy")}
    />
  );
}

const HOST_MEMORY_LINES: readonly Line[] = [
  { label: "Used", selector: SERIES.hostMemory, color: "c1", fill: true },
  { label: "Swap", selector: SERIES.swap, color: "c6" },
];

function HostMemory({ stale, empty }: Reporting): VNode {
  const limit = useLatest("hostMemoryLimit");
  return (
    <TimeSeries
      key={limit}
      title="Host memory"
      caption={`${limit === null ? "not known how much there is" : `of ${join(bytes(limit))}`}${useHosts()}`}
      span={6}
      lines={HOST_MEMORY_LINES}
      format={bytes}
      staleSince={stale}
      empty={empty}
      {...(limit === null ? {} : { top: limit })}
    />
  );
}

const TRAFFIC_LINES: readonly Line[] = [
  { label: "Read", selector: SERIES.diskRead, color: "c1" },
  { label: "Written", selector: SERIES.diskWrite, color: "c2" },
  { label: "In", selector: SERIES.netIn, color: "c4" },
  { label: "Out", selector: SERIES.netOut, color: "c6" },
];

function Traffic({ stale, empty }: Reporting): VNode {
  return (
    <TimeSeries
      title="Host disk and network"
      caption={`read from and written to disks; in and out of all interfaces but loopback${useHosts()}`}
      span={6}
      lines={TRAFFIC_LINES}
      format={byteRate}
      staleSince={stale}
      empty={empty}
    />
  );
}

/** ` · the largest of 3 hosts`, where there are several. */
function useHosts(): string {
  const { live } = useApp();
  return useComputed(() => {
    const hosts = new Set(nodesInView(live).map(({ host }) => host));
    return hosts.size > 1 ? ` · the largest of ${hosts.size} hosts` : "";
  }).value;
}

/** A figure that hardly ever changes: who reads it renders when it does. */
function useLatest(name: keyof typeof SERIES): number | null {
  const { live } = useApp();
  return useComputed(() => {
    live.tick.value;
    return live.series(SERIES[name]).latest();
  }).value;
}

function limitAt(value: number | null, label: string): { readonly limit?: PlotLimit } {
  return value === null ? {} : { limit: { value, label } };
}
