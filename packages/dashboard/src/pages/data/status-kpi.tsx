import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { duration, join, span } from "../../format/quantity.ts";
import { instanceOf, statusInView } from "../components.ts";
import { Kpi } from "../kpi.tsx";
import { toneOfState } from "../state-word.tsx";
import type { Source } from "../use-source.ts";

const ICONS = { ok: "ok", crit: "alert", warn: "warn", quiet: "waiting" } as const;

/** Whether what feeds the tab answers, the worst member in front. */
export function StatusKpi({ source, width }: { readonly source: Source; readonly width: "fifth" | "sixth" }): VNode {
  const { live } = useApp();
  const status = statusInView(live, source.kind, source.name);
  const { worst, state, since, latencySeconds, members, up } = status;
  const tone = toneOfState(status);
  const words = { up: "Up", down: "Down", unknown: "Unknown", absent: "Unknown" } as const;
  const where = worst !== null && members > 1 ? `${worst.name} on ${instanceOf(worst.node)}` : (worst?.name ?? "");
  return (
    <Kpi
      width={width}
      icon={ICONS[tone]}
      title="Status"
      liveOnly
      value={{ text: words[state], unit: members > 1 ? `${up} of ${members}` : "" }}
      tone={tone === "crit" || tone === "warn" ? tone : undefined}
      staleSince={source.stale}
      note={since === null ? "not asked yet" : `${state === "down" ? "down" : "for"} ${span(live.now.value - since)}`}
      foot={
        state === "down" ? (
          <span title={worst?.error ?? undefined}>
            {where}
            {worst?.error === null ? "" : `: ${worst?.error}`}
          </span>
        ) : latencySeconds === null ? (
          where
        ) : (
          <>
            ping <b>{join(duration(latencySeconds))}</b> {where}
          </>
        )
      }
    />
  );
}
