import type { JobLook } from "@wsight/protocol";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "../../components/icon.tsx";
import { useAsked } from "../history/use-asked.ts";
import type { JobName, JobsApi } from "./jobs-api.ts";

interface JobLookPartProps {
  readonly api: JobsApi;
  readonly name: JobName;
}

/** Data and log of a job, asked of its own queue only when somebody wants them. */
export function JobLookPart({ api, name }: JobLookPartProps): VNode {
  const [wanted, setWanted] = useState(false);
  const asked = useAsked(wanted ? `${name.queue}/${name.id}` : null, (signal) => api.look(name, signal));
  if (!wanted)
    return (
      <div class="drawer-actions">
        <button type="button" class="button" onClick={() => setWanted(true)}>
          <Icon name="search" />
          Show data and log
        </button>
      </div>
    );
  return (
    <section class="job-look" aria-busy={asked.pending}>
      <h3 class="card-note">Data and log</h3>
      {asked.problem === null ? null : <p class="drawer-note">{asked.problem}</p>}
      {asked.value === null ? (
        asked.pending ? (
          <p class="fine">Asking its queue…</p>
        ) : null
      ) : (
        <Look look={asked.value} />
      )}
      <div class="drawer-actions">
        <button type="button" class="button" disabled={asked.pending} onClick={asked.again}>
          <Icon name="retry" />
          Ask again
        </button>
      </div>
    </section>
  );
}

function Look({ look }: { readonly look: JobLook }): VNode {
  return (
    <>
      <Text title="Data" text={look.data} none="not shown: the application does not let data of jobs be seen" />
      <Text
        title={
          look.logCount > look.logs.length ? `Log, the newest ${look.logs.length} of ${look.logCount} lines` : "Log"
        }
        text={look.logs.length === 0 ? null : look.logs.join("\n")}
        none="nothing was written"
      />
      {look.stacks.length === 0 ? null : <Text title="Failed tries" text={look.stacks.join("\n\n")} none="" />}
      {look.result === null ? null : <Text title="Result" text={look.result} none="" />}
      {look.notes.map((note) => (
        <p key={note} class="fine">
          {note}
        </p>
      ))}
    </>
  );
}

interface TextProps {
  readonly title: string;
  readonly text: string | null;
  /** What is said when there is none. */
  readonly none: string;
}

function Text({ title, text, none }: TextProps): VNode {
  return (
    <>
      <h4 class="fine">{title}</h4>
      {text === null ? (
        <p class="fine">{none}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        <pre class="job-text" tabIndex={0}>
          {text}
        </pre>
      )}
    </>
  );
}
