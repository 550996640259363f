import type { Selector } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Sparkline } from "../../charts/sparkline.tsx";
import { Bar } from "../../components/bar.tsx";
import { Card } from "../../components/card.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import type { Tone } from "../../components/tone.ts";
import { bytes, duration, join, type Quantity, share } from "../../format/quantity.ts";
import { explainEmpty, nodesInView, staleSince } from "../reporting.ts";
import { LAG_CRIT_S, LAG_WARN_S } from "./judge.ts";
import { SERIES } from "./selectors.ts";

const BUSY_WARN = 0.8;
const BUSY_CRIT = 0.95;

/** What the watched processes use. */
export function ProcessCard(): VNode {
  const { live } = useApp();
  live.tick.value;
  const nodes = nodesInView(live);
  const latest = (selector: Selector) => live.series(selector).latest();
  const [cpu, memory, heap] = [latest(SERIES.cpu), latest(SERIES.memory), latest(SERIES.heap)];
  const [busy, lag] = [latest(SERIES.loopUse), latest(SERIES.loopLag)];
  const cores = Math.max(1, nodes.length);
  return (
    <Card
      title="Process"
      span={4}
      staleSince={staleSince(live)}
      aside={<span class="card-note truncate">{processNote(nodes)}</span>}
    >
      {nodes.length === 0 ? (
        <EmptyState {...explainEmpty(live, "reports")} />
      ) : (
        <div class="card-body">
          <div class="meters">
            <Meter label="CPU" value={share(cpu)} part={cpu === null ? null : cpu / cores} tone={level(cpu, cores)} />
            <Meter label="Loop busy" value={share(busy)} part={busy} tone={level(busy, 1)} />
            <div>
              <p class="meter-head">
                Memory <b>{join(bytes(memory))}</b>
              </p>
              <Sparkline selector={SERIES.memory} color="c1" />
            </div>
            <Meter
              label="Heap in use"
              value={bytes(heap)}
              part={heap === null || memory === null ? null : heap / memory}
            />
            <Meter
              label="Loop lag p99"
              value={duration(lag)}
              part={lag === null ? null : lag / LAG_CRIT_S}
              tone={lagLevel(lag)}
            />
            <Meter label="Probe CPU" value={share(probeCpu(nodes))} part={probeCpu(nodes)} />
          </div>
          <p class="fine">
            {cores > 1 ? "CPU and memory add up over the nodes, " : "CPU is of one core, "}
            heap is a share of memory{cores > 1 ? ", loop figures are the worst node's" : ""}.
          </p>
        </div>
      )}
    </Card>
  );
}

interface MeterProps {
  readonly label: string;
  readonly value: Quantity;
  readonly part: number | null;
  readonly tone?: Tone | undefined;
}

function Meter({ label, value, part, tone }: MeterProps): VNode {
  return (
    <div>
      <p class="meter-head">
        {label} <b>{join(value)}</b>
      </p>
      <Bar share={part} {...(tone === undefined ? {} : { tone })} />
    </div>
  );
}

function level(used: number | null, of: number): Tone | undefined {
  if (used === null || used / of < BUSY_WARN) return undefined;
  return used / of < BUSY_CRIT ? "warn" : "crit";
}

function lagLevel(lag: number | null): Tone | undefined {
  return lag === null || lag < LAG_WARN_S ? undefined : lag < LAG_CRIT_S ? "warn" : "crit";
}

type Nodes = ReturnType<typeof nodesInView>;

function probeCpu(nodes: Nodes): number | null {
  const known = nodes.flatMap(({ probeCpu: cpu }) => (cpu === null ? [] : [cpu]));
  return known.length === 0 ? null : known.reduce((sum, cpu) => sum + cpu, 0);
}

function processNote(nodes: Nodes): string {
  const [only, ...others] = nodes;
  if (only === undefined) return "";
  if (others.length > 0) return `${nodes.length} nodes`;
  return `pid ${only.pid} · ${only.runtime}`;
}
