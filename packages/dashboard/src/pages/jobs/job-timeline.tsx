import type { JobStep } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Icon } from "../../components/icon.tsx";
import type { IconName } from "../../components/icons.ts";
import type { Tone } from "../../components/tone.ts";
import { shortSpan } from "../connections/list-columns.tsx";

interface Look {
  readonly word: string;
  readonly icon: IconName;
  readonly tone: Tone;
}

const LOOKS: Readonly<Record<string, Look>> = {
  queued: { word: "Queued", icon: "waiting", tone: "quiet" },
  started: { word: "Started", icon: "play", tone: "quiet" },
  progress: { word: "Progress", icon: "gauge", tone: "quiet" },
  completed: { word: "Done", icon: "ok", tone: "ok" },
  failed: { word: "Failed", icon: "alert", tone: "crit" },
  retried: { word: "Put back", icon: "retry", tone: "quiet" },
  stalled: { word: "Lost by its worker", icon: "warn", tone: "warn" },
  removed: { word: "Removed", icon: "close", tone: "quiet" },
};

/** What happened to a job, oldest first, and how long after the step before. */
export function Timeline({ steps }: { readonly steps: readonly JobStep[] }): VNode | null {
  const { clock } = useApp();
  if (steps.length === 0) return null;
  return (
    <section>
      <h3 class="card-note">Timeline</h3>
      <ol class="job-steps">
        {steps.map((step, index) => {
          const look = LOOKS[step.kind] ?? { word: step.kind, icon: "info" as const, tone: "quiet" as const };
          const before = steps[index - 1];
          return (
            <li key={`${step.at} ${index}`} data-tone={look.tone}>
              <Icon name={look.icon} />
              <span>
                <b>{look.word}</b> {step.text}
                {step.attempt > 1 && step.kind === "started" ? <span class="fine"> try {step.attempt}</span> : null}
              </span>
              <time>
                {clock.value.time(step.at)}
                {before === undefined ? null : <small>+{gap(step.at - before.at)}</small>}
              </time>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

function gap(ms: number): string {
  return ms < 1000 ? `${Math.max(0, Math.round(ms))}ms` : shortSpan(ms);
}
