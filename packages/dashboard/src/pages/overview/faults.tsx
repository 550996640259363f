import type { CountRow, ErrorsTable } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { Card } from "../../components/card.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { count, join, perMinute } from "../../format/quantity.ts";
import { pastRows } from "../past-rows.ts";
import { explainEmpty } from "../reporting.ts";

const MOST_TYPES = 3;
const MOST_RECENT = 4;
const MOST_REASONS = 6;

/** Errors by type, and the newest of them. */
export function Errors(): VNode {
  const { live } = useApp();
  const away = live.past.value !== null;
  const past = pastRows(live, "errors");
  const errors = away ? past && { byType: past.rows, recent: [] } : live.table("errors").value;
  const total = errors?.byType.reduce((sum, row) => sum + row.total, 0) ?? null;
  return (
    <Card
      title="Errors"
      span={5}
      aside={
        <span class="card-note">
          {total === null ? "" : `${join(count(total))} ${away ? "in the window" : "since start"}`}
        </span>
      }
    >
      {errors === null || errors.byType.length === 0 ? (
        <EmptyState {...noErrors(errors !== null && !away, explainEmpty(live, "errors"))} />
      ) : (
        <ErrorLists errors={errors} />
      )}
    </Card>
  );
}

type Words = ReturnType<typeof explainEmpty>;

/** None among things that are watched is good news; none because nothing is watched is not. */
function noErrors(known: boolean, otherwise: Words): Words {
  if (!known || otherwise.snippet !== undefined) return otherwise;
  return {
    icon: "ok",
    title: "No errors",
    why: "Handler, parser and connection errors show up here, by type, with the newest messages.",
  };
}

function ErrorLists({ errors }: { readonly errors: ErrorsTable }): VNode {
  const { clock } = useApp();
  const types = [...errors.byType].sort((a, b) => b.perMinute - a.perMinute || b.total - a.total).slice(0, MOST_TYPES);
  const most = Math.max(...types.map(({ total }) => total), 1);
  return (
    <>
      <div class="card-body">
        <ul class="tally">
          {types.map(({ type, total, perMinute: rate }) => (
            <li key={type}>
              <span class="mono truncate">{type}</span>
              <span>
                {join(count(total))} <span class="fine">· {join(perMinute(rate))}</span>
              </span>
              <Bar share={total / most} tone="crit" />
            </li>
          ))}
        </ul>
      </div>
      {errors.recent.length === 0 ? null : (
        <ul class="recent" aria-label="Newest errors">
          {errors.recent.slice(0, MOST_RECENT).map((row) => (
            <li key={`${row.at} ${row.type} ${row.message}`}>
              <time>{clock.value.time(row.at)}</time>
              <span class="chip mono">{row.type}</span>
              <span class="truncate" title={`${row.message} (${row.node})`}>
                {row.message}
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** Why connections ended. */
export function CloseReasons(): VNode {
  const { live } = useApp();
  const past = pastRows(live, "closes");
  const rows = (live.past.value === null ? live.table("closes").value : past?.rows) ?? [];
  const most = Math.max(...rows.map((row) => row.count), 1);
  const total = past?.whole ?? rows.reduce((sum, row) => sum + row.count, 0);
  return (
    <Card
      title="Close reasons"
      span={3}
      aside={
        <span class="card-note">
          {rows.length === 0 ? "" : `${join(count(total))} ${live.past.value === null ? "closed" : "in the window"}`}
        </span>
      }
    >
      {rows.length === 0 ? (
        <EmptyState {...explainEmpty(live, "closes")} />
      ) : (
        <div class="card-body">
          <ul class="tally">
            {rows.slice(0, MOST_REASONS).map((row) => (
              <Reason key={row.key} row={row} most={most} />
            ))}
          </ul>
        </div>
      )}
    </Card>
  );
}

function Reason({ row, most }: { readonly row: CountRow; readonly most: number }): VNode {
  const [name, note] = nameReason(row.key);
  return (
    <li>
      <span class="truncate" title={note ?? row.key}>
        {name}
      </span>
      <span>{join(count(row.count))}</span>
      <Bar share={row.count / most} tone={note === undefined ? "ok" : "quiet"} />
    </li>
  );
}

/** Names of close codes (RFC 6455 and the IANA registry) that people know by number only. */
const CODES: Readonly<Record<string, string>> = {
  "1000": "normal closure",
  "1001": "going away",
  "1002": "protocol error",
  "1003": "unsupported data",
  "1005": "no status",
  "1006": "abnormal, no close frame",
  "1007": "invalid data",
  "1008": "policy violation",
  "1009": "message too big",
  "1011": "server error",
  "1012": "service restart",
  "1013": "try again later",
};

function nameReason(key: string): [string, string?] {
  const code = CODES[key];
  return code === undefined ? [key] : [`${key} ${code}`, code];
}
