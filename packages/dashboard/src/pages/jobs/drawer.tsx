import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Drawer } from "../../components/drawer.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { Fact } from "../../components/fact.tsx";
import { Icon } from "../../components/icon.tsx";
import { bytes, duration, join, span } from "../../format/quantity.ts";
import { JobActs } from "./job-acts.tsx";
import { EstimatePart } from "./job-estimate.tsx";
import { JobLookPart } from "./job-look.tsx";
import type { JobMemory } from "./job-memory.ts";
import { JobStateMark } from "./job-state.tsx";
import { Timeline } from "./job-timeline.tsx";
import type { JobName, JobsApi } from "./jobs-api.ts";
import { Progress, titleOf } from "./list-columns.tsx";
import { type ShownDetail, useJob } from "./use-job.ts";

interface JobDrawerProps {
  readonly api: JobsApi;
  readonly memory: JobMemory;
  readonly name: JobName;
  readonly onClose: () => void;
}

/** One job looked at closely, in a drawer. */
export function JobDrawer({ api, memory, name, onClose }: JobDrawerProps): VNode {
  const { live } = useApp();
  const { detail, error, again } = useJob(api, memory, name);
  const admin = live.principal.value?.role === "admin";
  // Queues that are told of by calls keep nothing that could be asked for.
  const library = live.table("queues").value?.rows.find(({ queue }) => queue === name.queue)?.library;
  return (
    <Drawer title={detail === null ? name.id : titleOf(detail)} onClose={onClose}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section class="dialog-body job-detail" aria-label="What is known of it" tabIndex={0}>
        {error === null ? null : (
          <p class="drawer-note" data-tone={error.code === "NOT_FOUND" ? "quiet" : "warn"} role="status">
            <Icon name={error.code === "NOT_FOUND" ? "unplug" : "stale"} />
            {error.code === "NOT_FOUND" ? "This job is not known any more." : `${error.message}.`}
            {detail === null ? "" : " Below is what was known last."}
          </p>
        )}
        {detail === null ? (
          error === null ? (
            <EmptyState icon="waiting" title="Asking for the job" why="What is known of it comes in a moment." />
          ) : null
        ) : (
          <>
            <Standing job={detail} />
            {admin ? <JobActs api={api} job={detail} onDone={again} /> : null}
            <EstimatePart job={detail} />
            <Timeline steps={detail.steps} />
            <Facts job={detail} />
            <Result result={detail.result} />
            {admin && library === "bullmq" ? <JobLookPart api={api} name={name} /> : null}
          </>
        )}
      </section>
    </Drawer>
  );
}

/** State and progress, in front of everything. */
function Standing({ job }: { readonly job: ShownDetail }): VNode {
  return (
    <div class="job-standing" data-state={job.state}>
      <JobStateMark state={job.state} />
      <Progress job={job} />
      {job.error === null ? null : <p class="mistake">{job.error}</p>}
    </div>
  );
}

function Facts({ job }: { readonly job: ShownDetail }): VNode {
  const { clock } = useApp();
  const when = (at: number | null) => (at === null ? "–" : `${clock.value.day(at)} ${clock.value.time(at)}`);
  const took = (ms: number | null) => (ms === null ? "–" : ms < 60_000 ? join(duration(ms / 1000)) : span(ms));
  return (
    <section>
      <h3 class="card-note">Job</h3>
      <dl class="facts">
        <Fact name="ID">
          <span class="mono">{job.id}</span>
        </Fact>
        <Fact name="Queue">
          <span class="mono">{job.queue}</span>
        </Fact>
        {job.name === "" ? null : <Fact name="Kind">{job.name}</Fact>}
        {job.userId === null ? null : <Fact name="User">{job.userId}</Fact>}
        {/* Of BullMQ, 0 is a job without a priority. */}
        {job.plan === null && (job.priority ?? 0) === 0 ? null : (
          <Fact name="Priority">
            {job.plan ?? ""}
            {job.priority === null ? null : <span class="fine">{job.priority}, the lower, the sooner</span>}
          </Fact>
        )}
        {job.sizeBytes === null && job.sizeCategory === null ? null : (
          <Fact name="Size">
            {job.sizeBytes === null ? job.sizeCategory : join(bytes(job.sizeBytes))}
            {job.sizeBytes === null || job.sizeCategory === null ? null : <span class="fine">{job.sizeCategory}</span>}
          </Fact>
        )}
        <Fact name="Try">
          {job.attempt === 0 ? "none yet" : job.attempt} of {job.maxAttempts}
          {job.stalls === 0 ? null : <span class="fine">lost by its worker {job.stalls}×</span>}
        </Fact>
        <Fact name="Worker">{job.worker === null ? "–" : <span class="mono">{job.worker}</span>}</Fact>
        <Fact name="Queued">{when(job.queuedAt)}</Fact>
        {job.readyAt === null || job.readyAt === job.queuedAt ? null : (
          <Fact name="Not before">{when(job.readyAt)}</Fact>
        )}
        <Fact name="Waited">{took(job.waitMs)}</Fact>
        <Fact name="Ran">{took(job.runMs)}</Fact>
      </dl>
    </section>
  );
}

/** What came of it, told to its owner and to administrators. */
function Result({ result }: { readonly result: string | null }): VNode | null {
  if (result === null) return null;
  return (
    <section>
      <h3 class="card-note">Result</h3>
      <pre class="job-text">{result}</pre>
    </section>
  );
}
