import type { AlertInhibition } from "@wsight/protocol";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { TextField } from "../../components/fields.tsx";
import { Icon } from "../../components/icon.tsx";
import { Problem } from "../history/problem.tsx";
import { useAsked } from "../history/use-asked.ts";
import type { AlertsApi } from "./alerts-api.ts";
import { FormDialog } from "./form-dialog.tsx";
import { MatcherChips, Matchers } from "./matchers.tsx";
import { type Saving, useSaving } from "./use-saving.ts";
import { listed } from "./words.ts";

interface InhibitionsProps {
  readonly api: AlertsApi;
  readonly admin: boolean;
}

/** Place of the one that is changed; one behind the last for a new one. */
type Open = number | null;

const FRESH: AlertInhibition = {
  source: [{ label: "rule", op: "=", value: "" }],
  target: [{ label: "rule", op: "=", value: "" }],
  equal: ["node"],
};

/** Alerts that say nothing while another one, which explains them, fires. */
export function Inhibitions({ api, admin }: InhibitionsProps): VNode {
  const [open, setOpen] = useState<Open>(null);
  const [turn, setTurn] = useState(0);
  const asked = useAsked(`inhibitions ${turn}`, (signal) => api.inhibitions(signal));
  const saving = useSaving();
  const list = asked.value ?? [];
  const save = (next: readonly AlertInhibition[], said: string) =>
    saving.run(
      () => api.saveInhibitions(next),
      said,
      () => {
        setOpen(null);
        setTurn((before) => before + 1);
      },
    );
  return (
    <section class="inhibitions" aria-labelledby="inhibitions">
      <div class="card-head">
        <h3 id="inhibitions">What explains what</h3>
        {admin && asked.value !== null ? (
          <div class="card-aside">
            <button type="button" class="button" onClick={() => setOpen(list.length)}>
              <Icon name="plus" />
              Add
            </button>
          </div>
        ) : null}
        <p class="card-caption">While the first fires, the second is shown but not told.</p>
      </div>
      {asked.problem === null ? null : <Problem what="These" problem={asked.problem} onRetry={asked.again} />}
      {saving.problem === null || open !== null ? null : (
        <p class="mistake part-pad" role="alert">
          {saving.problem}
        </p>
      )}
      {asked.value === null ? null : list.length === 0 ? (
        <p class="card-line">Every alert is told, whatever else fires.</p>
      ) : (
        <ul class="routes">
          {list.map((inhibition, index) => (
            <li key={index}>
              <div class="route-text">
                <p>
                  while <MatcherChips matchers={inhibition.source} none="anything" /> fires, nobody is told of{" "}
                  <MatcherChips matchers={inhibition.target} none="anything" />
                </p>
                {inhibition.equal.length === 0 ? null : <p class="fine">with the same {listed(inhibition.equal)}</p>}
              </div>
              {admin ? (
                <div class="row-acts">
                  <button type="button" class="button" onClick={() => setOpen(index)}>
                    Change<span class="sr-only"> number {index + 1}</span>
                  </button>
                  <button
                    type="button"
                    class="button"
                    data-kind="danger"
                    onClick={() =>
                      save(
                        list.filter((_, place) => place !== index),
                        "It was deleted",
                      )
                    }
                  >
                    Delete<span class="sr-only"> number {index + 1}</span>
                  </button>
                </div>
              ) : null}
            </li>
          ))}
        </ul>
      )}
      {open === null ? null : (
        <InhibitionForm
          inhibition={list[open] ?? FRESH}
          saving={saving}
          onClose={() => setOpen(null)}
          onSave={(next) => save([...list.slice(0, open), next, ...list.slice(open + 1)], "It was saved")}
        />
      )}
    </section>
  );
}

interface FormProps {
  readonly inhibition: AlertInhibition;
  readonly saving: Saving;
  readonly onClose: () => void;
  readonly onSave: (inhibition: AlertInhibition) => void;
}

function InhibitionForm({ inhibition, saving, onClose, onSave }: FormProps): VNode {
  const [source, setSource] = useState(inhibition.source);
  const [target, setTarget] = useState(inhibition.target);
  const [equal, setEqual] = useState(inhibition.equal.join(", "));
  const empty = [source, target].some(
    (list) => list.length === 0 || list.some(({ label, value }) => label.trim() === "" || value === ""),
  );
  return (
    <FormDialog
      title="What explains what"
      action="Save"
      saving={saving}
      obstacle={empty ? "Both need conditions with a label and a value." : null}
      onClose={onClose}
      onSubmit={() => onSave({ source, target, equal: equal.split(/[\s,]+/).filter((label) => label !== "") })}
    >
      <Matchers legend="While this fires" matchers={source} onChange={setSource} />
      <Matchers legend="nobody is told of" matchers={target} onChange={setTarget} />
      <TextField
        label="with the same"
        wide
        help="Labels that must be equal in both, e.g. node or queue; empty: whatever they are"
        value={equal}
        onInput={setEqual}
      />
    </FormDialog>
  );
}
