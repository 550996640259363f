import type { Selector } from "@wsight/protocol";
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { combined } from "../../charts/combined.ts";
import { type Line, TimeSeries } from "../../charts/time-series.tsx";
import type { Emptiness } from "../../components/empty-state.tsx";
import { count, duration, type Formatter, perMinute } from "../../format/quantity.ts";
import { ofTrailingMinute, type QueueSelectors } from "./selectors.ts";

interface ChartsProps {
  readonly selectors: QueueSelectors;
}

const EMPTY: Emptiness = {
  icon: "waiting",
  title: "No job in this time",
  why: "The course of jobs shows up here as they come, begin and end.",
};

/** What came and went, what is there, and how long it took. */
export function Charts({ selectors }: ChartsProps): VNode {
  return (
    <div class="grid jobs-charts">
      <Throughput selectors={selectors} />
      <Backlog selectors={selectors} />
      <Times selectors={selectors} />
    </div>
  );
}

/** The caption says a minute. */
const jobsPerMinute: Formatter = (value) => ({ text: perMinute(value).text, unit: "" });

function perMinuteLine(
  label: string,
  selector: Selector,
  countedFor: Selector,
  look: Pick<Line, "color" | "fill">,
): Line {
  return { label, selector, ...look, ring: (live) => combined(live, [selector, countedFor], ofTrailingMinute) };
}

function Throughput({ selectors }: ChartsProps): VNode {
  const lines = useMemo(
    (): readonly Line[] => [
      perMinuteLine("Done", selectors.done, selectors.countedFor, { color: "c2", fill: true }),
      perMinuteLine("Added", selectors.added, selectors.countedFor, { color: "c1" }),
      perMinuteLine("Failed", selectors.failed, selectors.countedFor, { color: "c3" }),
    ],
    [selectors],
  );
  return (
    <TimeSeries
      title="Throughput"
      caption="jobs a minute · trailing minute"
      span={4}
      lines={lines}
      format={jobsPerMinute}
      staleSince={null}
      empty={EMPTY}
    />
  );
}

function Backlog({ selectors }: ChartsProps): VNode {
  const lines = useMemo(
    (): readonly Line[] => [
      { label: "Waiting", selector: selectors.waiting, color: "c6", fill: true },
      { label: "Active", selector: selectors.active, color: "c1" },
      { label: "Delayed", selector: selectors.delayed, color: "c4" },
    ],
    [selectors],
  );
  return (
    <TimeSeries
      title="Backlog"
      caption="jobs that are not done, by state"
      span={4}
      lines={lines}
      format={count}
      staleSince={null}
      empty={EMPTY}
    />
  );
}

function Times({ selectors }: ChartsProps): VNode {
  const lines = useMemo(
    (): readonly Line[] => [
      { label: "Run p95", selector: selectors.runP95, color: "p95" },
      { label: "Run p50", selector: selectors.runP50, color: "p50" },
      { label: "Wait p95", selector: selectors.waitP95, color: "c6" },
      { label: "Wait p50", selector: selectors.waitP50, color: "c5" },
    ],
    [selectors],
  );
  return (
    <TimeSeries
      title="Wait and run"
      caption="ready to start, start to end · trailing minute"
      span={4}
      lines={lines}
      format={duration}
      staleSince={null}
      empty={EMPTY}
    />
  );
}
