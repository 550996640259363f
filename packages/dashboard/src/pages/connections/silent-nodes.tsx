import type { VNode } from "preact";
import { Icon } from "../../components/icon.tsx";
import type { NodeAnswer } from "./hub-api.ts";

/** Who did not answer, so that its connections are not in the list. */
export function SilentNodes({ nodes }: { readonly nodes: readonly NodeAnswer[] }): VNode | null {
  const silent = nodes.filter((node) => node.error !== null);
  if (silent.length === 0) return null;
  return (
    <p class="chip" data-tone="warn" title={silent.map(({ node, error: why }) => `${node}: ${why}`).join("\n")}>
      <Icon name="stale" />
      {silent.length === 1 ? `${silent[0]?.node} did not answer; its` : `${silent.length} nodes did not answer; their`}{" "}
      connections are missing
    </p>
  );
}
