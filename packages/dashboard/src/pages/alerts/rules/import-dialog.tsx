import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { AreaField } from "../../../components/fields.tsx";
import { FormDialog } from "../form-dialog.tsx";
import { useSaving } from "../use-saving.ts";
import { plural } from "../words.ts";
import { ruleSentence } from "./rule-words.ts";
import type { ImportAnswer, RulesApi } from "./rules-api.ts";

interface ImportDialogProps {
  readonly api: RulesApi;
  readonly onClose: () => void;
  readonly onSaved: () => void;
}

/** Takes over rules of Prometheus: looks first, says what can't be taken over and why, then saves. */
export function ImportDialog({ api, onClose, onSaved }: ImportDialogProps): VNode {
  const [text, setText] = useState("");
  const [seen, setSeen] = useState<ImportAnswer | null>(null);
  const saving = useSaving();
  const submit = () => {
    if (seen === null)
      saving.run(
        async () => setSeen(await api.import(text, false)),
        "The file was read",
        () => undefined,
      );
    else
      saving.run(
        () => api.import(text, true),
        `${plural(seen.rules.length, "rule")} taken over`,
        () => {
          onSaved();
          onClose();
        },
      );
  };
  return (
    <FormDialog
      title="Import Prometheus rules"
      action={seen === null ? "Look at it" : `Save ${plural(seen.rules.length, "rule")}`}
      saving={saving}
      obstacle={
        text.trim() === ""
          ? "Paste or choose a file first"
          : seen?.rules.length === 0
            ? "There is nothing to save"
            : null
      }
      onClose={onClose}
      onSubmit={submit}
    >
      <input
        class="field"
        type="file"
        aria-label="A file of rules"
        accept=".yml,.yaml,.txt"
        onChange={(event) => {
          event.currentTarget.files?.[0]?.text().then((content) => {
            setText(content);
            setSeen(null);
          }, reportError);
        }}
      />
      <AreaField
        label="Or its text"
        rows={8}
        value={text}
        placeholder={"groups:\n  - name: chat\n    rules:\n      - alert: SlowLoop\n        expr: …"}
        onInput={(value) => {
          setText(value);
          setSeen(null);
        }}
      />
      {seen === null ? null : <Seen answer={seen} />}
    </FormDialog>
  );
}

function Seen({ answer: { rules, refused } }: { readonly answer: ImportAnswer }): VNode {
  return (
    <div class="import-seen" role="status">
      <p>
        <b>{plural(rules.length, "rule")} can be taken over</b>
        {refused.length === 0 ? "" : `, ${refused.length} can't`}
      </p>
      <ul>
        {rules.map((rule) => (
          <li key={rule.id}>
            {rule.name} <small class="fine">{ruleSentence(rule)}</small>
          </li>
        ))}
        {refused.map(({ where, name, reason }) => (
          <li key={`${where} ${name}`}>
            <span class="mistake">{name === "" ? where : name}</span> <small class="fine">{reason}</small>
          </li>
        ))}
      </ul>
    </div>
  );
}
