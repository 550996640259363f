import { asList, asQueueName, type ErrorCode, expected, type WsightError } from "@wsight/protocol";
import type { Role } from "./principal.ts";

/** Most queues that one token may name. */
const MAX_QUEUES = 64;
/** Queues that a refusal names. */
const NAMED = 8;

/** Queues that whoever shows a token may tell of; `null`: every one. */
export type QueueScope = ReadonlySet<string> | null;

/** What one batch says, as far as it may be said. */
interface Divided<T> {
  readonly own: readonly T[];
  /** Why each of the others may not be told, with its place among `items`. */
  readonly foreign: readonly WsightError[];
}

/**
 * Reads the queues that a token, or the host's answer, names.
 * @throws WsightError with `code` for what is no list of 1 to 64 names of queues
 */
export function parseQueues(code: ErrorCode, where: string, value: unknown): readonly string[] {
  const names = asList(code, where, value, MAX_QUEUES).map((name, i) => asQueueName(code, `${where}[${i}]`, name));
  if (names.length === 0) throw expected(code, where, `1 to ${MAX_QUEUES} names of queues`, value);
  return names;
}

/**
 * The queues of a principal, to be spread into it: only role `probe` has any, and none are left out but by leaving
 * the field out.
 * @throws WsightError with `code`
 */
export function readQueues(
  code: ErrorCode,
  where: string,
  { role, queues }: { readonly role: Role; readonly queues: unknown },
): { readonly queues?: readonly string[] } {
  return role !== "probe" || queues === undefined ? {} : { queues: parseQueues(code, where, queues) };
}

/** What a principal may tell of. */
export function queueScope(queues: readonly string[] | undefined): QueueScope {
  return queues === undefined ? null : new Set(queues);
}

/** True when it may be told of the queue. */
export function speaksFor(scope: QueueScope, queue: string): boolean {
  return scope === null || scope.has(queue);
}

/**
 * Takes out what is of other queues.
 * @param what how a refusal names the list, e.g. `events`
 */
export function divideByQueue<T extends { readonly queue: string }>(
  scope: QueueScope,
  what: string,
  items: readonly T[],
): Divided<T> {
  if (scope === null) return { own: items, foreign: [] };
  const foreign: WsightError[] = [];
  const own = items.filter(({ queue }, i) => {
    if (scope.has(queue)) return true;
    foreign.push(foreignQueue(scope, `${what}[${i}].queue`, queue));
    return false;
  });
  return { own, foreign };
}

/** Says which queues the token names. */
export function foreignQueue(scope: ReadonlySet<string>, where: string, queue: unknown): WsightError {
  const names = [...scope].slice(0, NAMED).join(", ");
  const more = scope.size > NAMED ? ` and ${scope.size - NAMED} more` : "";
  return expected("FORBIDDEN", where, `one of ${names}${more}, as the token says`, queue);
}
