import { ALERT_OPS, type AlertOp } from "@wsight/protocol";
import type { VNode } from "preact";
import { Labelled, SelectField } from "../../../components/fields.tsx";
import { isRange, type LimitDraft } from "./figure-draft.ts";
import { OP_WORDS } from "./rule-words.ts";

/** What comparisons are called in a list of them. */
const OP_CHOICES: Readonly<Record<AlertOp, string>> = { ...OP_WORDS, inside: "between", outside: "outside" };

interface OpFieldProps {
  readonly value: AlertOp;
  readonly mistake: string | undefined;
  readonly onChange: (op: AlertOp) => void;
}

/** How a value is compared. */
export function OpField({ value, mistake, onChange }: OpFieldProps): VNode {
  return (
    <SelectField
      label="Is"
      value={value}
      mistake={mistake}
      options={ALERT_OPS.map((op) => ({ value: op, label: OP_CHOICES[op] }))}
      onChange={onChange}
    />
  );
}

interface LimitFieldProps {
  readonly label: string;
  readonly op: AlertOp;
  readonly limit: LimitDraft;
  readonly placeholder?: string;
  readonly mistake: string | undefined;
  readonly onChange: (limit: LimitDraft) => void;
}

/** A limit, or both ends of a range. */
export function LimitField({ label, op, limit, placeholder = "", mistake, onChange }: LimitFieldProps): VNode {
  const end = (
    name: "low" | "high",
    id: string | undefined,
    describedBy: string | undefined,
    of: string | undefined,
  ) => (
    <input
      id={id}
      class="field"
      type="text"
      spellcheck={false}
      autocomplete="off"
      placeholder={placeholder}
      aria-label={of}
      aria-describedby={describedBy}
      aria-invalid={mistake === undefined ? undefined : true}
      value={limit[name]}
      onInput={(event) => onChange({ ...limit, [name]: event.currentTarget.value })}
    />
  );
  return (
    <Labelled label={label} mistake={mistake}>
      {({ id, "aria-describedby": describedBy }) =>
        isRange(op) ? (
          <span class="limit-ends">
            {end("low", id, describedBy, undefined)} to {end("high", undefined, describedBy, `${label}, upper end`)}
          </span>
        ) : (
          end("low", id, describedBy, undefined)
        )
      }
    </Labelled>
  );
}
