import type { EstimateExplanation, EstimateFactor, JobEstimate } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Fact } from "../../components/fact.tsx";
import { bytes, join } from "../../format/quantity.ts";
import { Confidence } from "./confidence.tsx";
import { about, etaText, learningText, waitText } from "./eta.ts";
import type { ShownDetail } from "./use-job.ts";

/** When it is done, how sure that is, why, and what was said of it before. */
export function EstimatePart({ job }: { readonly job: ShownDetail }): VNode | null {
  const { clock } = useApp();
  const { estimate, firstEstimate, explanation, shifts } = job;
  if (estimate === null && firstEstimate === null) return null;
  return (
    <section class="job-estimate">
      <h3 class="card-note">Estimate</h3>
      {estimate === null ? null : (
        <>
          <p class="job-answer">
            <b>{etaText(estimate.remaining)}</b>
            <span>
              done about {clock.value.time(estimate.finishAt)}
              {job.startedAt === null ? `, ${waitText(estimate.wait)}` : ""}
            </span>
          </p>
          <Sureness estimate={estimate} />
        </>
      )}
      {estimate === null && firstEstimate !== null ? <Kept job={job} said={firstEstimate} /> : null}
      {shifts.length === 0 ? null : (
        <ul class="job-shifts" aria-label="How the estimate moved">
          {shifts.map(({ at, byMs, text }) => (
            <li key={at} data-way={byMs < 0 ? "sooner" : "later"}>
              <span aria-hidden="true">{byMs < 0 ? "▾" : "▴"}</span>
              <span>{text}</span>
              <time>{clock.value.time(at)}</time>
            </li>
          ))}
        </ul>
      )}
      {explanation === null ? null : <Explanation explanation={explanation} />}
    </section>
  );
}

/** How sure it is, and from how many jobs. */
export function Sureness({ estimate }: { readonly estimate: JobEstimate }): VNode {
  const learning = learningText(estimate);
  return (
    <dl class="facts">
      <Fact name="Confidence">
        <Confidence confidence={estimate.confidence} percent />
      </Fact>
      <Fact name="Learned from">
        {learning ?? `${estimate.samples} finished jobs`}
        {estimate.prior ? <span class="fine">a first guess by size and plan</span> : null}
      </Fact>
      <Fact name="A run takes">{etaText(estimate.run)}</Fact>
    </dl>
  );
}

/** What was said when it was queued, against what came. */
function Kept({ job: { runMs, waitMs }, said }: { readonly job: ShownDetail; readonly said: JobEstimate }): VNode {
  const within = runMs !== null && runMs >= said.run.p10 && runMs <= said.run.p90;
  return (
    <dl class="facts">
      <Fact name="Run, as said">{etaText(said.run)}</Fact>
      {runMs === null ? null : (
        <Fact name="Run, as it was">
          {about(runMs)}
          <span class="fine">
            {within ? "within what was said" : runMs > said.run.p90 ? "longer than said" : "shorter than said"}
          </span>
        </Fact>
      )}
      {waitMs === null ? null : (
        <>
          <Fact name="Wait, as said">{etaText(said.wait)}</Fact>
          <Fact name="Wait, as it was">{about(waitMs)}</Fact>
        </>
      )}
    </dl>
  );
}

/** Why an estimate is as it is. */
export function Explanation({ explanation }: { readonly explanation: EstimateExplanation }): VNode {
  const { factors, level, similar } = explanation;
  return (
    <>
      <p class="fine">By {level}.</p>
      {factors.length === 0 ? null : (
        <ul class="job-factors" aria-label="Factors">
          {factors.map((factor) => (
            <FactorLine key={factor.factor} factor={factor} />
          ))}
        </ul>
      )}
      {similar.length === 0 ? null : (
        <details>
          <summary>
            {similar.length} finished {similar.length === 1 ? "job" : "jobs"} most like it
          </summary>
          <ul class="job-similar">
            {similar.map(({ job, runMs, sizeBytes, endedAt }) => (
              <li key={`${job} ${endedAt}`}>
                <span class="mono truncate">{job}</span>
                <span>{sizeBytes === null ? "" : join(bytes(sizeBytes))}</span>
                <span>{about(runMs)}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function FactorLine({ factor: { factor, multiplier, samples, text } }: { readonly factor: EstimateFactor }): VNode {
  const way = multiplier > 1.005 ? "later" : multiplier < 0.995 ? "sooner" : "even";
  return (
    <li data-way={way}>
      <b>×{multiplier.toFixed(2)}</b>
      <span>
        {text === "" ? factor : text}
        <small>{samples === 0 ? "a first guess" : `${samples} ${samples === 1 ? "job" : "jobs"}`}</small>
      </span>
    </li>
  );
}
