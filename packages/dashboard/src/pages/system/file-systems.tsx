import type { FileSystemRow } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { Card } from "../../components/card.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { SortHeader } from "../../components/sort-header.tsx";
import { type Figures, SortedTable, type Sorter, useSortedRows, useSorter } from "../../components/sorted-table.tsx";
import type { Tone } from "../../components/tone.ts";
import { bytes, join, share } from "../../format/quantity.ts";
import { nodesInView, staleSince } from "../reporting.ts";
import { useOnScreen } from "../use-on-screen.ts";

const ON_SCREEN = { series: [], tables: ["filesystems"] } as const;
const FULL_WARN = 0.85;
const FULL_CRIT = 0.95;

interface HostDisk extends FileSystemRow {
  readonly host: string;
}

type Column = "mountpoint" | "host" | "used" | "free" | "share";

const FIGURES: Figures<HostDisk, Column> = {
  mountpoint: (row) => row.mountpoint,
  host: (row) => row.host,
  used: (row) => row.usedBytes,
  free: (row) => row.freeBytes,
  share: (row) => row.utilization,
};

/** How full the file systems of the hosts are. */
export function FileSystems(): VNode {
  const { live } = useApp();
  useOnScreen(ON_SCREEN);
  const sorter = useSorter<Column>("share");
  const told = live.table("filesystems").value;
  const rows = disksOfHosts(told ?? [], new Map(nodesInView(live).map(({ node, host }) => [node, host])));
  const held = useSortedRows(rows, FIGURES, sorter, keyOf);
  return (
    <Card title="File systems" span={5} liveOnly caption="the eight largest of each host" staleSince={staleSince(live)}>
      {rows.length === 0 ? (
        <EmptyState
          icon="waiting"
          title="No file systems known"
          why="They are looked at every 30 seconds. A host that does not tell shows none: unknown is not empty."
        />
      ) : (
        <SortedTable
          label="File systems of the hosts"
          class="disks"
          held={held}
          keyOf={keyOf}
          head={<Heads {...sorter} />}
          row={Row}
        />
      )}
    </Card>
  );
}

function keyOf({ host, mountpoint }: HostDisk): string {
  return `${host} ${mountpoint}`;
}

/** Several processes of one host tell of the same disks. */
function disksOfHosts(rows: readonly FileSystemRow[], hostOf: ReadonlyMap<string, string>): readonly HostDisk[] {
  const disks = new Map<string, HostDisk>();
  for (const row of rows) {
    const host = hostOf.get(row.node);
    if (host !== undefined) disks.set(`${host} ${row.mountpoint}`, { ...row, host });
  }
  return [...disks.values()];
}

function Heads(props: Sorter<Column>): VNode {
  return (
    <>
      <SortHeader by="mountpoint" label="Mounted at" class="name" {...props} />
      <SortHeader by="host" label="Host" class="wide-cell" {...props} />
      <SortHeader by="share" label="In use" class="disk-bar num" {...props} />
      <SortHeader by="used" label="Used" class="num wide-cell" {...props} />
      <SortHeader by="free" label="Free" {...props} />
    </>
  );
}

function Row({ row }: { readonly row: HostDisk }): VNode {
  const tone = toneOf(row.utilization);
  return (
    <tr>
      <th scope="row" class="name">
        <span>
          <span class="mono truncate">{row.mountpoint}</span>
        </span>
      </th>
      <td class="wide-cell nowrap">{row.host}</td>
      <td class="share disk-bar">
        <Bar share={row.utilization} {...(tone === undefined ? {} : { tone })} />
        <span>
          {tone === undefined ? "" : "▲ "}
          {join(share(row.utilization))}
        </span>
      </td>
      <td class="num wide-cell">{join(bytes(row.usedBytes))}</td>
      <td class="num">{join(bytes(row.freeBytes))}</td>
    </tr>
  );
}

function toneOf(used: number | null): Tone | undefined {
  if (used === null || used < FULL_WARN) return undefined;
  return used < FULL_CRIT ? "warn" : "crit";
}
