import type { Sample, SeriesColumns, Store, TakeoutStore } from "@wsight/hub";
import type { HistoryEvent, TierStep } from "@wsight/protocol";
import { MemoryReader } from "./memory-reader.ts";

const PAGE = 700;

/** What takeouts and imports need of a store, in memory. */
export class MemoryStore implements Pick<Store, "append" | "appendEvents">, TakeoutStore {
  readonly reader: MemoryReader = new MemoryReader();
  /** Pages read so far. */
  pages = 0;

  async append(samples: readonly Sample[]): Promise<void> {
    for (const { node, series, intervalMs, ...cell } of samples) {
      this.reader.put(node, series.metric.name, series.labels, intervalMs as TierStep, cell);
    }
  }

  async appendEvents(events: readonly HistoryEvent[]): Promise<void> {
    this.reader.happen(...events);
  }

  async *read(query: Parameters<Store["read"]>[0], options: Parameters<Store["read"]>[1] = {}) {
    const { metrics, node, stepMs, fromAt, toAt } = query;
    const filter = {
      ...(metrics === undefined ? {} : { metrics }),
      ...(node === undefined ? {} : { nodes: [node] }),
    };
    const signal = options.signal ?? new AbortController().signal;
    const columns = ["min", "max", "sum", "count", "last", "histogram"] as const;
    const range = { stepMs, fromAt, toAt, columns };
    for await (const read of this.reader.columns({ ...range, series: await this.reader.series(filter) }, signal)) {
      const samples = Array.from({ length: read.length }, (_, i) => sampleOf(read, i));
      for (let from = 0; from < samples.length; from += PAGE) {
        this.pages++;
        yield samples.slice(from, from + PAGE);
      }
    }
  }

  ask: TakeoutStore["ask"] = async (analysis, argument) => {
    if (analysis !== "events") throw new Error(`no ${analysis}`);
    return (await this.reader.events(argument as Parameters<MemoryReader["events"]>[0])) as never;
  };

  async stats(): ReturnType<Store["stats"]> {
    const tiers = (await this.reader.extents()).map((extent) => ({ ...extent, samples: 0, bytes: 0 }));
    return { samples: 0, events: 0, bytes: null, oldestAt: null, tiers, capped: [], setAside: [] };
  }
}

function sampleOf(read: SeriesColumns, i: number): Sample {
  const histogram = read.histogram[i];
  const whole = {
    node: read.series.node,
    series: read.series.series,
    at: read.at[i] as number,
    intervalMs: read.stepMs,
    min: read.min[i] as number,
    max: read.max[i] as number,
    sum: read.sum[i] as number,
    count: read.count[i] as number,
    last: read.last[i] as number,
  };
  return histogram === undefined || histogram.length === 0 ? whole : { ...whole, histogram };
}
