import { findMetric, type Labels, type MetricKind } from "@wsight/protocol";
import { linesOf } from "../../../analysis/lines.ts";
import type { SeriesWindows, WindowChoice, WindowDistribution, WindowGroup } from "../../../current/window-view.ts";
import type { ColumnName, HistoryReader, StoredSeries } from "../../../store/reader.ts";
import { type Cells, type Chunk, cellsOf, Sums } from "./chunk.ts";
import { PastBuckets, PastTotals } from "./past-distribution.ts";
import type { PastNode } from "./past-node.ts";
import { columnsFor, PastSeries } from "./past-series.ts";

/** Series of a choice as history has them, one part of the past at a time. */
export class PastWindows implements SeriesWindows {
  /** Of all groups. */
  series: readonly StoredSeries[] = [];
  readonly columns: readonly ColumnName[];
  readonly #choice: WindowChoice;
  readonly #kind: MetricKind;
  #groups: readonly PastGroup[] = [];
  #byId: ReadonlyMap<number, PastSeries> = new Map();

  constructor(choice: WindowChoice) {
    this.#choice = choice;
    this.#kind = findMetric(choice.metric)?.kind ?? "gauge";
    this.columns = columnsFor(this.#kind, choice.agg);
  }

  groups(): readonly WindowGroup[] {
    return this.#groups;
  }

  /** Looks up which series there are. */
  async open(reader: HistoryReader, nodeOf: (key: string) => PastNode): Promise<void> {
    const { metric, where, nodes, by, agg } = this.#choice;
    this.series = await reader.series({
      metrics: [metric],
      ...(where === undefined ? {} : { where }),
      ...(nodes === undefined ? {} : { nodes }),
    });
    const byId = new Map<number, PastSeries>();
    this.#groups = linesOf(this.series, by).map(({ labels, series }) => {
      const members = series.map(({ id, node }) => new PastSeries(id, nodeOf(node), this.#kind));
      for (const one of members) byId.set(one.id, one);
      return new PastGroup(by.map((name) => labels[name] ?? "").join("\n"), labels, members, agg);
    });
    if (by.length === 0 && this.#groups.length === 0) this.#groups = [new PastGroup("", {}, [], agg)];
    this.#byId = byId;
  }

  /** Reads the next part of the past. */
  async load(reader: HistoryReader, chunk: Chunk, signal: AbortSignal): Promise<void> {
    for (const one of this.#byId.values()) one.begin(chunk);
    const { fromAt, stepMs, cells } = chunk;
    const { series, columns } = this;
    const query = { series, stepMs, fromAt, toAt: fromAt + cells * stepMs, columns };
    for await (const read of reader.columns(query, signal)) this.#byId.get(read.series.id)?.take(read, columns);
    for (const group of this.#groups) group.begin(chunk);
  }
}

/** One group of the past. */
class PastGroup implements WindowGroup {
  readonly key: string;
  readonly labels: Labels;
  readonly series: readonly PastSeries[];
  readonly nodes: readonly PastNode[];
  readonly #distribution: PastBuckets | PastTotals;
  #chunk: Chunk | null = null;
  #known: Sums | null = null;
  readonly #cells: Cells = { first: 0, end: 0 };

  constructor(key: string, labels: Labels, series: readonly PastSeries[], agg: WindowChoice["agg"]) {
    this.key = key;
    this.labels = labels;
    this.series = series;
    this.nodes = [...new Set(series.map(({ node }) => node))];
    const isPlain = agg === "mean" || agg === "min" || agg === "max";
    this.#distribution = isPlain ? new PastTotals(series) : new PastBuckets(series);
  }

  begin(chunk: Chunk): void {
    this.#chunk = chunk;
    this.#known = null;
  }

  knownSeconds(second: number, seconds: number): number {
    if (this.#chunk === null) return 0;
    this.#known ??= new Sums(this.#together(this.#chunk));
    cellsOf(this.#chunk, second, seconds, this.#cells);
    const known = this.#known.of(this.#cells);
    if (known > 0) return known;
    // Without a witness all that is known is that there was something.
    return this.series.reduce((most, one) => Math.max(most, one.seconds(second, seconds)), 0);
  }

  distribution(second: number, seconds: number): WindowDistribution | null {
    return this.#chunk === null ? null : this.#distribution.moveTo(this.#chunk, second, seconds);
  }

  ended(second: number): boolean {
    const left = this.nodes.map((node) => node.hasLeft(second)).filter((one) => one !== null);
    return left.length > 0 && left.every((one) => one);
  }

  /** In each interval the seconds of the node that was there longest. */
  #together({ cells }: Chunk): Float64Array {
    const most = new Float64Array(cells);
    for (const { known } of this.nodes) {
      for (let i = 0; i < known.length; i++) most[i] = Math.max(most[i] as number, known[i] as number);
    }
    return most;
  }
}
