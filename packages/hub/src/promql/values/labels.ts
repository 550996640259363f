import type { Labels } from "@wsight/protocol";
import type { LabelChoice } from "../expression.ts";

/** The label that holds the name of a metric. */
export const NAME = "__name__";

/** The value of a label; empty when it is not there. */
export function labelOf(labels: Labels, name: string): string {
  return Object.hasOwn(labels, name) ? (labels[name] ?? "") : "";
}

/** Text that two sets of labels have in common when they are equal, and which sorts them as Prometheus does. */
export function keyOfLabels(labels: Labels): string {
  return Object.keys(labels)
    .sort()
    .map((name) => `${name}\u0001${labels[name]}`)
    .join("\u0000");
}

/** Labels without some, the name of the metric among them. */
export function withoutLabels(labels: Labels, ...names: readonly string[]): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => name !== NAME && !names.includes(name)));
}

/** The labels that a choice keeps. */
export function chooseLabels(labels: Labels, { isWithout, labels: names }: LabelChoice): Labels {
  if (isWithout) return withoutLabels(labels, ...names);
  return Object.fromEntries(Object.entries(labels).filter(([name]) => names.includes(name)));
}

/** Labels as a person reads them: `{a="1", b="2"}`. */
export function showLabels(labels: Labels): string {
  const parts = Object.keys(labels)
    .filter((name) => name !== NAME)
    .sort()
    .map((name) => `${name}=${JSON.stringify(labels[name])}`);
  return `${labels[NAME] ?? ""}{${parts.join(", ")}}`;
}
