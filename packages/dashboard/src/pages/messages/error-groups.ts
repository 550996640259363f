import type { ErrorsTable } from "@wsight/protocol";

type RecentError = ErrorsTable["recent"][number];
type ErrorType = ErrorsTable["byType"][number];

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

/** Types of errors in the order of what there was since the processes began; of equals, the busier now first. */
export function sortTypes(types: readonly ErrorType[]): readonly ErrorType[] {
  return [...types].sort((a, b) => b.total - a.total || b.perMinute - a.perMinute);
}
