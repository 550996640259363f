import type { AlertRule } from "@wsight/protocol";
import type { VNode } from "preact";
import { SelectField } from "../../../components/fields.tsx";
import { Icon } from "../../../components/icon.tsx";
import type { KnownSeries } from "../../history/series-known.ts";
import type { ExpressionDraft } from "./expression-draft.ts";
import { FigureFields } from "./figure-fields.tsx";
import { LimitField, OpField } from "./limit-fields.tsx";
import { newDraft } from "./rule-draft.ts";

interface ExpressionFieldsProps {
  readonly expression: ExpressionDraft;
  /** Of the hub's name of this part. */
  readonly path: string;
  readonly rules: readonly AlertRule[];
  readonly known: KnownSeries | null;
  readonly mistakes: Readonly<Record<string, string>>;
  readonly onChange: (expression: ExpressionDraft) => void;
  /** Takes this part away; left out for the whole. */
  readonly onRemove?: () => void;
}

/** The hub takes no deeper ones. */
const DEEPEST = 5;

/** One part of when a composite rule breaches, and its parts. */
export function ExpressionFields(props: ExpressionFieldsProps): VNode {
  const { expression, path, mistakes, onRemove } = props;
  const mistake = mistakes[path];
  return (
    <fieldset class="expression">
      <legend class="sr-only">{nameOf(expression)}</legend>
      {onRemove === undefined ? null : (
        <button
          type="button"
          class="button"
          data-kind="bare"
          aria-label={`Remove: ${nameOf(expression)}`}
          onClick={onRemove}
        >
          <Icon name="close" />
        </button>
      )}
      <Part {...props} />
      {mistake === undefined ? null : <p class="mistake">{mistake}</p>}
    </fieldset>
  );
}

function nameOf({ type }: ExpressionDraft): string {
  return { when: "a figure", rule: "another rule", all: "all of", any: "any of", not: "not" }[type];
}

function Part(props: ExpressionFieldsProps): VNode {
  const { expression, path, rules, known, mistakes, onChange } = props;
  switch (expression.type) {
    case "when":
      return (
        <>
          <FigureFields
            figure={expression.figure}
            known={known}
            mistakes={mistakes}
            path={`${path}.when.`}
            onChange={(figure) => onChange({ ...expression, figure })}
          />
          <div class="fields">
            <OpField
              value={expression.op}
              mistake={mistakes[`${path}.when.op`]}
              onChange={(op) => onChange({ ...expression, op })}
            />
            <LimitField
              label="Limit"
              op={expression.op}
              limit={expression.limit}
              mistake={mistakes[`${path}.when.limit`]}
              onChange={(limit) => onChange({ ...expression, limit })}
            />
          </div>
        </>
      );
    case "rule":
      return (
        <SelectField
          label="While this rule fires"
          value={expression.rule}
          mistake={mistakes[`${path}.rule`]}
          options={[{ value: "", label: "choose" }, ...rules.map(({ id, name }) => ({ value: id, label: name }))]}
          onChange={(rule) => onChange({ type: "rule", rule })}
        />
      );
    case "not":
      return (
        <>
          <p class="fine">Not</p>
          <ExpressionFields
            {...props}
            expression={expression.part}
            path={`${path}.not`}
            onChange={(part) => onChange({ type: "not", part })}
          />
        </>
      );
    default:
      return <Group {...props} expression={expression} />;
  }
}

type GroupProps = ExpressionFieldsProps & {
  readonly expression: Extract<ExpressionDraft, { readonly type: "all" | "any" }>;
};

function Group(props: GroupProps): VNode {
  const { expression, path, onChange } = props;
  const { type, parts } = expression;
  const add = (part: ExpressionDraft) => onChange({ type, parts: [...parts, part] });
  const deep = path.split(".").length >= DEEPEST - 1;
  const { figure, op, warn: limit } = newDraft();
  return (
    <>
      <SelectField
        label="Breaches when"
        value={type}
        options={[
          { value: "all", label: "all of these are true" },
          { value: "any", label: "any of these is true" },
        ]}
        onChange={(chosen) => onChange({ type: chosen, parts })}
      />
      {parts.map((part, index) => (
        <ExpressionFields
          key={index}
          {...props}
          expression={part}
          path={`${path}.${type}[${index}]`}
          onChange={(changed) =>
            onChange({ type, parts: parts.map((other, place) => (place === index ? changed : other)) })
          }
          onRemove={() => onChange({ type, parts: parts.filter((_, place) => place !== index) })}
        />
      ))}
      <div class="fields">
        <Add label="Figure" onAdd={() => add({ type: "when", figure, op, limit })} />
        <Add label="Other rule" onAdd={() => add({ type: "rule", rule: "" })} />
        {deep ? null : (
          <>
            <Add label="Group" onAdd={() => add({ type: type === "all" ? "any" : "all", parts: [] })} />
            <Add label="Not" onAdd={() => add({ type: "not", part: { type: "when", figure, op, limit } })} />
          </>
        )}
      </div>
    </>
  );
}

function Add({ label, onAdd }: { readonly label: string; readonly onAdd: () => void }): VNode {
  return (
    <button type="button" class="button" onClick={onAdd}>
      <Icon name="plus" />
      {label}
    </button>
  );
}
