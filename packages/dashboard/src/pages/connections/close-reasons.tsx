import type { CountRow } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { Card } from "../../components/card.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { Icon } from "../../components/icon.tsx";
import { count, join, share } from "../../format/quantity.ts";
import { pastRows, windowNote } from "../past-rows.ts";
import { explainEmpty } from "../reporting.ts";
import { explainClose } from "./close-words.ts";

const MOST_REASONS = 6;

/** Why connections ended, in words. */
export function CloseReasons(): VNode {
  const { live } = useApp();
  const past = pastRows(live, "closes");
  const rows = (live.past.value === null ? live.table("closes").value : past?.rows) ?? [];
  const total = past?.whole ?? rows.reduce((sum, row) => sum + row.count, 0);
  const more = Math.max(0, rows.length - MOST_REASONS) + (past?.leftOut ?? 0);
  return (
    <Card
      title="Close reasons"
      span={4}
      aside={
        <span class="card-note truncate">
          {rows.length === 0 ? "" : `${join(count(total))} ${windowNote(live, "since start")}`}
        </span>
      }
    >
      {rows.length === 0 ? (
        <EmptyState {...explainEmpty(live, "closes")} />
      ) : (
        <div class="card-body">
          <ul class="tally">
            {rows.slice(0, MOST_REASONS).map((row) => (
              <Reason key={row.key} row={row} total={total} />
            ))}
          </ul>
          {more > 0 ? <p class="fine">And {more} rarer reasons.</p> : null}
        </div>
      )}
    </Card>
  );
}

function Reason({ row, total }: { readonly row: CountRow; readonly total: number }): VNode {
  const { name, meaning, kind } = explainClose(row.key);
  return (
    <li>
      <span class="reason">
        {kind === "fault" ? <Icon name="warn" /> : null}
        <span class="truncate">{name}</span>
        {kind === "fault" ? <span class="sr-only">(a fault)</span> : null}
      </span>
      <span>
        {join(share(row.count / total))} <span class="fine">· {join(count(row.count))}</span>
      </span>
      <Bar share={row.count / total} tone={kind === "fault" ? "warn" : "ok"} />
      {meaning === "" ? null : <span class="fine reason-words">{meaning}</span>}
    </li>
  );
}
