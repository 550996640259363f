import type { JobAction } from "@wsight/protocol";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "../../components/icon.tsx";
import type { IconName } from "../../components/icons.ts";
import { Confirm } from "../alerts/form-dialog.tsx";
import { type Saving, useSaving } from "../alerts/use-saving.ts";
import type { JobsApi } from "./jobs-api.ts";
import { titleOf } from "./list-columns.tsx";
import type { ShownDetail } from "./use-job.ts";

interface Act {
  readonly action: JobAction;
  readonly label: string;
  readonly icon: IconName;
  readonly done: string;
}

const ACTS: readonly Act[] = [
  { action: "retry", label: "Retry", icon: "retry", done: "was put back" },
  { action: "promote", label: "Promote", icon: "play", done: "may begin at once" },
];

interface JobActsProps {
  readonly api: JobsApi;
  readonly job: ShownDetail;
  readonly onDone: () => void;
}

/** What its queue can do with the job now, for administrators; every act is kept in the audit. */
export function JobActs({ api, job, onDone }: JobActsProps): VNode | null {
  const saving = useSaving();
  const [removes, setRemoves] = useState(false);
  if (job.can.length === 0) return null;
  const run = (action: JobAction, done: string) =>
    saving.run(
      () => api.act(job, action),
      `${titleOf(job)} ${done}`,
      () => {
        setRemoves(false);
        onDone();
      },
    );
  return (
    <>
      <div class="drawer-actions">
        {ACTS.filter(({ action }) => job.can.includes(action)).map(({ action, label, icon, done }) => (
          <button key={action} type="button" class="button" disabled={saving.busy} onClick={() => run(action, done)}>
            <Icon name={icon} />
            {label}
          </button>
        ))}
        {job.can.includes("remove") ? (
          <button
            type="button"
            class="button"
            data-kind="danger"
            disabled={saving.busy}
            onClick={() => setRemoves(true)}
          >
            <Icon name="close" />
            Remove{"\u2026"}
          </button>
        ) : null}
      </div>
      {saving.problem === null || removes ? null : (
        <p class="mistake" role="alert">
          {saving.problem}
        </p>
      )}
      {removes ? (
        <RemoveDialog
          job={job}
          saving={saving}
          onClose={() => setRemoves(false)}
          onConfirm={() => run("remove", "was removed")}
        />
      ) : null}
    </>
  );
}

interface RemoveDialogProps {
  readonly job: ShownDetail;
  readonly saving: Saving;
  readonly onClose: () => void;
  readonly onConfirm: () => void;
}

function RemoveDialog({ job, saving, onClose, onConfirm }: RemoveDialogProps): VNode {
  return (
    <Confirm title={`Remove ${titleOf(job)}?`} action="Remove" saving={saving} onClose={onClose} onConfirm={onConfirm}>
      Takes the job <code>{job.id}</code> out of the queue {job.queue}
      {job.userId === null ? "" : `, of user ${job.userId}`}. It can't be brought back. What you do here is kept in the
      list of administrator actions.
    </Confirm>
  );
}
