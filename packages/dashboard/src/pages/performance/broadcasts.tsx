import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { Scatter, type ScatterPoint } from "../../charts/scatter.tsx";
import { Card } from "../../components/card.tsx";
import { count, duration } from "../../format/quantity.ts";
import { useReporting } from "../use-reporting.ts";

const TITLE = "Broadcast time by recipients";

/** Time of single broadcasts against how many they went to. */
export function Broadcasts(): VNode {
  const { live } = useApp();
  const { stale, empty } = useReporting("broadcasts");
  const rows = live.table("broadcasts").value;
  const chosen = live.node.value;
  const points = useMemo(
    () =>
      (rows ?? [])
        .filter(({ node }) => chosen === null || node === chosen)
        .map(
          ({ at, recipients, seconds, namespace, node }): ScatterPoint => ({
            at,
            x: recipients,
            y: seconds,
            group: namespace === "" ? "/" : namespace,
            note: node,
          }),
        ),
    [rows, chosen],
  );
  if (live.past.value !== null)
    return (
      <Card title={TITLE} span={5} liveOnly>
        {null}
      </Card>
    );
  return (
    <Scatter
      title={TITLE}
      caption="event-loop time of single broadcasts · the newest 100 that were sampled"
      span={5}
      x={{ label: "recipients", format: count }}
      y={{ label: "time", format: duration }}
      groupLabel="Namespace"
      points={points}
      staleSince={stale}
      empty={
        rows === null || empty.snippet !== undefined
          ? empty
          : {
              icon: "waiting",
              title: "No broadcasts yet",
              why: "Broadcasts to more than one recipient show up here: io.emit(), rooms, namespaces.",
            }
      }
    />
  );
}
