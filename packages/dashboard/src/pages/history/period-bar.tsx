import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { Icon } from "../../components/icon.tsx";
import { readLocal, writeLocal } from "./local-time.ts";
import { PRESETS } from "./place.ts";
import { offsetOf } from "./time-axis.ts";
import type { PagePlace } from "./use-place.ts";

/** The longest time that is kept, ms. */
const LONGEST_MS = 400 * 86_400_000;

interface PeriodBarProps {
  readonly at: PagePlace;
  /** Processes that history knows. */
  readonly known: readonly string[];
}

/** Which time is looked at: up to now by one press, or from and to; and the steps to its neighbours. */
export function PeriodBar({ at, known }: PeriodBarProps): VNode {
  const { live, route } = useApp();
  const { period, fix } = at;
  const length = period.toAt - period.fromAt;
  const now = live.now.peek();
  return (
    <section class="card period-bar" aria-label="Period">
      <fieldset class="segmented" aria-label="Time up to now">
        {PRESETS.map(({ id, label }) => (
          <button
            key={id}
            type="button"
            aria-pressed={period.preset === id}
            aria-label={`Last ${label}`}
            onClick={() => at.follow(id)}
          >
            {label}
          </button>
        ))}
      </fieldset>
      <FromTo at={at} />
      <span class="period-steps">
        <Step label="Earlier" icon="newer" run={() => fix(period.fromAt - length / 2, period.toAt - length / 2)} />
        <Step
          label="Later"
          icon="older"
          disabled={period.preset !== null || period.toAt >= now - 1000}
          run={() => {
            const toAt = Math.min(now, period.toAt + length / 2);
            fix(toAt - length, toAt);
          }}
        />
        <button
          type="button"
          class="button"
          onClick={() => {
            const wide = Math.min(LONGEST_MS, length * 2);
            const toAt = Math.min(now, (period.fromAt + period.toAt + wide) / 2);
            fix(toAt - wide, toAt);
          }}
        >
          Zoom out
        </button>
        {period.preset === null ? null : (
          <button
            type="button"
            class="button"
            data-kind="square"
            aria-label="Ask again"
            title="Ask again"
            onClick={at.refresh}
          >
            <Icon name="retry" />
          </button>
        )}
      </span>
      <NodePick chosen={at.node} known={known} onPick={(node) => route.navigate({ node })} />
    </section>
  );
}

interface StepProps {
  readonly label: string;
  readonly icon: "newer" | "older";
  readonly disabled?: boolean;
  readonly run: () => void;
}

function Step({ label, icon, disabled = false, run }: StepProps): VNode {
  return (
    <button
      type="button"
      class="button"
      data-kind="square"
      aria-label={label}
      title={label}
      disabled={disabled}
      onClick={run}
    >
      <Icon name={icon} />
    </button>
  );
}

/** What stands in the fields while somebody is at them; a time that moves on does not move under their hands. */
interface Draft {
  readonly from: string;
  readonly to: string;
}

/** Two fields that say which time is shown, and set another one once both make sense. */
function FromTo({ at: { period, fix } }: { readonly at: PagePlace }): VNode {
  const { preferences, clock } = useApp();
  const offset = offsetOf(preferences.timeZone.value);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [changed, setChanged] = useState(false);
  const shown = { from: writeLocal(period.fromAt, offset), to: writeLocal(period.toAt, offset) };
  const { from, to } = draft ?? shown;
  const [fromAt, toAt] = [readLocal(from, offset), readLocal(to, offset)];
  const problem = changed ? problemOf(fromAt, toAt) : null;
  const leave = () => {
    setDraft(null);
    setChanged(false);
  };
  const apply = () => {
    if (problem !== null) return;
    if (changed) fix(fromAt, toAt);
    leave();
  };
  const field = (end: keyof Draft, label: string) => (
    <label>
      <span class="sr-only">
        {label}, {clock.value.zone}
      </span>
      <input
        class="field"
        type="datetime-local"
        step="1"
        value={draft?.[end] ?? shown[end]}
        aria-invalid={problem !== null}
        onInput={(event) => {
          setDraft({ from, to, [end]: event.currentTarget.value });
          setChanged(true);
        }}
      />
    </label>
  );
  return (
    <form
      class="from-to"
      onFocusIn={() => setDraft(draft ?? shown)}
      onFocusOut={({ currentTarget, relatedTarget }) => {
        if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) apply();
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") leave();
      }}
      onSubmit={(event) => {
        event.preventDefault();
        apply();
      }}
    >
      {field("from", "From")}
      <span class="medium-only" aria-hidden="true">
        –
      </span>
      {field("to", "To")}
      <span class="fine medium-only">{clock.value.zone}</span>
      <button type="submit" class="sr-only">
        Show this time
      </button>
      {problem === null ? null : (
        <span class="mistake" role="alert">
          {problem}
        </span>
      )}
    </form>
  );
}

function problemOf(fromAt: number, toAt: number): string | null {
  if (Number.isNaN(fromAt) || Number.isNaN(toAt)) return "Expected a date and a time in both.";
  if (toAt <= fromAt) return "Expected an end after the beginning.";
  return toAt - fromAt > LONGEST_MS ? "Expected at most 400 days." : null;
}

interface NodePickProps {
  readonly chosen: string | null;
  readonly known: readonly string[];
  readonly onPick: (node: string | null) => void;
}

function NodePick({ chosen, known, onPick }: NodePickProps): VNode {
  const { live } = useApp();
  const names = new Set([...(live.table("nodes").value ?? []).map(({ node }) => node), ...known]);
  if (chosen !== null) names.add(chosen);
  return (
    <label class="node-pick">
      <span class="sr-only">Node</span>
      <select
        class="field-select"
        value={chosen ?? ""}
        onChange={(event) => onPick(event.currentTarget.value === "" ? null : event.currentTarget.value)}
      >
        <option value="">All nodes</option>
        {[...names].sort().map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
