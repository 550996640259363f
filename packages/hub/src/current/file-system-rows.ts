import type { FileSystemRow } from "@wsight/protocol";
import { readingOf } from "./figures.ts";
import type { SeriesIndex } from "./series-index.ts";
import type { TrackedGauge } from "./tracked.ts";

const MAX_ROWS = 500;
const MOUNTPOINT = "system.filesystem.mountpoint";

/** File systems as their nodes read them, the fullest first. */
export function fileSystemRows(index: SeriesIndex, second: number): readonly FileSystemRow[] {
  const rows = new Map<string, { -readonly [F in keyof FileSystemRow]: FileSystemRow[F] }>();
  const put = (
    metric: string,
    fieldOf: (state: string | undefined) => "usedBytes" | "freeBytes" | "utilization",
  ): void => {
    for (const placed of index.of<TrackedGauge>(metric)) {
      const value = readingOf(placed, second);
      if (value !== value) continue;
      const { labels } = placed.tracked.series;
      const mountpoint = labels[MOUNTPOINT] ?? "";
      const key = `${placed.node.key}\n${mountpoint}`;
      const row = rows.get(key) ?? {
        node: placed.node.key,
        mountpoint,
        usedBytes: null,
        freeBytes: null,
        utilization: null,
      };
      row[fieldOf(labels["system.filesystem.state"])] = value;
      rows.set(key, row);
    }
  };
  put("system.filesystem.usage", (state) => (state === "used" ? "usedBytes" : "freeBytes"));
  put("system.filesystem.utilization", () => "utilization");
  return [...rows.values()].sort((a, b) => (b.utilization ?? 0) - (a.utilization ?? 0)).slice(0, MAX_ROWS);
}
