import type { HistorySelector } from "@wsight/protocol";

/** The same figure of the node that the whole page looks at, unless it names its own. */
export function onNode(figure: HistorySelector, node: string | null): HistorySelector {
  return node === null || figure.nodes !== undefined ? figure : { ...figure, nodes: [node] };
}

/** An answer as if the page's node had not been named: what holds for the whole page is not said of each figure. */
export function offNode<
  Result extends { readonly selector: HistorySelector },
  Answer extends { readonly results: readonly Result[] },
>(answer: Answer, node: string | null): Answer {
  const results = answer.results.map((result) => {
    const { nodes, ...figure } = result.selector;
    return nodes?.join() === node ? { ...result, selector: figure } : result;
  });
  return { ...answer, results };
}
