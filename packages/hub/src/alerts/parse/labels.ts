import { asText, expected, type Labels, MAX_LABEL_LENGTH } from "@wsight/protocol";
import type { Form, Read } from "./form.ts";
import { wanted } from "./reads.ts";

const CODE = "BAD_REQUEST";
const LABEL = /^(?!__)[A-Za-z_][\w.]{0,127}$/;
/** Longest value of a matcher: a pattern may name several values. */
const MAX_MATCHED = 1024;

/** Name of a label: letters, digits, `_` and `.`, not beginning with a digit or `__`. */
export const labelName: Read<string> = (where, value) => {
  if (typeof value !== "string" || !LABEL.test(value))
    throw expected(CODE, where, "a label: letters, digits, _ and . (no digit and no __ first), at most 128", value);
  return value;
};

/** What a label is compared with. */
export const labelValue: Read<string> = (where, value) => asText(CODE, where, value, MAX_MATCHED);

/** Reads labels and their values. @param problem says what is wrong with a name; `null` for nothing */
export function readLabels(
  form: Form,
  name: string,
  value: unknown,
  max: number,
  problem: (label: string) => string | null,
): Labels {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    form.fail(name, wanted("an object", value));
    return {};
  }
  const entries = Object.entries(value);
  if (entries.length > max) {
    form.fail(name, `expected at most ${max} labels, got ${entries.length}`);
    return {};
  }
  const labels: [string, string][] = [];
  for (const [label, one] of entries) {
    const place = `${name}.${label.slice(0, 60)}`;
    const fault = problem(label);
    if (fault !== null) form.fail(place, fault);
    else
      labels.push([label, form.check(place, one, (where, given) => asText(CODE, where, given, MAX_LABEL_LENGTH), "")]);
  }
  return Object.fromEntries(labels);
}
