import type { NodeRow } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Sparkline } from "../../charts/sparkline.tsx";
import { Bar } from "../../components/bar.tsx";
import { Card } from "../../components/card.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import type { Tone } from "../../components/tone.ts";
import { bytes, duration, type Formatter, join, share } from "../../format/quantity.ts";
import type { PastNode } from "../../state/index.ts";
import { LAG_CRIT_S, LAG_WARN_S } from "../loop-lag.ts";
import { pastRows } from "../past-rows.ts";
import { explainEmpty, nodesInView, staleSince } from "../reporting.ts";
import { SERIES } from "./selectors.ts";

interface MeterKind {
  readonly label: string;
  readonly read: (row: NodeRow) => number | null | undefined;
  readonly format: Formatter;
  /** What fills the bar; `null` where nobody said. */
  readonly full: (row: NodeRow) => number | null | undefined;
  /** Shares of it from which it is warned of, and called critical. */
  readonly limits: readonly [warn: number, crit: number];
}

const BUSY = [0.8, 0.95] as const;

const METERS: readonly MeterKind[] = [
  { label: "CPU", read: ({ cpu }) => cpu, format: share, full: () => 1, limits: BUSY },
  {
    label: "Heap",
    read: ({ heapUsedBytes }) => heapUsedBytes,
    format: bytes,
    full: ({ heapLimitBytes }) => heapLimitBytes,
    limits: BUSY,
  },
  {
    label: "Loop lag p99",
    read: ({ loopLagP99 }) => loopLagP99,
    format: duration,
    full: () => LAG_CRIT_S,
    limits: [LAG_WARN_S / LAG_CRIT_S, 1],
  },
  { label: "GC", read: ({ gcShare }) => gcShare, format: share, full: () => 1, limits: [0.1, 0.3] },
  {
    label: "Open files",
    read: ({ fileDescriptors }) => fileDescriptors,
    format: (value) => ({ text: value === null ? "–" : String(value), unit: "" }),
    full: ({ fileDescriptorLimit }) => fileDescriptorLimit,
    limits: BUSY,
  },
];

/** What the watched processes use, or used: the worst of them, and the mean as a mark. */
export function SystemCard(): VNode {
  return useApp().live.past.value === null ? <SystemNow /> : <SystemThen />;
}

function SystemNow(): VNode {
  const { live, route } = useApp();
  const nodes = nodesInView(live);
  return (
    <Card
      title="System"
      span={4}
      staleSince={staleSince(live)}
      aside={
        <a class="card-note truncate" href={route.hrefTo({ page: "system", params: {} })}>
          {processNote(nodes)}
        </a>
      }
    >
      {nodes.length === 0 ? (
        <EmptyState {...explainEmpty(live, "reports")} />
      ) : (
        <div class="card-body">
          <div class="meters">
            {METERS.map((meter) => (
              <WorstMeter key={meter.label} meter={meter} nodes={nodes} />
            ))}
            <MemoryMeter />
          </div>
          <p class="fine">
            {nodes.length > 1
              ? "Each is the worst node's, the mark is the mean. Memory adds up over the nodes."
              : "CPU is of one core, GC of the time, heap and files of what the process may have."}
          </p>
        </div>
      )}
    </Card>
  );
}

/** Of the time looked at: what is kept of nodes, as the mean of each. */
function SystemThen(): VNode {
  const { live } = useApp();
  const { rows = [] } = pastRows(live, "nodes") ?? {};
  const partsOf = (read: (row: PastNode) => number | null, full: number) =>
    rows.flatMap((row): readonly Part[] => {
      const value = read(row);
      return value === null ? [] : [{ name: row.node.slice(row.node.indexOf("/") + 1), value, part: value / full }];
    });
  return (
    <Card title="System" span={4} aside={<span class="card-note">in the window</span>}>
      {rows.length === 0 ? (
        <EmptyState {...explainEmpty(live, "reports")} />
      ) : (
        <div class="card-body">
          <div class="meters">
            <Meter label="CPU" format={share} limits={BUSY} parts={partsOf(({ cpu }) => cpu, 1)} />
            <Meter
              label="Loop lag p99"
              format={duration}
              limits={[LAG_WARN_S / LAG_CRIT_S, 1]}
              parts={partsOf(({ loopLagP99 }) => loopLagP99, LAG_CRIT_S)}
            />
            <MemoryMeter />
          </div>
          <p class="fine">
            {rows.length > 1 ? "Each is the worst node's, the mark is the mean. " : ""}CPU is the mean of the time,
            memory that at its end.
          </p>
        </div>
      )}
    </Card>
  );
}

function WorstMeter({ meter, nodes }: { readonly meter: MeterKind; readonly nodes: readonly NodeRow[] }): VNode {
  const parts = nodes.flatMap((row): readonly Part[] => {
    const value = row.state === "live" ? meter.read(row) : null;
    const full = meter.full(row);
    if (typeof value !== "number") return [];
    return [{ name: row.instance, value, part: typeof full === "number" && full > 0 ? value / full : null }];
  });
  return <Meter {...meter} parts={parts} />;
}

/** What one node uses. */
interface Part {
  readonly name: string;
  readonly value: number;
  /** How full its bar is; `null` where nobody said what fills it. */
  readonly part: number | null;
}

function Meter({
  label,
  format,
  limits,
  parts,
}: Pick<MeterKind, "label" | "format" | "limits"> & { readonly parts: readonly Part[] }): VNode {
  const worst = parts.length === 0 ? null : parts.reduce((a, b) => (size(b) > size(a) ? b : a));
  const mean = parts.reduce((sum, { part }) => sum + (part ?? 0), 0) / parts.length;
  const tone = toneOf(worst?.part ?? null, limits);
  return (
    <div>
      <p class="meter-head">
        <span class="truncate">
          {label}
          {worst !== null && parts.length > 1 ? <span class="fine"> {worst.name}</span> : null}
        </span>
        <b>{join(format(worst?.value ?? null))}</b>
      </p>
      <Bar
        share={worst?.part ?? null}
        {...(tone === undefined ? {} : { tone })}
        {...(parts.length > 1 && worst?.part !== null ? { mark: mean } : {})}
      />
    </div>
  );
}

function size({ part, value }: Part): number {
  return part ?? value;
}

function toneOf(part: number | null, [warn, crit]: MeterKind["limits"]): Tone | undefined {
  if (part === null || part < warn) return undefined;
  return part < crit ? "warn" : "crit";
}

function MemoryMeter(): VNode {
  const { live } = useApp();
  live.tick.value;
  return (
    <div>
      <p class="meter-head">
        Memory <b>{join(bytes(live.series(SERIES.memory).latest()))}</b>
      </p>
      <Sparkline selector={SERIES.memory} color="c1" />
    </div>
  );
}

function processNote(nodes: readonly NodeRow[]): string {
  const [only, ...others] = nodes;
  if (only === undefined) return "";
  if (others.length > 0) return `${nodes.length} nodes, worst shown`;
  return `pid ${only.pid} · ${only.runtime}`;
}
