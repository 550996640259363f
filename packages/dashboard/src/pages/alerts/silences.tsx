import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { Icon } from "../../components/icon.tsx";
import type { IconName } from "../../components/icons.ts";
import type { Tone } from "../../components/tone.ts";
import { span } from "../../format/quantity.ts";
import { Problem } from "../history/problem.tsx";
import { useAsked } from "../history/use-asked.ts";
import type { AlertsApi, ShownSilence, SilenceDraft } from "./alerts-api.ts";
import { Confirm } from "./form-dialog.tsx";
import { MatcherChips } from "./matchers.tsx";
import { Nothing } from "./nothing.tsx";
import { newSilence } from "./silence-draft.ts";
import { SilenceForm } from "./silence-form.tsx";
import { useSaving } from "./use-saving.ts";
import { recurrenceText, when } from "./words.ts";

interface SilencesProps {
  readonly api: AlertsApi;
  readonly admin: boolean;
}

type Open = { readonly id: string | null; readonly draft: SilenceDraft } | null;

/** When nobody is told: what goes on, what is planned, what is over. */
export function Silences({ api, admin }: SilencesProps): VNode {
  const { live } = useApp();
  const [turn, setTurn] = useState(0);
  const [open, setOpen] = useState<Open>(null);
  const [deleted, setDeleted] = useState<ShownSilence | null>(null);
  const minute = Math.floor(live.now.value / 60_000);
  const asked = useAsked(`${turn} ${minute}`, (signal) => api.silences(signal));
  const changed = () => {
    setOpen(null);
    setDeleted(null);
    setTurn((before) => before + 1);
  };
  const begin = (kind: SilenceDraft["kind"]) => setOpen({ id: null, draft: newSilence(kind, live.now.peek()) });
  const buttons = admin ? (
    <>
      <button type="button" class="button" onClick={() => begin("maintenance")}>
        <Icon name="timer" />
        Plan maintenance
      </button>
      <button type="button" class="button" data-kind="primary" onClick={() => begin("silence")}>
        <Icon name="plus" />
        New silence
      </button>
    </>
  ) : null;
  const silences = asked.value === null ? null : [...asked.value].sort((a, b) => orderOf(a) - orderOf(b));
  return (
    <section class="card" aria-labelledby="silences">
      <div class="card-head">
        <h2 id="silences">Silences and maintenance</h2>
        <div class="card-aside">{silences === null || silences.length === 0 ? null : buttons}</div>
        <p class="card-caption">Nobody is told of what matches, and it is watched all the same.</p>
      </div>
      {asked.problem === null ? null : <Problem what="Silences" problem={asked.problem} onRetry={asked.again} />}
      {silences === null ? null : silences.length === 0 ? (
        <Nothing
          icon="bell"
          title="Nothing is silenced"
          why="A silence keeps alerts from being told while something goes on; a maintenance window does so for planned work, once or every week. What still fires when it ends is told then."
        >
          {buttons}
        </Nothing>
      ) : (
        <ul class="silences">
          {silences.map((silence) => (
            <Silence
              key={silence.id}
              silence={silence}
              admin={admin}
              onEdit={() => setOpen({ id: silence.id, draft: draftOf(silence) })}
              onDelete={() => setDeleted(silence)}
            />
          ))}
        </ul>
      )}
      {open === null ? null : (
        <SilenceForm api={api} id={open.id} draft={open.draft} onClose={() => setOpen(null)} onSaved={changed} />
      )}
      {deleted === null ? null : (
        <Delete api={api} silence={deleted} onClose={() => setDeleted(null)} onDone={changed} />
      )}
    </section>
  );
}

/** What goes on first, then what comes, then what is over. */
function orderOf({ active, toAt }: ShownSilence): number {
  return active ? 0 : toAt === null ? 2 : 1;
}

function draftOf(silence: ShownSilence): SilenceDraft {
  const { matchers, kind, startsAt, durationSec, timeZone, recurrence, comment } = silence;
  return { matchers, kind, startsAt, durationSec, timeZone, recurrence, comment };
}

const STATES: readonly { readonly word: string; readonly icon: IconName; readonly tone: Tone }[] = [
  { word: "on", icon: "pause", tone: "warn" },
  { word: "to come", icon: "timer", tone: "quiet" },
  { word: "over", icon: "ok", tone: "quiet" },
];

interface SilenceProps {
  readonly silence: ShownSilence;
  readonly admin: boolean;
  readonly onEdit: () => void;
  readonly onDelete: () => void;
}

function Silence({ silence, admin, onEdit, onDelete }: SilenceProps): VNode {
  const { live, clock } = useApp();
  const { matchers, kind, comment, createdBy, createdAt, recurrence, timeZone, startsAt, durationSec } = silence;
  const state = STATES[orderOf(silence)] ?? { word: "over", icon: "ok", tone: "quiet" };
  const now = live.now.value;
  return (
    <li>
      <span class="state-word" data-tone={state.tone}>
        <Icon name={state.icon} />
        {state.word}
      </span>
      <div class="silence-text">
        <MatcherChips matchers={matchers} none="every alert" />
        <p>
          {windowText(silence, now, (at) => when(at, now, clock.value))}
          {recurrence === null ? null : (
            <span class="fine">
              {" "}
              · {recurrenceText(recurrence)} at {startsAt.slice(11, 16)} for {span(durationSec * 1000)}, {timeZone}
            </span>
          )}
        </p>
        <p class="fine">
          {kind === "maintenance" ? "Maintenance" : "Silence"} by {createdBy}, {when(createdAt, now, clock.value)}
          {comment === "" ? "" : `: ${comment}`}
        </p>
      </div>
      {admin ? (
        <div class="row-acts">
          <button type="button" class="button" onClick={onEdit}>
            Change<span class="sr-only"> {matchers.map(({ value }) => value).join(", ")}</span>
          </button>
          <button type="button" class="button" data-kind="danger" onClick={onDelete}>
            {silence.active ? "End" : "Delete"}
            <span class="sr-only"> {matchers.map(({ value }) => value).join(", ")}</span>
          </button>
        </div>
      ) : null}
    </li>
  );
}

function windowText({ active, fromAt, toAt }: ShownSilence, now: number, text: (at: number) => string): string {
  if (fromAt === null || toAt === null) return "No window is left.";
  if (active) return `Until ${text(toAt)}, for another ${span(toAt - now)}.`;
  return `From ${text(fromAt)} to ${text(toAt)}, in ${span(fromAt - now)}.`;
}

interface DeleteProps {
  readonly api: AlertsApi;
  readonly silence: ShownSilence;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function Delete({ api, silence, onClose, onDone }: DeleteProps): VNode {
  const saving = useSaving();
  const verb = silence.active ? "End" : "Delete";
  return (
    <Confirm
      title={`${verb} this ${silence.kind === "maintenance" ? "maintenance window" : "silence"}?`}
      action={verb}
      saving={saving}
      onClose={onClose}
      onConfirm={() => saving.run(() => api.deleteSilence(silence.id), "It does not hold any more", onDone)}
    >
      {silence.active ? "What still fires is told at once. " : ""}
      {silence.recurrence === null ? "" : "None of its windows comes any more."}
    </Confirm>
  );
}
