import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Card } from "../../components/card.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { bytes, join, perMinute, rate } from "../../format/quantity.ts";
import { explainEmpty, nodesInView, staleSince } from "../reporting.ts";
import { RATE_ROWS, RATE_WINDOWS } from "./selectors.ts";

/** Rates over 1, 5 and 15 minutes. */
export function Rates(): VNode {
  const { live } = useApp();
  live.tick.value;
  const stale = staleSince(live);
  return (
    <Card title="1, 5 and 15 minute rates" span={4} staleSince={stale}>
      {nodesInView(live).length === 0 ? (
        <EmptyState {...explainEmpty(live, "messages")} />
      ) : (
        <table class="rows rates">
          <thead>
            <tr>
              <th scope="col">
                <span class="sr-only">What</span>
              </th>
              {RATE_WINDOWS.map((seconds) => (
                <th key={seconds} scope="col" class="num">
                  {seconds / 60} min
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {RATE_ROWS.map(({ label, unit, selectors }) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                {selectors.map((selector, index) => (
                  <td key={RATE_WINDOWS[index]} class="num">
                    {stale === null ? write(unit, live.series(selector).latest()) : "–"}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p class="fine card-foot">Means over the window, or over what is known of it.</p>
    </Card>
  );
}

function write(unit: (typeof RATE_ROWS)[number]["unit"], value: number | null): string {
  if (unit === "bytes") return value === null ? "–" : `${join(bytes(value))}/s`;
  return join(unit === "errors" ? perMinute(value === null ? null : value * 60) : rate(value));
}
