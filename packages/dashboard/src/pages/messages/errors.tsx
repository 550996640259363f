import type { ErrorsTable } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { Card } from "../../components/card.tsx";
import { type Emptiness, EmptyState } from "../../components/empty-state.tsx";
import { count, join, perMinute } from "../../format/quantity.ts";
import type { LiveState } from "../../state/index.ts";
import { pastRows, windowNote } from "../past-rows.ts";
import { explainEmpty, noneOf } from "../reporting.ts";
import { type ErrorGroup, groupErrors, sortTypes } from "./error-groups.ts";

const MOST_TYPES = 5;

/** Errors by type: how many a minute, and since the processes began. */
export function ErrorsByType(): VNode {
  const { live } = useApp();
  const past = pastRows(live, "errors");
  const errors = live.past.value === null ? live.table("errors").value : past && { byType: past.rows, recent: [] };
  const types = sortTypes(errors?.byType ?? []);
  const most = Math.max(...types.map(({ total }) => total), 1);
  const rest = types.slice(MOST_TYPES).reduce((sum, { total }) => sum + total, 0);
  return (
    <Card title="Errors by type" span={5} aside={<span class="card-note">{windowNote(live, "since start")}</span>}>
      {errors === null || types.length === 0 ? (
        <EmptyState {...explainNoErrors(live, errors)} />
      ) : (
        <div class="card-body">
          <ul class="tally">
            {types.slice(0, MOST_TYPES).map(({ type, total, perMinute: rate }) => (
              <li key={type}>
                <span class="mono truncate" title={type}>
                  {type}
                </span>
                <span>
                  {join(count(total))} <span class="fine">· {join(perMinute(rate))}</span>
                </span>
                <Bar share={total / most} tone="crit" />
              </li>
            ))}
          </ul>
          {rest === 0 ? null : <p class="fine">{join(count(rest))} more, of other types.</p>}
        </div>
      )}
    </Card>
  );
}

/** The newest errors, those that say the same together. */
export function RecentErrors(): VNode {
  const { live } = useApp();
  const errors = live.table("errors").value;
  const chosen = live.node.value;
  const recent = (errors?.recent ?? []).filter(({ node }) => chosen === null || node === chosen);
  const groups = groupErrors(recent);
  return (
    <Card
      title="Recent errors"
      liveOnly
      span={7}
      aside={<span class="card-note">{recent.length === 0 ? "" : `the newest ${recent.length}`}</span>}
    >
      {groups.length === 0 ? (
        <EmptyState {...explainNoRecent(live, errors)} />
      ) : (
        <ul class="error-groups">
          {groups.map((group) => (
            <li key={group.key}>
              <Group group={group} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Group({ group: { type, message, occurrences } }: { readonly group: ErrorGroup }): VNode {
  const { clock } = useApp();
  const [newest] = occurrences;
  const nodes = [...new Set(occurrences.map(({ node }) => node))];
  return (
    <details>
      <summary>
        <time>{clock.value.time(newest?.at ?? 0)}</time>
        <span class="chip mono">{type}</span>
        <span class="truncate">{message}</span>
        <b title={`${occurrences.length} of the newest errors say this`}>×{occurrences.length}</b>
      </summary>
      <p class="message">{message === "" ? "It had no message." : message}</p>
      <p class="fine">
        {nodes.length === 1 ? `On ${nodes[0]}: ` : ""}
        {occurrences
          .map(({ at, node }) => (nodes.length === 1 ? clock.value.time(at) : `${clock.value.time(at)} on ${node}`))
          .join(", ")}
      </p>
    </details>
  );
}

/** None among things that are watched is good news; none because nothing is watched is not. */
function explainNoErrors(live: LiveState, errors: ErrorsTable | null): Emptiness {
  if (errors === null || live.past.value !== null || noneOf(live) === null) return explainEmpty(live, "errors");
  return {
    icon: "ok",
    title: "No errors",
    why: "Errors of handlers, parsers and connections show up here by type, since the processes began.",
  };
}

function explainNoRecent(live: LiveState, errors: ErrorsTable | null): Emptiness {
  const none = explainNoErrors(live, errors);
  if (none.icon !== "ok" || errors === null || errors.recent.length === 0) return none;
  return { icon: "ok", title: "None on this node", why: "The newest errors were on other nodes." };
}
