import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Card } from "../../components/card.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { duration, join, rate } from "../../format/quantity.ts";
import { explainEmpty, staleSince } from "../reporting.ts";
import { ROUND_TRIPS, type RoundTrip } from "./selectors.ts";

/** Acks and heartbeats: what goes there and back. */
export function RoundTrips(): VNode {
  const { live } = useApp();
  live.tick.value;
  const stale = staleSince(live);
  const known = ROUND_TRIPS.filter(({ p50 }) => live.series(p50).latest() !== null);
  return (
    <Card title="Round trips" span={5} staleSince={stale} caption="last minute · those of clients include the network">
      {known.length === 0 ? (
        <EmptyState {...explainEmpty(live, "round trips")} />
      ) : (
        <table class="rows">
          <thead>
            <tr>
              <th scope="col" class="name">
                What
              </th>
              <th scope="col" class="num">
                Per s
              </th>
              <th scope="col" class="num">
                p50
              </th>
              <th scope="col" class="num">
                p95
              </th>
              <th scope="col" class="num wide-cell">
                p99
              </th>
              <th scope="col" class="num">
                Max
              </th>
            </tr>
          </thead>
          <tbody>
            {ROUND_TRIPS.map((trip) => (
              <Row key={trip.label} trip={trip} stale={stale !== null} />
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

function Row({ trip, stale }: { readonly trip: RoundTrip; readonly stale: boolean }): VNode {
  const { live } = useApp();
  const time = (selector: RoundTrip["p50"]) => (stale ? "–" : join(duration(live.series(selector).latest())));
  return (
    <tr>
      <th scope="row" class="name">
        <span title={trip.what}>
          <span class="truncate">{trip.label}</span>
        </span>
      </th>
      <td class="num">{stale ? "–" : rate(live.series(trip.rate).latest()).text}</td>
      <td class="num">{time(trip.p50)}</td>
      <td class="num">{time(trip.p95)}</td>
      <td class="num wide-cell">{time(trip.p99)}</td>
      <td class="num">{time(trip.max)}</td>
    </tr>
  );
}
