import type { EstimateOutcome, EstimateRecord } from "@wsight/protocol";
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { Scatter, type ScatterPoint } from "../../charts/scatter.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { Fact } from "../../components/fact.tsx";
import { count, duration, join, share } from "../../format/quantity.ts";
import { Problem } from "../history/problem.tsx";
import { useAsked } from "../history/use-asked.ts";
import { about } from "./eta.ts";
import type { JobsApi } from "./jobs-api.ts";
import { judgeConfidence, judgeCoverage, recordOf } from "./record-words.ts";
import { WhatIf } from "./what-if.tsx";
import "../../style/performance.css";

/** How often the record is asked for anew while it is looked at, ms. */
const EVERY_MS = 5000;

interface EstimatesProps {
  readonly api: JobsApi;
  readonly queue: string | null;
}

/** What was said of jobs against what came of them, and a question about one that is not there yet. */
export function Estimates({ api, queue }: EstimatesProps): VNode {
  const { live } = useApp();
  const beat = Math.floor(live.now.value / EVERY_MS);
  const asked = useAsked(String(beat), (signal) => api.records(signal));
  const record = recordOf(asked.value ?? [], queue);
  return (
    <div class="job-estimates">
      {asked.problem === null || asked.value !== null ? null : (
        <Problem what="The record" problem={asked.problem} onRetry={asked.again} />
      )}
      <Record record={record} pending={asked.value === null} />
      <PredictedActual outcomes={record?.outcomes ?? NONE} />
      <WhatIf api={api} queue={queue} />
    </div>
  );
}

const NONE: readonly EstimateOutcome[] = [];

function Record({ record, pending }: { readonly record: EstimateRecord | null; readonly pending: boolean }): VNode {
  if (record === null || record.samples === 0)
    return (
      <section class="job-record">
        <EmptyState
          icon="waiting"
          title={pending ? "Asking for the record" : "Nothing to be judged yet"}
          why="Every job that ends is compared with what was said of it when it was queued."
        />
      </section>
    );
  const time = (ms: number | null) => (ms === null ? "–" : about(ms));
  const coverage = judgeCoverage(record.coverage);
  const confidence = judgeConfidence(record);
  return (
    <section class="job-record">
      <h3>How good it was</h3>
      <dl class="facts">
        <Fact name="Jobs judged">{join(count(record.samples))}</Fact>
        <Fact name="Off by, half of them less">{time(record.medianErrorMs)}</Fact>
        <Fact name="Off by, on the mean">{time(record.meanErrorMs)}</Fact>
        <Fact name="Off by a factor of, half of them less">
          {record.medianRatio === null ? "–" : `${record.medianRatio.toFixed(2)}×`}
        </Fact>
        <Fact name="Wait off by, half of them less">{time(record.medianWaitErrorMs)}</Fact>
        <Fact name="Ended within the interval">
          {join(share(record.coverage))} <span class="fine">80 % is meant · {coverage}</span>
        </Fact>
        <Fact name="Ended within 25 %">
          {join(share(record.within25))}{" "}
          <span class="fine">
            {join(share(record.meanConfidence))} was said · {confidence}
          </span>
        </Fact>
      </dl>
      <p class="fine job-note">
        Over the newest 500 that ended. Only jobs that had ended by then were known when each was told.
      </p>
    </section>
  );
}

function PredictedActual({ outcomes }: { readonly outcomes: readonly EstimateOutcome[] }): VNode {
  const points = useMemo(
    () =>
      outcomes.map(
        (outcome): ScatterPoint => ({
          at: outcome.endedAt,
          x: outcome.predictedRunMs / 1000,
          y: outcome.runMs / 1000,
          group: outcome.queue,
          note: `${outcome.job}, ${outcome.runMs >= outcome.p10 && outcome.runMs <= outcome.p90 ? "within" : "outside"} the interval, ${Math.round(outcome.confidence)} % sure`,
        }),
      ),
    [outcomes],
  );
  return (
    <Scatter
      title="Said and done"
      caption="run time of the newest jobs that ended: as said when queued, and as it was · above the line: longer than said"
      span={6}
      x={{ label: "said", format: duration }}
      y={{ label: "as it was", format: duration }}
      same="as said"
      groupLabel="Queue"
      points={points}
      staleSince={null}
      empty={{
        icon: "waiting",
        title: "No job ended yet",
        why: "Each that ends is a point here: what was said of it against what came.",
      }}
    />
  );
}
