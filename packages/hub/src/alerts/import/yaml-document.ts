import { isNode, LineCounter, parseDocument } from "yaml";

/** A YAML document that was read. */
export interface YamlDocument {
  /** Plain data: objects, arrays, texts, numbers. */
  readonly value: unknown;
  /** Line that a value begins at, from 1; `null` for a place where nothing is. */
  lineOf(path: readonly (string | number)[]): number | null;
}

/**
 * Reads one YAML document. The build puts the parser itself into the compiled file, so that nobody has to install it.
 * @throws Error saying what is wrong, and where
 */
export function parseYaml(text: string): YamlDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true, version: "1.2", schema: "core" });
  const [fault] = document.errors;
  if (fault !== undefined) throw new Error(fault.message.split("\n", 1)[0] ?? fault.code);
  return {
    // Few aliases are all that rule files need; many of them are a way to make little text into much data.
    value: document.toJS({ maxAliasCount: 100 }),
    lineOf(path) {
      const node = document.getIn(path, true);
      const [start] = (isNode(node) ? node.range : null) ?? [];
      return start === undefined ? null : lines.linePos(start).line;
    },
  };
}
