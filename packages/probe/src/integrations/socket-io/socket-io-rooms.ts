import type { CountRow } from "@wsight/protocol";
import type { ProbeContext } from "../../integration.ts";
import { type KeyCounts, spreadOut } from "../../names.ts";
import type { Namespace } from "./socket-io-like.ts";

/** Rooms looked at between two looks at the clock. */
const STRIDE = 256;
/** Longest that one look at all rooms may take, ms; what was not reached by then is left out. */
const BUDGET_MS = 3;
/** Longest room name kept. */
const MAX_NAME = 128;

/** The rooms with the most members, of those that are not one socket's own. */
export function topRooms(namespaces: Iterable<Namespace>, limit: number, context: ProbeContext): KeyCounts {
  const until = context.hr() + BUDGET_MS;
  const rows: CountRow[] = [];
  const spread: number[] = [];
  let total = 0;
  let seen = 0;
  let late = false;
  for (const { name, adapter } of namespaces) {
    total += Math.max(0, adapter.rooms.size - adapter.sids.size);
    if (late) continue;
    for (const [room, members] of adapter.rooms) {
      if (++seen % STRIDE === 0 && context.hr() > until) {
        late = true;
        break;
      }
      if (adapter.sids.has(room)) continue;
      spreadOut(spread, members.size);
      keep(rows, limit, name, room, members.size);
    }
  }
  return { total, spread, rows: rows.map(({ key, count }) => ({ key: context.redact(key), count })) };
}

/** Keeps the largest, in order. */
function keep(rows: CountRow[], limit: number, namespace: string, room: unknown, count: number): void {
  if (rows.length === limit && count <= (rows[limit - 1] as CountRow).count) return;
  const key = (namespace === "/" ? String(room) : `${namespace} ${String(room)}`).slice(0, MAX_NAME);
  let at = rows.length;
  while (at > 0 && (rows[at - 1] as CountRow).count < count) at--;
  rows.splice(at, 0, { key, count });
  if (rows.length > limit) rows.pop();
}
