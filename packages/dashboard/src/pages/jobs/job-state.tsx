import type { JobState, WorkerState } from "@wsight/protocol";
import type { VNode } from "preact";
import { Icon } from "../../components/icon.tsx";
import type { IconName } from "../../components/icons.ts";
import type { Tone } from "../../components/tone.ts";

interface Look {
  readonly word: string;
  readonly icon: IconName;
  readonly tone: Tone | "busy";
}

const JOBS: Readonly<Record<JobState, Look>> = {
  waiting: { word: "waiting", icon: "waiting", tone: "quiet" },
  delayed: { word: "delayed", icon: "timer", tone: "quiet" },
  active: { word: "active", icon: "play", tone: "busy" },
  completed: { word: "done", icon: "ok", tone: "ok" },
  failed: { word: "failed", icon: "alert", tone: "crit" },
  removed: { word: "removed", icon: "close", tone: "quiet" },
};

const WORKERS: Readonly<Record<WorkerState, Look>> = {
  busy: { word: "busy", icon: "play", tone: "busy" },
  idle: { word: "idle", icon: "ok", tone: "ok" },
  paused: { word: "paused", icon: "pause", tone: "quiet" },
  stalled: { word: "stalled", icon: "warn", tone: "warn" },
  silent: { word: "silent", icon: "unplug", tone: "warn" },
  dead: { word: "dead", icon: "unplug", tone: "crit" },
};

/** State of a job: shape, colour and word. */
export function JobStateMark({ state, bare = false }: { readonly state: JobState; readonly bare?: boolean }): VNode {
  return <Mark look={JOBS[state]} bare={bare} />;
}

/** State of a worker: shape, colour and word. */
export function WorkerStateMark({ state }: { readonly state: WorkerState }): VNode {
  return <Mark look={WORKERS[state]} bare={false} />;
}

function Mark({ look: { word, icon, tone }, bare }: { readonly look: Look; readonly bare: boolean }): VNode {
  return (
    <span class="state-word" data-tone={tone}>
      <Icon name={icon} />
      <span class={bare ? "sr-only" : undefined}>{word}</span>
    </span>
  );
}
