import type { AlertRow, HistoryEvent } from "@wsight/protocol";
import type { AlertHappening } from "./alerts.ts";

/** Longest text of an event, in characters. */
const MAX_TEXT = 200;
/** Labels of the alert that an event carries. */
const MAX_LABELS = 4;

/** What of alerts is kept as events of history, so that it can be seen beside what was measured; `null` for what is not. */
export function toHistoryEvent(happening: AlertHappening): HistoryEvent | null {
  const { alert } = happening;
  const { labels, summary, episodeId, firedAt, fingerprint, evaluatedAt } = alert;
  const common = { node: labels.node ?? null, subject: episodeId ?? fingerprint, text: summary.slice(0, MAX_TEXT) };
  if (happening.type === "fired")
    return { ...common, at: firedAt ?? evaluatedAt, kind: "alert.fired", attributes: factsOf(alert) };
  if (happening.type !== "resolved") return null;
  const { endedAt, reason } = happening;
  const lasted = firedAt === null ? {} : { firedAt, durationMs: Math.max(0, endedAt - firedAt) };
  return { ...common, at: endedAt, kind: "alert.resolved", attributes: { ...factsOf(alert), reason, ...lasted } };
}

function factsOf({ ruleId, name, severity, metric, value, peak, labels }: AlertRow): HistoryEvent["attributes"] {
  const others = Object.entries(labels).filter(([label]) => label !== "node");
  return {
    rule: ruleId,
    name,
    severity,
    metric,
    ...(value === null ? {} : { value }),
    ...(peak === null ? {} : { peak }),
    ...Object.fromEntries(
      others.slice(0, MAX_LABELS).map(([label, text]) => [`label.${label}`, text.slice(0, MAX_TEXT)]),
    ),
  };
}
