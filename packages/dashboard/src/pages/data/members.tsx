import type { ComponentMember } from "@wsight/protocol";
import { SOURCE_LIBRARIES } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Card } from "../../components/card.tsx";
import { Icon } from "../../components/icon.tsx";
import { duration, join, span } from "../../format/quantity.ts";
import { componentsInView, instanceOf, isStale } from "../components.ts";
import { StateWord } from "../state-word.tsx";
import type { Source } from "../use-source.ts";

const MOST_ROWS = 50;
const ORDER = { down: 0, unknown: 1, up: 2 } as const;

/** Every single one of its kind on every node, those that are down first; what was not looked at lately is hatched. */
export function Members({ source: { kind, name } }: { readonly source: Source }): VNode {
  const { live } = useApp();
  const all = componentsInView(live, kind).filter((row) => name === null || row.name === name);
  const rows = [...all].sort(
    (a, b) => ORDER[a.state] - ORDER[b.state] || (b.latencySeconds ?? 0) - (a.latencySeconds ?? 0),
  );
  return (
    <Card
      title="Status"
      liveOnly
      span={12}
      caption="each of them as each node reaches it · down first, then the slowest"
      aside={<span class="card-note">{rows.length > MOST_ROWS ? `${MOST_ROWS} of ${rows.length}` : ""}</span>}
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section class="table-scroll" aria-label="Status of each" tabIndex={0}>
        <table class="rows members">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col" class="wide-cell">
                Node
              </th>
              <th scope="col">State</th>
              <th scope="col" class="num">
                Ping
              </th>
              <th scope="col" class="num">
                Since
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MOST_ROWS).map((row) => (
              <Member key={`${row.node} ${row.name}`} row={row} />
            ))}
          </tbody>
        </table>
      </section>
    </Card>
  );
}

function Member({ row }: { readonly row: ComponentMember }): VNode {
  const { live } = useApp();
  const now = live.now.value;
  const stale = isStale(live, row);
  return (
    <tr class={stale ? "hatched" : undefined} data-tone={row.state === "down" ? "crit" : undefined}>
      <th scope="row">
        {row.name}
        {row.library === row.name ? null : (
          <span class="fine"> {SOURCE_LIBRARIES[row.library]?.title ?? row.library}</span>
        )}
        <small class="narrow-line">{instanceOf(row.node)}</small>
      </th>
      <td class="wide-cell nowrap">{instanceOf(row.node)}</td>
      <td class="member-state">
        {stale ? (
          <span class="chip">
            <Icon name="stale" />
            last sample {span(now - (row.checkedAt ?? now))} ago
          </span>
        ) : (
          <>
            <StateWord status={{ state: row.state, stale, lost: 0, members: 1 }} />
            {row.error === null ? null : <span class="fine"> {row.error}</span>}
          </>
        )}
      </td>
      <td class="num">{stale || row.state !== "up" ? "–" : join(duration(row.latencySeconds))}</td>
      <td class="num nowrap">{stale ? "–" : span(now - row.since)}</td>
    </tr>
  );
}
