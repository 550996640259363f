import { type Finding, LOAD_LIBRARIES, type LoadLibrary, type TestTarget } from "@wsight/protocol";
import { isLoopback } from "../access/address.ts";
import type { CurrentView } from "../current-view.ts";

/** Own targets that are told. */
const MAX_TARGETS = 64;

/** What own targets are found by. */
export interface OwnTargetParts {
  readonly current: Pick<CurrentView, "table">;
  /** True for a process that proved to be of this machine and user. */
  readonly isLocal: (node: string) => boolean;
}

/** Servers that processes of this machine listen with, as those said; the first are of the busiest. */
export function ownTargets({ current, isLocal }: OwnTargetParts): readonly TestTarget[] {
  const found = new Map<string, { readonly url: string; readonly library: LoadLibrary; readonly nodes: string[] }>();
  // Under load a process may fall silent for a while; it is still there.
  const rows = current.table("nodes").filter(({ node, state }) => state !== "gone" && isLocal(node));
  const busiest = [...rows].sort((a, b) => (b.connections ?? 0) - (a.connections ?? 0));
  for (const { node, findings } of busiest) {
    for (const finding of findings) {
      const library = LOAD_LIBRARIES.find((known) => known === finding.library);
      if (library === undefined) continue;
      for (const url of loopbackUrls(finding)) {
        const key = `${library} ${url}`;
        const target = found.get(key) ?? { url, library, nodes: [] };
        if (!target.nodes.includes(node)) target.nodes.push(node);
        if (found.size < MAX_TARGETS) found.set(key, target);
      }
    }
  }
  return [...found.values()];
}

/** Whatever a process says, nothing beyond this machine is taken for its own. */
function loopbackUrls({ urls = [] }: Finding): readonly string[] {
  return urls.filter((text) => {
    const url = URL.canParse(text) ? new URL(text) : null;
    return url !== null && /^(wss?|https?):$/.test(url.protocol) && url.port !== "" && isLoopback(url.hostname);
  });
}
