import type { AlertInhibition } from "@wsight/protocol";
import { Form } from "./form.ts";
import { labelName } from "./labels.ts";
import { readMatchers } from "./matchers.ts";

const NAMES = ["source", "target", "equal"];
const MAX_INHIBITIONS = 100;
const MAX_EQUAL = 10;

/**
 * Parses inhibitions that came from outside: a list, or an object with the list as `inhibitions`.
 * @throws WsightError `BAD_REQUEST`, naming every field that is not right
 */
export function parseInhibitions(value: unknown): readonly AlertInhibition[] {
  const form = Form.open("inhibitions", Array.isArray(value) ? { inhibitions: value } : value, ["inhibitions"]);
  const inhibitions = form.list("inhibitions", form.raw("inhibitions"), MAX_INHIBITIONS, (name, item) =>
    readInhibition(form.within(name, item, NAMES)),
  );
  form.finish("inhibitions");
  return inhibitions;
}

function readInhibition(form: Form): AlertInhibition {
  return {
    source: someMatchers(form, "source"),
    target: someMatchers(form, "target"),
    equal: form.list("equal", form.raw("equal") ?? [], MAX_EQUAL, (name, label) =>
      form.check(name, label, labelName, ""),
    ),
  };
}

function someMatchers(form: Form, name: string): AlertInhibition["source"] {
  const matchers = readMatchers(form, name, form.raw(name));
  if (matchers.length === 0) form.fail(name, "expected at least one matcher");
  return matchers;
}
