import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { span } from "../../format/quantity.ts";
import { useAsked } from "../history/use-asked.ts";
import { readStrip } from "./health-api.ts";
import { type HealthBar, worstOf } from "./health-strip.ts";
import { StateCard } from "./state-card.tsx";
import { Strip } from "./strip.tsx";
import { HEALTH_LOOKS, verdictOf } from "./verdict.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MINUTE_MS = 60_000;
/** As far back as the hub tells. */
const MOST_HOURS = 168;

/** How well things went in the time looked at, and the day around it. */
export function StateThen(): VNode | null {
  const { live } = useApp();
  const past = live.past.value;
  const minute = Math.floor(live.now.value / MINUTE_MS);
  const { fromAt = 0, toAt = 0 } = past ?? {};
  const hours = Math.min(MOST_HOURS, Math.max(24, Math.ceil((minute * MINUTE_MS - fromAt) / HOUR_MS) + 12));
  const { value } = useAsked(past === null ? null : `strip ${hours}`, (signal) => readStrip(hours, signal));
  const now = verdictOf(live.table("health").value, live.status.value.state).title;
  const slots = value?.slots ?? [];
  const within = slots.filter((slot) => slot.at < toAt && slot.at + (value?.slotMs ?? 0) > fromAt);
  const worst = worstOf(within);
  const [word, tone] = HEALTH_LOOKS[worst.state];
  const end = Math.min((minute + 1) * MINUTE_MS, Math.max(toAt, (fromAt + toAt) / 2 + DAY_MS / 2));
  const start = Math.min(fromAt, end - DAY_MS);
  if (past === null) return null;
  return (
    <StateCard
      tone={tone}
      title={value === null ? "Reading history" : worst.state === "unknown" ? "Health not known then" : `${word} then`}
      note="at its worst"
      text={
        <p>
          {value === null ? "" : wordsThen(worst, toAt - fromAt)} Now: {now.toLowerCase()}.
        </p>
      }
    >
      <div class="beat">
        {value === null ? null : <Strip slots={slots} fromAt={start} toAt={end} shown={{ fromAt, toAt }} />}
      </div>
    </StateCard>
  );
}

/** `Event loop on ws-3 184 ms, limit 100 ms, for 3 min.` */
function wordsThen(
  { state, degradedMs, unhealthyMs, reason }: Omit<HealthBar, "fromAt" | "toAt">,
  windowMs: number,
): string {
  if (state === "unknown") return "Health is told for the last seven days, where it was measured.";
  if (state === "healthy") return "Everything that was looked at was in range.";
  // Slots of minutes reach beyond the window.
  const lasted = span(Math.min(windowMs, degradedMs + unhealthyMs));
  return `${reason === "" ? "Out of range" : reason}, for ${lasted} in that time.`;
}
