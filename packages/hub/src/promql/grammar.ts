import { parser } from "@prometheus-io/lezer-promql";

/** A node of the concrete syntax tree, named as in the grammar of the Prometheus project. */
export interface GrammarNode {
  readonly name: string;
  /** Where its text begins and ends in the query, in UTF-16 units. */
  readonly from: number;
  readonly to: number;
  /** True for what does not belong there, or is missing. */
  readonly isError: boolean;
  readonly children: readonly GrammarNode[];
}

/**
 * Parses a query by the grammar of the Prometheus project. Never throws: what
 * is wrong becomes nodes with `isError`. The build puts the grammar itself
 * beside it, so that nobody has to install it.
 */
export function parseGrammar(text: string): GrammarNode {
  const cursor = parser.parse(text).cursor();
  const open: Draft[] = [];
  let root: Draft | null = null;
  for (;;) {
    const draft: Draft = {
      name: cursor.name,
      from: cursor.from,
      to: cursor.to,
      isError: cursor.type.isError,
      children: [],
    };
    root ??= draft;
    open.at(-1)?.children.push(draft);
    if (cursor.firstChild()) {
      open.push(draft);
      continue;
    }
    while (!cursor.nextSibling()) {
      if (!cursor.parent()) return root;
      open.pop();
    }
  }
}

type Draft = Omit<GrammarNode, "children"> & { readonly children: Draft[] };
