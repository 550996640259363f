import type { AlertRow, AlertsTable } from "@wsight/protocol";
import type { IconName } from "../../components/icons.ts";
import type { Tone } from "../../components/tone.ts";
import { listed, plural } from "./words.ts";

/** How things stand: shape, colour and words. */
export interface Standing {
  readonly tone: Tone;
  readonly icon: IconName;
  readonly title: string;
  readonly text: string;
}

/** True when nobody is told of it, be it known or not wanted. */
export function isQuiet({ ack, suppressedBy }: AlertRow): boolean {
  return ack !== null || suppressedBy.length > 0;
}

/** Until when an alert is snoozed, ms epoch; `null` for not, or not any more. */
export function snoozedUntil({ snoozeUntil }: Pick<AlertRow, "snoozeUntil">, now: number): number | null {
  return snoozeUntil !== null && snoozeUntil > now ? snoozeUntil : null;
}

/** How things stand, in words. */
export function summaryOf(table: AlertsTable | null, watched: number | null): Standing {
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
