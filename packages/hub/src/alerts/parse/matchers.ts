import type { AlertMatcher } from "@wsight/protocol";
import { compileMatchers } from "../plan/matchers.ts";
import type { Form } from "./form.ts";
import { labelName, labelValue } from "./labels.ts";
import { oneOf } from "./reads.ts";

const OPERATORS: readonly AlertMatcher["op"][] = ["=", "!=", "=~", "!~"];
const NAMES = ["label", "op", "value"];
/** Most matchers of one list. */
const MAX_MATCHERS = 20;

/** Reads a list of matchers; a pattern that is none is found fault with. */
export function readMatchers(form: Form, name: string, value: unknown): readonly AlertMatcher[] {
  return form.list(name, value, MAX_MATCHERS, (place, item) => readMatcher(form.within(place, item, NAMES)));
}

function readMatcher(form: Form): AlertMatcher {
  const matcher: AlertMatcher = {
    label: form.required("label", labelName, ""),
    op: form.optional("op", oneOf(OPERATORS), "="),
    value: form.required("value", labelValue, ""),
  };
  return form.check(
    "value",
    matcher,
    () => {
      compileMatchers([matcher]);
      return matcher;
    },
    matcher,
  );
}
