import { CST, isNode, isScalar, Lexer, LineCounter, parseDocument, visit } from "yaml";

/** Deepest nesting of brackets, most nested lists begun on one line, and deepest indentation. */
const MAX_BRACKETS = 50;
const MAX_LISTS_ON_A_LINE = 20;
const MAX_INDENT = 200;
/** Most words, signs and line ends, and most aliases: what takes longer with each of them. */
const MAX_LEXEMES = 40_000;
const MAX_ALIASES = 100;

/** A YAML document that was read. */
export interface YamlDocument {
  /** Plain data: objects, arrays, texts, numbers. */
  readonly value: unknown;
  /** Line that a value begins at, from 1; `null` for a place where nothing is. */
  lineOf(path: readonly (string | number)[]): number | null;
}

/**
 * Reads one YAML document. The build puts the parser itself beside it, so that nobody has to install it.
 * @throws Error saying what is wrong, and where
 */
export function parseYaml(text: string): YamlDocument {
  checkEffort(text);
  const lines = new LineCounter();
  // Its own check compares each key of a map with all others.
  const document = parseDocument(text, { lineCounter: lines, version: "1.2", schema: "core", uniqueKeys: false });
  const [fault] = document.errors;
  if (fault !== undefined) throw new Error(fault.message.split("\n", 1)[0] ?? fault.code);
  visit(document, {
    Map(_, { items }) {
      const keys = new Set<unknown>();
      for (const { key } of items) {
        const name = isScalar(key) ? key.value : key;
        if (keys.has(name))
          throw new Error(`the key ${String(name)} is there twice, again at line ${lineOf(key, lines)}`);
        keys.add(name);
      }
    },
  });
  return {
    value: document.toJS({ maxAliasCount: MAX_ALIASES }),
    lineOf: (path) => lineOf(document.getIn(path, true), lines),
  };
}

function lineOf(node: unknown, lines: LineCounter): number | null {
  const [start] = (isNode(node) ? node.range : null) ?? [];
  return start === undefined ? null : lines.linePos(start).line;
}

/**
 * Refuses what is nested too deeply or would take long before it is parsed: the parser calls itself for each level,
 * and where the stack ends within a regular expression the whole process ends. The lexer does not.
 */
function checkEffort(text: string): void {
  let brackets = 0;
  let lists = 0;
  let aliases = 0;
  let count = 0;
  let isLineStart = true;
  for (const lexeme of new Lexer().lex(text)) {
    const type = CST.tokenType(lexeme);
    if (type === "newline") lists = 0;
    else if (type === "flow-seq-start" || type === "flow-map-start") brackets++;
    else if (type === "flow-seq-end" || type === "flow-map-end") brackets = Math.max(0, brackets - 1);
    else if (type === "seq-item-ind" || type === "explicit-key-ind") lists++;
    else if (type === "alias" || type === "anchor") aliases++;
    const indent = isLineStart && type === "space" ? lexeme.length : 0;
    if (brackets > MAX_BRACKETS || lists > MAX_LISTS_ON_A_LINE || indent > MAX_INDENT)
      throw new Error("it is nested too deeply");
    if (aliases > MAX_ALIASES) throw new Error(`expected at most ${MAX_ALIASES} aliases and anchors`);
    if (++count > MAX_LEXEMES) throw new Error("it is too long: import it in parts");
    isLineStart = type === "newline";
  }
}
