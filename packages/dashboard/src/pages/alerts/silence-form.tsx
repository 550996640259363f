import type { AlertMatcher, AlertRow, AlertSilence, Recurrence } from "@wsight/protocol";
import type { VNode } from "preact";
import { useId, useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { AreaField, Labelled, NumberField, SelectField, TextField } from "../../components/fields.tsx";
import { Segmented } from "../../components/segmented.tsx";
import type { AlertsApi, SilenceDraft } from "./alerts-api.ts";
import { FormDialog } from "./form-dialog.tsx";
import { Matchers } from "./matchers.tsx";
import { LENGTH_UNITS, lengthOf, parseMonthDays, recurring, secondsOf, silenceObstacle } from "./silence-draft.ts";
import { mistakeAt, type Saving, useSaving } from "./use-saving.ts";
import { DAYS_OF_WEEK, plural } from "./words.ts";

interface SilenceFormProps {
  readonly api: AlertsApi;
  /** Which one is changed; `null` for a new one. */
  readonly id: string | null;
  readonly draft: SilenceDraft;
  readonly onClose: () => void;
  readonly onSaved: () => void;
}

const KINDS: readonly { readonly value: AlertSilence["kind"]; readonly label: string; readonly title: string }[] = [
  { value: "silence", label: "Silence", title: "Because of something that goes on" },
  { value: "maintenance", label: "Maintenance", title: "Planned work" },
];

/** When nobody is told of what, once or again and again. */
export function SilenceForm({ api, id, draft: first, onClose, onSaved }: SilenceFormProps): VNode {
  const [draft, setDraft] = useState(first);
  const saving = useSaving();
  const change = (part: Partial<SilenceDraft>) => setDraft((before) => ({ ...before, ...part }));
  const noun = draft.kind === "maintenance" ? "maintenance window" : "silence";
  return (
    <FormDialog
      title={id === null ? `New ${noun}` : `Change ${noun}`}
      action="Save"
      saving={saving}
      obstacle={silenceObstacle(draft)}
      onClose={onClose}
      onSubmit={() => saving.run(() => api.saveSilence(id, draft), `The ${noun} was saved`, onSaved)}
    >
      <div class="labelled">
        What for
        <Segmented label="What for" options={KINDS} value={draft.kind} onChange={(kind) => change({ kind })} />
      </div>
      <Matchers
        legend={
          draft.kind === "maintenance"
            ? "Alerts that match all of these (none: every alert)"
            : "Alerts that match all of these"
        }
        matchers={draft.matchers}
        mistake={mistakeAt(saving.mistakes, "matchers")}
        onChange={(matchers) => change({ matchers })}
      />
      <Matching matchers={draft.matchers} />
      <Window draft={draft} saving={saving} change={change} />
      <Again draft={draft} saving={saving} change={change} />
      <AreaField
        label="Why"
        wide
        value={draft.comment}
        rows={2}
        mistake={mistakeAt(saving.mistakes, "comment")}
        onInput={(comment) => change({ comment })}
      />
    </FormDialog>
  );
}

/** How many of the alerts that go on now are meant, as far as that can be told here. */
function Matching({ matchers }: { readonly matchers: readonly AlertMatcher[] }): VNode | null {
  const { live } = useApp();
  const rows = live.table("alerts").value?.rows ?? [];
  // Patterns are the hub's own: they are not tried here.
  if (matchers.length === 0 || matchers.some(({ op, label }) => op.endsWith("~") || label === "")) return null;
  const count = rows.filter((row) => matchers.every((matcher) => matches(row, matcher))).length;
  return (
    <p class="fine">
      {count === 0
        ? "No alert of now matches."
        : `${plural(count, "alert")} of now ${count === 1 ? "matches" : "match"}.`}
    </p>
  );
}

function matches(row: AlertRow, { label, op, value }: AlertMatcher): boolean {
  const own: Readonly<Record<string, string>> = { ...row.labels, rule: row.ruleId, severity: row.severity };
  return ((own[label] ?? "") === value) === (op === "=");
}

interface PartProps {
  readonly draft: SilenceDraft;
  readonly saving: Saving;
  readonly change: (part: Partial<SilenceDraft>) => void;
}

function Window({ draft, saving, change }: PartProps): VNode {
  const [length, setLength] = useState(() => lengthOf(draft.durationSec));
  const zones = useId();
  const resize = (part: Partial<typeof length>) => {
    const next = { ...length, ...part };
    setLength(next);
    change({ durationSec: secondsOf(next) });
  };
  return (
    <div class="fields">
      <TextField
        label={draft.recurrence === null ? "Starts" : "Starts first"}
        kind="datetime-local"
        value={draft.startsAt}
        mistake={mistakeAt(saving.mistakes, "startsAt")}
        onInput={(startsAt) => change({ startsAt: startsAt.slice(0, 16) })}
      />
      <div class="pair">
        <NumberField
          label="Lasts"
          value={length.count}
          min={0}
          mistake={mistakeAt(saving.mistakes, "durationSec")}
          onInput={(count) => resize({ count })}
        />
        <SelectField label="Unit" value={length.unit} options={LENGTH_UNITS} onChange={(unit) => resize({ unit })} />
      </div>
      <Labelled label="Time zone" mistake={mistakeAt(saving.mistakes, "timeZone")}>
        {(own) => (
          <>
            <input
              {...own}
              class="field"
              type="text"
              list={zones}
              spellcheck={false}
              autocomplete="off"
              value={draft.timeZone}
              onInput={(event) => change({ timeZone: event.currentTarget.value })}
            />
            <datalist id={zones}>
              {["UTC", ...Intl.supportedValuesOf("timeZone")].map((zone) => (
                <option key={zone} value={zone} />
              ))}
            </datalist>
          </>
        )}
      </Labelled>
    </div>
  );
}

const AGAIN = [
  { value: "never", label: "Once" },
  { value: "day", label: "Daily" },
  { value: "week", label: "Weekly" },
  { value: "month", label: "Monthly" },
] as const;

function Again({ draft, saving, change }: PartProps): VNode {
  const { recurrence, startsAt } = draft;
  const [monthDays, setMonthDays] = useState(() => (recurrence?.every === "month" ? recurrence.days.join(", ") : ""));
  const set = (part: Partial<Recurrence>) => {
    if (recurrence !== null) change({ recurrence: { ...recurrence, ...part } });
  };
  return (
    <>
      <div class="labelled">
        How often
        <Segmented
          label="How often"
          options={AGAIN}
          value={recurrence?.every ?? "never"}
          onChange={(every) => {
            const next = recurring(every, startsAt);
            setMonthDays(next?.every === "month" ? next.days.join(", ") : "");
            change({ recurrence: next });
          }}
        />
      </div>
      {recurrence === null ? null : (
        <div class="fields">
          {recurrence.every === "week" ? (
            <WeekDays days={recurrence.days} onChange={(days) => set({ days })} />
          ) : recurrence.every === "month" ? (
            <TextField
              label="Days of the month (-1: the last)"
              value={monthDays}
              mistake={parseMonthDays(monthDays) === null ? "Numbers from 1 to 31, or -1" : undefined}
              onInput={(text) => {
                setMonthDays(text);
                const days = parseMonthDays(text);
                if (days !== null) set({ days });
              }}
            />
          ) : null}
          <TextField
            label="Not after (empty: for ever)"
            kind="date"
            value={recurrence.until ?? ""}
            onInput={(until) => set({ until: until === "" ? null : until })}
          />
        </div>
      )}
      <p class="mistake">{mistakeAt(saving.mistakes, "recurrence")}</p>
      {recurrence === null ? null : (
        <p class="fine">
          By the wall clock of {draft.timeZone || "the zone"}: it stays at the same hour when clocks are put forward or
          back, and each window lasts its whole length.
        </p>
      )}
    </>
  );
}

function WeekDays({
  days,
  onChange,
}: {
  readonly days: readonly number[];
  readonly onChange: (days: readonly number[]) => void;
}): VNode {
  return (
    <fieldset class="week-days">
      <legend>On</legend>
      {DAYS_OF_WEEK.map(({ day, name }) => (
        <label key={day} title={name}>
          <input
            type="checkbox"
            checked={days.includes(day)}
            aria-label={name}
            onChange={(event) =>
              onChange(event.currentTarget.checked ? [...days, day].sort() : days.filter((one) => one !== day))
            }
          />
          {name.slice(0, 2)}
        </label>
      ))}
    </fieldset>
  );
}
