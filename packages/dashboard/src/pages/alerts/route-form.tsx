import type { AlertChannel, AlertRoute } from "@wsight/protocol";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { NumberField, SwitchField, TextField } from "../../components/fields.tsx";
import { FormDialog } from "./form-dialog.tsx";
import { Matchers } from "./matchers.tsx";
import type { Saving } from "./use-saving.ts";

interface RouteFormProps {
  readonly route: AlertRoute;
  /** True for the one that takes what no other does. */
  readonly root: boolean;
  /** True for one that is not there yet. */
  readonly fresh: boolean;
  readonly channels: readonly AlertChannel[];
  readonly saving: Saving;
  readonly onClose: () => void;
  readonly onSave: (route: AlertRoute) => void;
}

/** Which alerts one route takes, who is told, and what is told together. */
export function RouteForm({ route, root, fresh, channels, saving, onClose, onSave }: RouteFormProps): VNode {
  const [matchers, setMatchers] = useState(route.matchers);
  const [told, setTold] = useState(route.channels);
  const [groupBy, setGroupBy] = useState(route.groupBy.join(", "));
  const [wait, setWait] = useState(String(route.groupWaitSec));
  const [interval, setInterval] = useState(String(route.groupIntervalSec));
  const [goesOn, setGoesOn] = useState(route.continue);
  const obstacle = obstacleOf(root, matchers, wait, interval);
  const submit = () =>
    onSave({
      ...route,
      matchers,
      channels: told,
      groupBy: groupBy.split(/[\s,]+/).filter((label) => label !== ""),
      groupWaitSec: Number(wait),
      groupIntervalSec: Number(interval),
      continue: goesOn,
    });
  return (
    <FormDialog
      title={root ? "What no other route takes" : fresh ? "New route" : "Change route"}
      action="Save"
      saving={saving}
      obstacle={obstacle}
      onClose={onClose}
      onSubmit={submit}
    >
      {root ? null : <Matchers legend="Alerts that match all of these" matchers={matchers} onChange={setMatchers} />}
      <fieldset class="told">
        <legend>Are told to</legend>
        {channels.map(({ id, name, enabled }) => (
          <label key={id}>
            <input
              type="checkbox"
              checked={told.includes(id)}
              onChange={(event) =>
                setTold(event.currentTarget.checked ? [...told, id] : told.filter((one) => one !== id))
              }
            />
            {name}
            {enabled ? null : <span class="fine"> (off)</span>}
          </label>
        ))}
        <p class="fine">
          {channels.length === 0
            ? "There is no channel yet."
            : told.length > 0
              ? null
              : root
                ? "None chosen: every channel that is on."
                : "None chosen: those of the route above it."}
        </p>
      </fieldset>
      <div class="fields">
        <TextField
          label="One message for each"
          value={groupBy}
          help="Labels; three dots alone: each alert by itself"
          onInput={setGroupBy}
        />
        <NumberField label="Wait for others, s" value={wait} min={0} max={3600} onInput={setWait} />
        <NumberField label="At most every, s" value={interval} min={10} max={86_400} onInput={setInterval} />
      </div>
      {root ? null : <SwitchField label="The next routes see these alerts too" checked={goesOn} onChange={setGoesOn} />}
    </FormDialog>
  );
}

function obstacleOf(root: boolean, matchers: AlertRoute["matchers"], wait: string, interval: string): string | null {
  if (!root && (matchers.length === 0 || matchers.some(({ label }) => label.trim() === "")))
    return "Say which alerts: every condition needs a label.";
  if (!within(wait, 0, 3600)) return "It waits from 0 to 3600 s.";
  return within(interval, 10, 86_400) ? null : "At most every 10 to 86400 s.";
}

function within(text: string, least: number, most: number): boolean {
  const value = Number(text);
  return text.trim() !== "" && Number.isInteger(value) && value >= least && value <= most;
}
