import type { NodeRow } from "@wsight/protocol";

const LIBRARY_NAMES: Readonly<Record<string, string>> = { "socket.io": "Socket.IO" };

/** What is watched: `Socket.IO 4.8.4 (2 namespaces), ws 8.23.0`. */
export function describeFindings(nodes: readonly NodeRow[]): string {
  const seen = new Map<string, string>();
  for (const { findings } of nodes) {
    for (const { library, version, notes, state } of findings) {
      const name = `${LIBRARY_NAMES[library] ?? library}${version === null ? "" : ` ${version}`}`;
      const note = state === "partial" ? "partly watched" : notes.find((text) => /^\d+ /.test(text));
      seen.set(name, note === undefined ? name : `${name} (${note})`);
    }
  }
  return [...seen.values()].join(", ");
}
