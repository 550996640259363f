import { ALERT_SEVERITIES, type BurnRate, type BurnWindow, findIndicator } from "@wsight/protocol";
import type { Form } from "./form.ts";
import { number, oneOf, wanted, whole } from "./reads.ts";

const WINDOW_NAMES = ["longSec", "shortSec", "factor", "severity"];
const MAX_WINDOWS = 6;
const SHORTEST_SEC = 10;
const LONGEST_SEC = 2_592_000;

/** Reads a burn rate of a ratio indicator. */
export function readBurnRate(form: Form, metric: string): BurnRate {
  if (metric !== "" && findIndicator(metric)?.kind !== "ratio")
    form.fail("metric", wanted("an indicator that is a ratio, for a burn rate", metric));
  const at = form.within("burnRate", form.raw("burnRate"), ["objective", "windows"]);
  const objective = at.required("objective", share, 0.99);
  const windows = at.list("windows", at.raw("windows"), MAX_WINDOWS, (name, item) =>
    readWindow(at.within(name, item, WINDOW_NAMES), objective),
  );
  if (windows.length === 0) at.fail("windows", "expected at least one pair of windows");
  return { objective, windows };
}

function readWindow(form: Form, objective: number): BurnWindow {
  const seconds = whole(SHORTEST_SEC, LONGEST_SEC);
  const window = {
    longSec: form.required("longSec", seconds, LONGEST_SEC),
    shortSec: form.required("shortSec", seconds, SHORTEST_SEC),
    factor: form.required("factor", number(Number.MIN_VALUE, 1e6), 1),
    severity: form.required("severity", oneOf(ALERT_SEVERITIES), "warning"),
  };
  if (window.shortSec >= window.longSec)
    form.fail("shortSec", wanted(`less than longSec (${window.longSec})`, window.shortSec));
  // All events bad is as fast as a budget can go.
  const fastest = Number((1 / (1 - objective)).toPrecision(6));
  if (window.factor >= fastest)
    form.fail("factor", wanted(`less than ${fastest}: nothing can burn faster`, window.factor));
  return window;
}

function share(where: string, value: unknown): number {
  const given = number(0, 1)(where, value);
  if (given <= 0 || given >= 1) throw new Error(wanted("a share above 0 and below 1, e.g. 0.99", given));
  return given;
}
