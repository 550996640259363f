import type { ComponentChildren, VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { lazy } from "../../components/lazy.tsx";
import { span } from "../../format/quantity.ts";
import { StateCard } from "./state-card.tsx";
import { type Verdict, verdictOf } from "./verdict.ts";

const MOST_REASONS = 3;

/** What can wait until the first figures are there, and until a hub that went away is back. */
const StateMore = lazy(async () => (await import("./state-more.tsx")).StateMore, "aside");
const HealthStrip = lazy(async () => (await import("./state-more.tsx")).LiveStrip, "aside");
const StateThen = lazy(async () => (await import("./state-then.tsx")).StateThen);

/** How well what is watched does: the worst of the hub's checks, why, and since when. */
export function StatusCard(): VNode {
  const { live } = useApp();
  if (live.past.value !== null) return <StateThen />;
  const verdict = verdictOf(live.table("health").value, live.status.value.state);
  const begun = live.table("nodes").value !== null;
  return (
    <StateCard
      tone={verdict.tone}
      title={verdict.title}
      note={<Since verdict={verdict} />}
      text={
        <>
          <Reasons verdict={verdict} />
          {begun ? <StateMore /> : null}
        </>
      }
    >
      <div class="beat">{begun ? <HealthStrip /> : null}</div>
    </StateCard>
  );
}

function Since({ verdict: { since, rest, failing } }: { readonly verdict: Verdict }): ComponentChildren {
  const { live, clock } = useApp();
  if (failing.length === 0) return rest;
  return since === null ? null : `since ${clock.value.time(since)} · ${span(live.now.value - since)}`;
}

function Reasons({ verdict: { failing, rest } }: { readonly verdict: Verdict }): VNode | null {
  const { live, route } = useApp();
  if (failing.length === 0) return null;
  const rows = live.table("alerts").value?.rows ?? [];
  const more = failing.length - MOST_REASONS;
  return (
    <p>
      {failing.slice(0, MOST_REASONS).map(({ id, reason, ruleId }) => {
        const alert = ruleId === null ? undefined : rows.find((row) => row.ruleId === ruleId)?.episodeId;
        return (
          <span key={id}>
            <b>{reason}.</b>{" "}
            {alert ? (
              <>
                <a href={route.hrefTo({ page: "alerts", params: { alert } })}>Open alert</a>{" "}
              </>
            ) : null}
          </span>
        );
      })}
      {more > 0 ? `And ${more} more. ` : ""}
      {rest}
    </p>
  );
}
