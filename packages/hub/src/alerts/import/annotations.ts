import { MAX_TEMPLATE } from "../words/template.ts";

/** A text of a rule as a template of ours. */
export interface ImportedText {
  readonly text: string;
  /** What could not be kept; `null` for nothing. */
  readonly note: string | null;
}

const LABEL = /^(?:\$labels|\.Labels)\.(\w+)$/;
const VALUE =
  /^(?:\$value|\.Value)(?:\s*\|\s*(?:humanize\w*|printf\s+"[^"]*"))?$|^(?:printf\s+"[^"]*"|humanize\w*)\s+(?:\$value|\.Value)$/;

/**
 * Turns a template of Prometheus into one of ours: labels and the value, which is always told with its unit here.
 * Anything else in it leaves the usual text in its place.
 * @param attributes names of the labels here that a label there may stand for
 */
export function importText(text: string, attributes: readonly string[]): ImportedText {
  const refused: string[] = [];
  const written = text.slice(0, MAX_TEMPLATE).replaceAll(/\{\{-?([\s\S]{0,200}?)-?\}\}/g, (whole, inner: string) => {
    const expression = inner.trim();
    const [, label] = LABEL.exec(expression) ?? [];
    if (label !== undefined)
      return `{{labels.${attributes.find((one) => one.replaceAll(".", "_") === label) ?? label}}}`;
    if (VALUE.test(expression)) return "{{value}}";
    refused.push(whole);
    return "";
  });
  if (refused.length > 0) return { text: "", note: `${refused[0]} is not supported; the usual text is told instead` };
  return { text: written.trim(), note: null };
}
