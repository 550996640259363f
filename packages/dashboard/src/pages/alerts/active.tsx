import type { AlertRow, AlertRule, AlertsTable } from "@wsight/protocol";
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { useHeldOrder } from "../../components/held-order.ts";
import { Icon } from "../../components/icon.tsx";
import type { IconName } from "../../components/icons.ts";
import type { Tone } from "../../components/tone.ts";
import { AlertItem } from "./alert-item.tsx";
import type { AlertsApi } from "./alerts-api.ts";
import { SparkPoints } from "./spark-points.ts";
import { listed, plural } from "./words.ts";

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
              />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

/** True when nobody is told of it, be it known or not wanted. */
export function isQuiet({ ack, snoozeUntil, suppressedBy }: AlertRow): boolean {
  return ack !== null || snoozeUntil !== null || suppressedBy.length > 0;
}

interface State {
  readonly tone: Tone;
  readonly icon: IconName;
  readonly title: string;
  readonly text: string;
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

/** How things stand, in words. */
export function summaryOf(table: AlertsTable | null, watched: number | null): State {
  if (table === null || table.state === "opening")
    return {
      tone: "quiet",
      icon: "waiting",
      title: "Asking the hub",
      text: "What is beyond its limits, and who knows.",
    };
  if (table.state === "off")
    return {
      tone: "quiet",
      icon: "info",
      title: "This hub keeps no alerts",
      text: "It was started without them, so nothing is watched for and nobody is told.",
    };
  const { critical, warning, pending } = table;
  const rules = watched === null ? "" : `${plural(watched, "rule")} ${watched === 1 ? "is" : "are"} watched. `;
  const waiting = pending === 0 ? "" : `${plural(pending, "alert")} may fire soon. `;
  if (critical + warning === 0)
    return {
      tone: "ok",
      icon: "ok",
      title: "Nothing fires",
      text: `${rules}${waiting}What goes beyond a limit for long enough is listed here, and told to your channels.`,
    };
  const counts = [critical === 0 ? "" : `${critical} critical`, warning === 0 ? "" : plural(warning, "warning")];
  const quiet = table.rows.filter((row) => row.status !== "pending" && isQuiet(row)).length;
  const known = quiet === 0 ? "" : `Nobody is told of ${quiet} of them. `;
  return {
    tone: critical > 0 ? "crit" : "warn",
    icon: critical > 0 ? "alert" : "warn",
    title: listed(counts.filter((text) => text !== "")),
    text: `${known}${waiting}${rules}`.trim(),
  };
}
