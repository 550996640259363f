import type { HelloFrame, NodeState } from "@wsight/protocol";
import type { CurrentView } from "../current-view.ts";

/** A process that reports, and where it runs. */
export interface ChosenNode {
  /** `service/instance`. */
  readonly node: string;
  readonly state: NodeState;
  readonly host: string;
  readonly hostInfo: HelloFrame["hostInfo"];
}

/** Says which process speaks for a host. */
export interface NodeChoice {
  /** The named one, `null` when it is not known; of `null`, a live one of the hub's machine, else the first live one. */
  choose(wanted: string | null): ChosenNode | null;
  /** Those that are not gone, in order of their names. */
  present(): readonly ChosenNode[];
}

/** Makes the choice. @param isLocal whether a node runs on the hub's machine */
export function createNodeChoice(current: Pick<CurrentView, "nodes">, isLocal: (node: string) => boolean): NodeChoice {
  const all = (): readonly ChosenNode[] =>
    current.nodes().map(({ node, state, hello: { host, hostInfo } }) => ({ node, state, host, hostInfo }));
  return {
    choose(wanted) {
      const nodes = all();
      if (wanted !== null) return nodes.find(({ node }) => node === wanted) ?? null;
      const live = nodes.filter(({ state }) => state === "live");
      return live.find(({ node }) => isLocal(node)) ?? live[0] ?? null;
    },
    present: () => all().filter(({ state }) => state !== "gone"),
  };
}
