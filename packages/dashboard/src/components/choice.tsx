import type { VNode } from "preact";

interface ChoiceProps<T extends string> {
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly onChange: (value: T) => void;
  /** Where a label stands beside it. */
  readonly id?: string;
  /** Where none does. */
  readonly "aria-label"?: string;
  readonly "aria-describedby"?: string | undefined;
  readonly "aria-invalid"?: true | undefined;
}

/** Options that are called what they are. */
export function optionsOf<T extends string>(values: readonly T[]): { readonly value: T; readonly label: T }[] {
  return values.map((value) => ({ value, label: value }));
}

/** One of several, of which only the chosen one is shown. */
export function Choice<T extends string>({ value, options, onChange, ...named }: ChoiceProps<T>): VNode {
  return (
    <select
      {...named}
      class="field-select"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value as T)}
    >
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}
