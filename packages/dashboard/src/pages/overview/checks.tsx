import type { Health, HealthCheck, HistoryResult } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Dialog } from "../../components/dialog.tsx";
import { Icon } from "../../components/icon.tsx";
import { join, span, UNKNOWN } from "../../format/quantity.ts";
import { formatOf } from "../history/units.ts";
import { HEALTH_LOOKS } from "./verdict.ts";

const WORST_FIRST = ["unhealthy", "degraded", "unknown", "healthy"] as const;
const ICONS = { healthy: "ok", degraded: "warn", unhealthy: "alert", unknown: "waiting" } as const;
const WORDS = { healthy: "in range", degraded: "degraded", unhealthy: "unhealthy", unknown: "not known" } as const;

interface ChecksProps {
  readonly health: Health;
  readonly onClose: () => void;
}

/** Everything that is looked at to tell how well the servers do. */
export function Checks({ health: { checks }, onClose }: ChecksProps): VNode {
  const rows = WORST_FIRST.flatMap((state) => checks.filter((check) => check.state === state));
  return (
    <Dialog title="Checks" class="checks" onClose={onClose}>
      <ul>
        {rows.map((check) => (
          <Check key={check.id} check={check} onClose={onClose} />
        ))}
      </ul>
      <p class="fine checks-note">The worst of these is what the badge says. Limits are those of the alert rules.</p>
    </Dialog>
  );
}

function Check({ check, onClose }: { readonly check: HealthCheck; readonly onClose: () => void }): VNode {
  const { live, route } = useApp();
  const { name, state, value, limit, unit, reason, since, ruleId } = check;
  const format = formatOf(unit as HistoryResult["unit"]);
  const figures = unit === "" || value === null ? "" : join(format(value));
  return (
    <li data-tone={HEALTH_LOOKS[state][1]}>
      <Icon name={ICONS[state]} />
      <b>
        {name} <span class="sr-only">{WORDS[state]}</span>
      </b>
      <span class="check-value">
        {figures === "" ? (state === "unknown" ? UNKNOWN.text : "") : figures}
        {limit === null || figures === "" ? null : <small> / {join(format(limit))}</small>}
      </span>
      <p>
        {reason}
        {since === null || state === "healthy" ? "" : ` · for ${span(live.now.value - since)}`}
        {ruleId === null ? null : (
          <>
            {" · "}
            <a href={route.hrefTo({ page: "alerts", params: { tab: "rules", rule: ruleId } })} onClick={onClose}>
              Rule<span class="sr-only"> of {name}</span>
            </a>
          </>
        )}
      </p>
    </li>
  );
}
