import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { readLocal, writeLocal } from "./local-time.ts";
import { otherFrom, type Versus } from "./place.ts";
import { offsetOf } from "./time-axis.ts";
import type { Period } from "./use-place.ts";

interface VersusPickProps {
  readonly versus: Versus;
  readonly period: Period;
  readonly onPick: (versus: Versus) => void;
}

const CHOICES = [
  ["previous", "the same length before"],
  ["day", "a day earlier"],
  ["week", "a week earlier"],
] as const;

/** What the period is compared with. */
export function VersusPick({ versus, period, onPick }: VersusPickProps): VNode {
  const { preferences, clock } = useApp();
  const offset = offsetOf(preferences.timeZone.value);
  const at = otherFrom(versus, period.fromAt, period.toAt);
  const [text, setText] = useState(writeLocal(at, offset));
  useEffect(() => setText(writeLocal(at, offset)), [at, preferences.timeZone.value]);
  const own = typeof versus === "number";
  return (
    <span class="versus">
      <label>
        compared with{" "}
        <select
          class="field-select"
          value={own ? "own" : versus}
          onChange={({ currentTarget: { value } }) => {
            const named = CHOICES.find(([id]) => id === value)?.[0];
            onPick(named ?? at);
          }}
        >
          {CHOICES.map(([id, label]) => (
            <option key={id} value={id}>
              {label}
            </option>
          ))}
          <option value="own">a time of my own</option>
        </select>
      </label>
      {own ? (
        <label>
          <span class="sr-only">Beginning of B, {clock.value.zone}</span>
          <input
            class="field"
            type="datetime-local"
            step="1"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
            onBlur={() => {
              const chosen = readLocal(text, offset);
              if (!Number.isNaN(chosen) && chosen !== at) onPick(chosen);
            }}
          />
        </label>
      ) : null}
    </span>
  );
}
