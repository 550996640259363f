import { type EstimationAnswer, JOB_PLANS, SIZE_CATEGORIES } from "@wsight/protocol";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { optionsOf } from "../../components/choice.tsx";
import { NumberField, SelectField, TextField } from "../../components/fields.tsx";
import { Icon } from "../../components/icon.tsx";
import { join, share } from "../../format/quantity.ts";
import { fieldErrors, problemOf } from "../alerts/hub-ask.ts";
import { etaText, waitText } from "./eta.ts";
import { Explanation, Sureness } from "./job-estimate.tsx";
import type { JobsApi } from "./jobs-api.ts";
import { NO_DRAFT, questionOf, type WhatIfDraft } from "./what-if-draft.ts";

interface WhatIfProps {
  readonly api: JobsApi;
  readonly queue: string | null;
}

/** What if such a job were queued now: administrators ask, without queueing anything. */
export function WhatIf({ api, queue }: WhatIfProps): VNode {
  const { live } = useApp();
  const queues = live.table("queues").value?.rows ?? [];
  const [draft, setDraft] = useState<WhatIfDraft>({ ...NO_DRAFT, queue: queue ?? "" });
  const [answer, setAnswer] = useState<EstimationAnswer | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  if (live.principal.value?.role !== "admin") return <NotAllowed />;
  const set =
    <K extends keyof WhatIfDraft>(field: K) =>
    (value: WhatIfDraft[K]) =>
      setDraft({ ...draft, [field]: value });
  const ask = (): void => {
    setBusy(true);
    api.test(questionOf(draft)).then(
      (told) => {
        setAnswer(told);
        setProblem(null);
        setBusy(false);
      },
      (error: unknown) => {
        setProblem(error);
        setBusy(false);
      },
    );
  };
  const mistakes = fieldErrors(problem);
  return (
    <section class="job-what-if">
      <h3>What if such a job came now</h3>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) ask();
        }}
      >
        <div class="fields">
          <SelectField
            label="Queue"
            value={draft.queue}
            options={[{ value: "", label: "the busiest" }, ...optionsOf(queues.map((row) => row.queue))]}
            mistake={mistakes.queue}
            onChange={set("queue")}
          />
          <TextField label="Kind" value={draft.name} mistake={mistakes.name} onInput={set("name")} />
          <NumberField
            label="Size, MB"
            value={draft.megabytes}
            min={0}
            mistake={mistakes.fileSize}
            onInput={set("megabytes")}
          />
          <SelectField
            label="or its class"
            value={draft.size}
            options={[{ value: "", label: "by its size" }, ...optionsOf(SIZE_CATEGORIES)]}
            onChange={set("size")}
          />
          <SelectField
            label="Plan"
            value={draft.plan}
            options={[{ value: "", label: "none" }, ...optionsOf(JOB_PLANS)]}
            onChange={set("plan")}
          />
          <NumberField
            label="Jobs before it"
            value={draft.position}
            min={0}
            mistake={mistakes.queuePosition}
            onInput={set("position")}
          />
          <NumberField
            label="Workers"
            value={draft.workers}
            min={0}
            mistake={mistakes.workers}
            onInput={set("workers")}
          />
          <button type="submit" class="button" data-kind="primary" disabled={busy}>
            Estimate
          </button>
        </div>
        <p class="fine job-note">What is left empty is taken as it is now. Nothing is queued.</p>
      </form>
      {problem === null ? null : (
        <p class="mistake" role="alert">
          {problemOf(problem)}
        </p>
      )}
      {answer === null ? null : <Answer answer={answer} />}
    </section>
  );
}

function NotAllowed(): VNode {
  return (
    <section class="job-what-if">
      <h3>What if such a job came now</h3>
      <p class="fine">
        <Icon name="key" /> Administrators can ask.
      </p>
    </section>
  );
}

function Answer({ answer: { queue, estimate, explanation, assumed } }: { readonly answer: EstimationAnswer }): VNode {
  return (
    <div class="job-estimate" role="status">
      <p class="job-answer">
        <b>{etaText(estimate.remaining)}</b>
        <span>
          {waitText(estimate.wait)}, runs {etaText(estimate.run)}
        </span>
      </p>
      <p class="fine">
        In {queue}, {assumed.queuePosition} before it, {assumed.active} under way, {assumed.workers}{" "}
        {assumed.workers === 1 ? "worker" : "workers"}
        {assumed.load === null ? "" : `, machines ${join(share(assumed.load))} loaded`}.
      </p>
      <Sureness estimate={estimate} />
      <Explanation explanation={explanation} />
    </div>
  );
}
