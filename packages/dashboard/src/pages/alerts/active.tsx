import type { AlertRow, AlertRule, AlertsTable } from "@wsight/protocol";
import type { VNode } from "preact";
import { useMemo, useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { useHeldOrder } from "../../components/held-order.ts";
import { Icon } from "../../components/icon.tsx";
import { AlertDialogs, type AskedOfAlert } from "./alert-dialogs.tsx";
import { AlertItem, NOTHING } from "./alert-item.tsx";
import type { AlertsApi } from "./alerts-api.ts";
import { SparkPoints } from "./spark-points.ts";
import { isQuiet, summaryOf } from "./standing.ts";

interface ActiveProps {
  readonly api: AlertsApi;
  readonly table: AlertsTable | null;
  /** `null` while they are not known. */
  readonly rules: readonly AlertRule[] | null;
  readonly admin: boolean;
  readonly onOpen: (id: string) => void;
}

/** What is not in range, the worst first; what somebody knows of and what has not lasted long enough stand apart. */
export function Active({ api, table, rules, admin, onOpen }: ActiveProps): VNode {
  const points = useMemo(() => new SparkPoints(), []);
  points.follow(table?.rows ?? []);
  const [asked, setAsked] = useState<AskedOfAlert | null>(null);
  const ruleOf = (row: AlertRow) => rules?.find(({ id }) => id === row.ruleId) ?? null;
  const held = useHeldOrder(table?.rows ?? [], ({ fingerprint }) => fingerprint, "");
  const loud = held.rows.filter((row) => row.status !== "pending" && !isQuiet(row));
  const quiet = held.rows.filter((row) => row.status !== "pending" && isQuiet(row));
  const pending = held.rows.filter((row) => row.status === "pending");
  const parts = [
    { title: "Firing", note: "", rows: loud },
    { title: "Firing, and nobody is told", note: "acknowledged, snoozed, silenced or held", rows: quiet },
    { title: "Not for long enough yet", note: "beyond a limit; fires once it has lasted", rows: pending },
  ].filter(({ rows }) => rows.length > 0);
  return (
    <div class="alerts-active" {...held.handlers}>
      <Summary table={table} watched={rules?.filter(({ enabled }) => enabled).length ?? null} />
      {parts.map(({ title, note, rows }) => (
        <section key={title} class="alert-part" aria-label={title}>
          <h2>
            {title} <small>{rows.length}</small>
            {note === "" ? null : <span class="card-note"> · {note}</span>}
          </h2>
          <ul class="card alert-list">
            {rows.map((row) => (
              <AlertItem
                key={row.fingerprint}
                api={api}
                row={row}
                rule={ruleOf(row)}
                points={points}
                admin={admin}
                onOpen={onOpen}
                onAsk={setAsked}
              />
            ))}
          </ul>
        </section>
      ))}
      <AlertDialogs api={api} asked={asked} onClose={() => setAsked(null)} onActed={NOTHING} />
    </div>
  );
}

interface SummaryProps extends Pick<ActiveProps, "table"> {
  /** How many rules are looked at; `null` while that is not known. */
  readonly watched: number | null;
}

function Summary({ table, watched }: SummaryProps): VNode {
  const { route } = useApp();
  const { tone, icon, title, text } = summaryOf(table, watched);
  return (
    <section class="card state" data-tone={tone} aria-label="Summary">
      <span class="state-tile">
        <Icon name={icon} />
      </span>
      <div class="state-text">
        <h2>{title}</h2>
        <p>
          {text}{" "}
          <a class="text-link" href={route.hrefTo({ page: "alerts", params: { tab: "rules" } })}>
            Look at the rules
          </a>
        </p>
      </div>
    </section>
  );
}
