import type { ComponentChildren, VNode } from "preact";
import { useId } from "preact/hooks";
import { Choice } from "./choice.tsx";
import "../style/form.css";

/** What the field itself has to have, so that its name, help and mistake are told with it. */
interface LabelledAttributes {
  readonly id: string;
  readonly "aria-describedby": string | undefined;
  readonly "aria-invalid": true | undefined;
}

interface LabelledProps {
  readonly label: string;
  readonly wide?: boolean;
  /** Small print under the field. */
  readonly help?: string | undefined;
  /** What is wrong with what the field says. */
  readonly mistake?: string | undefined;
  readonly children: (own: LabelledAttributes) => ComponentChildren;
}

/** A field under its name, with what is to be known of it and what is wrong with it. */
export function Labelled({ label, wide = false, help, mistake, children }: LabelledProps): VNode {
  const id = useId();
  const notes = [help === undefined ? "" : `${id}-help`, mistake === undefined ? "" : `${id}-mistake`];
  const describedBy = notes.filter((note) => note !== "").join(" ");
  return (
    <div class="labelled" data-wide={wide ? "" : undefined}>
      <label for={id}>{label}</label>
      {children({
        id,
        "aria-describedby": describedBy === "" ? undefined : describedBy,
        "aria-invalid": mistake === undefined ? undefined : true,
      })}
      {help === undefined ? null : (
        <small id={`${id}-help`} class="fine">
          {help}
        </small>
      )}
      {mistake === undefined ? null : (
        <small id={`${id}-mistake`} class="mistake">
          {mistake}
        </small>
      )}
    </div>
  );
}

interface FieldProps extends Omit<LabelledProps, "children"> {
  readonly value: string;
  readonly placeholder?: string;
  readonly required?: boolean;
  readonly onInput: (value: string) => void;
}

/** A line of text; `kind` for addresses and what nobody should read over a shoulder. */
export function TextField({
  value,
  placeholder = "",
  required = false,
  kind = "text",
  onInput,
  ...rest
}: FieldProps & { readonly kind?: "text" | "url" | "password" | "date" | "datetime-local" }): VNode {
  return (
    <Labelled {...rest}>
      {(own) => (
        <input
          {...own}
          class="field"
          // All of these take what is given here; the types of JSX can't tell.
          type={kind as "text"}
          spellcheck={false}
          autocomplete={kind === "password" ? "new-password" : "off"}
          placeholder={placeholder}
          required={required}
          value={value}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      )}
    </Labelled>
  );
}

/** A number, as text: what is half typed is nobody's business yet. */
export function NumberField({
  value,
  min,
  max,
  onInput,
  ...rest
}: FieldProps & { readonly min?: number; readonly max?: number }): VNode {
  return (
    <Labelled {...rest}>
      {(own) => (
        <input
          {...own}
          class="field"
          type="number"
          step="any"
          min={min}
          max={max}
          value={value}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      )}
    </Labelled>
  );
}

/** Several lines of text. */
export function AreaField({
  value,
  placeholder = "",
  onInput,
  rows = 3,
  ...rest
}: FieldProps & { readonly rows?: number }): VNode {
  return (
    <Labelled {...rest}>
      {(own) => (
        <textarea
          {...own}
          class="field"
          rows={rows}
          placeholder={placeholder}
          value={value}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      )}
    </Labelled>
  );
}

interface SelectFieldProps<T extends string> extends Omit<LabelledProps, "children"> {
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly onChange: (value: T) => void;
}

/** One of several. */
export function SelectField<T extends string>({ value, options, onChange, ...rest }: SelectFieldProps<T>): VNode {
  return (
    <Labelled {...rest}>{(own) => <Choice {...own} value={value} options={options} onChange={onChange} />}</Labelled>
  );
}

interface SwitchFieldProps {
  readonly label: string;
  readonly help?: string | undefined;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

/** On or off. */
export function SwitchField({ label, help, checked, onChange }: SwitchFieldProps): VNode {
  const id = useId();
  return (
    <div class="switch-field">
      <input
        id={id}
        class="switch"
        type="checkbox"
        role="switch"
        aria-checked={checked}
        checked={checked}
        aria-describedby={help === undefined ? undefined : `${id}-help`}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <label for={id}>{label}</label>
      {help === undefined ? null : (
        <small id={`${id}-help`} class="fine">
          {help}
        </small>
      )}
    </div>
  );
}
