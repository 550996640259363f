import type { NodeRow } from "@wsight/protocol";

/** What is watched, in a word: the service, or how many there are. */
export function serviceName(nodes: readonly NodeRow[] | null): string {
  const names = [...new Set(nodes?.map(({ service }) => service))];
  return names.length === 0 ? "No service yet" : names.length === 1 ? String(names[0]) : `${names.length} services`;
}
