import type { QueueRow } from "@wsight/protocol";
import type { VNode } from "preact";
import { Icon } from "../../components/icon.tsx";
import { etaShort, etaText } from "./eta.ts";
import { clearsOf } from "./queue-figures.ts";

/** Until those that wait have begun, or why nobody knows. */
export function Clears({ row }: { readonly row: QueueRow }): VNode {
  const clears = clearsOf(row);
  if (row.paused && row.waiting > 0) return <span title="Nothing begins while it is paused">paused</span>;
  if (row.waiting === 0) return <span class="unknown">empty</span>;
  if (row.workers === 0)
    return (
      <span class="state-word" data-tone="crit">
        <Icon name="alert" />
        no worker
      </span>
    );
  if (clears === null)
    return (
      <span class="unknown" title="Nobody was seen to take its jobs">
        unknown
      </span>
    );
  return <span title={etaText(clears)}>{etaShort(clears)}</span>;
}
