import type { ErrorsTable } from "@wsight/protocol";

type RecentError = ErrorsTable["recent"][number];

/** Errors of one type with one message. */
export interface ErrorGroup {
  readonly key: string;
  readonly type: string;
  readonly message: string;
  /** Newest first; never empty. */
  readonly occurrences: readonly { readonly at: number; readonly node: string }[];
}

/** Groups the newest errors by type and message, the group with the newest first. */
export function groupErrors(recent: readonly RecentError[]): readonly ErrorGroup[] {
  const groups = new Map<string, { type: string; message: string; occurrences: { at: number; node: string }[] }>();
  for (const { type, message, at, node } of [...recent].sort((a, b) => b.at - a.at)) {
    const key = JSON.stringify([type, message]);
    const group = groups.get(key) ?? { type, message, occurrences: [] };
    group.occurrences.push({ at, node });
    groups.set(key, group);
  }
  return [...groups].map(([key, group]) => ({ key, ...group }));
}
