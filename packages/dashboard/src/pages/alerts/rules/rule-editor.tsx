import type { AlertRule } from "@wsight/protocol";
import { WsightError } from "@wsight/protocol";
import type { VNode } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useApp } from "../../../app-context.ts";
import { SwitchField } from "../../../components/fields.tsx";
import { Icon } from "../../../components/icon.tsx";
import { Notice } from "../../../components/notice.tsx";
import { createHistoryApi } from "../../history/history-api.ts";
import { readKnown } from "../../history/series-known.ts";
import { useAsked } from "../../history/use-asked.ts";
import { Confirm } from "../form-dialog.tsx";
import { fieldErrors, problemOf } from "../hub-ask.ts";
import { useSaving } from "../use-saving.ts";
import { plural } from "../words.ts";
import { NoticeFields } from "./notice-fields.tsx";
import { Preview } from "./preview.tsx";
import { draftOf, type RuleDraft, readDraft } from "./rule-draft.ts";
import { ConditionFields, TimeFields } from "./rule-fields.tsx";
import type { RulesApi } from "./rules-api.ts";
import { Versions } from "./versions.tsx";

interface RuleEditorProps {
  readonly api: RulesApi;
  /** The rule that is changed; `null` for a new one. */
  readonly rule: AlertRule | null;
  /** What a new one begins with. */
  readonly begin: RuleDraft;
  readonly rules: readonly AlertRule[];
  readonly admin: boolean;
  readonly onClose: () => void;
  /** Saved or taken away: the list is another one. */
  readonly onSaved: () => void;
}

/** One rule: its form, and beside it what it would have done. */
export function RuleEditor({ api, rule, begin, rules, admin, onClose, onSaved }: RuleEditorProps): VNode {
  const { toasts } = useApp();
  const [draft, setDraft] = useState<RuleDraft>(() => (rule === null ? begin : draftOf(rule)));
  const [base, setBase] = useState(rule);
  const [told, setTold] = useState<Readonly<Record<string, string>>>({});
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const history = useMemo(() => createHistoryApi(new URL(document.baseURI), (input, init) => fetch(input, init)), []);
  const known = useAsked("known", (signal) => readKnown(history, signal)).value?.metrics ?? null;
  const change = (part: Partial<RuleDraft>) => setDraft((before) => ({ ...before, ...part }));
  // Once somebody tried to save, what can't be read is told while it is typed.
  const unread = problem === null ? {} : readDraft(draft).mistakes;
  const mistakes = { ...told, ...unread };
  useEffect(() => {
    if (problem !== null) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [problem, told]);

  async function save(): Promise<void> {
    const { body, mistakes: wrong } = readDraft(draft);
    setTold(wrong);
    if (body === null) {
      setProblem(`${plural(Object.keys(wrong).length, "field")} can't be read`);
      return;
    }
    setBusy(true);
    try {
      const saved = await api.save(base, body);
      toasts.show(`${saved.name} is saved`);
      onSaved();
      onClose();
    } catch (error) {
      const fields = fieldErrors(error);
      setTold(fields);
      setProblem(saveProblem(error, Object.keys(fields).length));
      setBusy(false);
    }
  }

  const fields = { draft, rules: rules.filter(({ id }) => id !== rule?.id), known, mistakes, onChange: change };
  return (
    <form
      ref={form}
      class="rule-editor"
      aria-label={rule === null ? "New rule" : rule.name}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy && admin) void save();
      }}
    >
      <div class="editor-head">
        <button type="button" class="button" onClick={onClose}>
          <Icon name="newer" />
          All rules
        </button>
        <h2 class="truncate">{rule === null ? "New rule" : rule.name}</h2>
        <span class="rules-acts">
          {rule === null || rule.builtin || !admin ? null : (
            <button type="button" class="button" onClick={() => setAsking(true)}>
              Delete
            </button>
          )}
          {admin ? (
            <button type="submit" class="button" data-kind="primary" disabled={busy}>
              {rule === null ? "Create rule" : "Save"}
            </button>
          ) : null}
        </span>
      </div>
      {admin ? null : <Notice tone="quiet">You may look at rules and try limits; saving needs the role admin.</Notice>}
      {problem === null ? null : (
        <p class="form-error" role="alert">
          <Icon name="alert" />
          {problem}
        </p>
      )}
      <div class="editor-what">
        <ConditionFields {...fields} />
      </div>
      <div class="editor-preview">
        <Preview api={api} draft={draft} id={rule?.id ?? null} title={draft.name || "New rule"} onChange={change} />
        {rule === null ? null : (
          <Versions
            api={api}
            rule={rule}
            onTake={(version) => {
              setDraft(draftOf(version));
              toasts.show(`Version ${version.version} is in the form; save it to bring it back`);
            }}
            onNewest={setBase}
          />
        )}
      </div>
      <div class="editor-more">
        <TimeFields {...fields} />
        <NoticeFields {...fields} />
        <section class="card rule-part">
          <div class="card-body">
            <SwitchField
              label="On"
              help="Switched off, nothing is looked at and what fires ends."
              checked={draft.enabled}
              onChange={(enabled) => change({ enabled })}
            />
          </div>
        </section>
      </div>
      {asking && base !== null ? (
        <Removal api={api} rule={base} onClose={() => setAsking(false)} onRemoved={() => [onSaved(), onClose()]} />
      ) : null}
    </form>
  );
}

function saveProblem(error: unknown, fields: number): string {
  const { code = "" } = error instanceof WsightError ? error : {};
  if (fields > 0) return `The hub refused ${plural(fields, "field")}`;
  if ((code as string) === "PRECONDITION_FAILED")
    return "Somebody else changed this rule meanwhile. Under “Versions” is what they saved; saving again replaces it";
  return problemOf(error);
}

interface RemovalProps {
  readonly api: RulesApi;
  readonly rule: AlertRule;
  readonly onClose: () => void;
  readonly onRemoved: () => void;
}

function Removal({ api, rule, onClose, onRemoved }: RemovalProps): VNode {
  const saving = useSaving();
  return (
    <Confirm
      title={`Delete ${rule.name}?`}
      action="Delete rule"
      saving={saving}
      onClose={onClose}
      onConfirm={() => saving.run(() => api.remove(rule), `${rule.name} is deleted`, onRemoved)}
    >
      What fires because of it ends. What it told stays in the history.
    </Confirm>
  );
}
