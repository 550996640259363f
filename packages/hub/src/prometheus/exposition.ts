import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Histogram, MetricDefinition, Series } from "@wsight/protocol";
import type { CurrentView } from "../current-view.ts";
import { forEachExposed } from "./exposed.ts";
import { type Family, familyOf, type Renderer } from "./family.ts";
import { labelName, NODE_LABELS, serviceOf } from "./names.ts";
import type { ExpositionFormat } from "./negotiate.ts";
import { ProtobufRenderer } from "./protobuf-renderer.ts";
import { TextRenderer } from "./text-renderer.ts";

const DEFAULT_MAX_BYTES = 32 * 1024 * 1024;
/** The hub's loop goes on after this much rendering, ms. */
const SLICE_MS = 4;
/** Series between two looks at the clock. */
const SLICE_SERIES = 32;

/** What cannot be told for its size is told by this. */
const LEFT_OUT: Family = {
  name: "wsight_exposition_left_out_series",
  kind: "gauge",
  unit: "",
  help: "Series of the hub that this answer had no room for",
  bounds: [],
};

const RENDERERS: Readonly<Record<ExpositionFormat, () => Renderer>> = {
  openmetrics: () => new TextRenderer("openmetrics"),
  text: () => new TextRenderer("text"),
  protobuf: () => new ProtobufRenderer(),
};

/** Whether a process reports in time; the last figures of one that does not are not told for long. */
const NODE_LIVE: Family = {
  name: "wsight_node_live",
  kind: "gauge",
  unit: "",
  help: "1 while a process reports in time, 0 while it is late; one that is gone has no sample",
  bounds: [],
};
const compress = promisify(gzip);

/** Everything the hub knows at this moment, as a scraper takes it. */
export interface Exposition {
  /**
   * The newest closed second in one format. It is made once for all who ask
   * within that second, in short turns, and only when somebody asks.
   */
  scrape(format: ExpositionFormat, compressed: boolean): Promise<Uint8Array>;
}

/** What an exposition is made from. */
export interface ExpositionParts {
  readonly current: Pick<CurrentView, "at" | "nodes" | "forEachSeries">;
  /** Largest answer, bytes before compression; further series are left out and counted. @default 32 MiB */
  readonly maxBytes?: number;
}

/** Tells figures of all nodes that are not gone. Safe to share by all scrapers. */
export function createExposition({ current, maxBytes = DEFAULT_MAX_BYTES }: ExpositionParts): Exposition {
  const labels = new LabelBook();
  const made = new Map<string, Promise<Uint8Array>>();
  let madeAt: number | null = null;

  /** At most three formats, each plain and compressed, and of one second. */
  function once(name: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    if (current.at !== madeAt) {
      made.clear();
      madeAt = current.at;
    }
    let making = made.get(name);
    if (making === undefined) {
      making = make();
      made.set(name, making);
      // The next one to ask tries again.
      making.catch(() => made.delete(name));
    }
    return making;
  }

  const plain = (format: ExpositionFormat): Promise<Uint8Array> =>
    once(format, () => render(RENDERERS[format](), collect(current, labels), maxBytes));

  return {
    scrape: (format, compressed) =>
      compressed ? once(`${format}.gz`, async () => compress(await plain(format), { level: 3 })) : plain(format),
  };
}

interface Collected {
  readonly labels: LabelPairs;
  readonly value: number | Histogram;
}

/** Values of this moment, family by family; distributions never change, so they need no copy. */
type Collection = ReadonlyMap<Family, readonly Collected[]>;

function collect(current: ExpositionParts["current"], labels: LabelBook): Collection {
  const nodes = current.nodes().filter(({ state }) => state !== "gone");
  const live = nodes.map(({ node, state }) => ({ labels: nodeLabels(node), value: state === "live" ? 1 : 0 }));
  const families = new Map<MetricDefinition, Collected[]>();
  forEachExposed(current, ({ node, series, value }) => {
    const family = families.get(series.metric) ?? [];
    if (family.push({ labels: labels.of(node, series), value }) === 1) families.set(series.metric, family);
  });
  return new Map([
    [NODE_LIVE, live],
    ...[...families].map(([metric, samples]) => [familyOf(metric), samples] as const),
  ]);
}

async function render(renderer: Renderer, collection: Collection, maxBytes: number): Promise<Uint8Array> {
  let leftOut = 0;
  let sliceAt = performance.now();
  let told = 0;
  for (const [family, samples] of collection) {
    if (samples.length > 0 && renderer.length < maxBytes) renderer.family(family);
    for (const sample of samples) {
      if (renderer.length >= maxBytes) {
        leftOut++;
        continue;
      }
      renderer.sample(sample);
      if (++told % SLICE_SERIES !== 0 || performance.now() - sliceAt < SLICE_MS) continue;
      await new Promise(setImmediate);
      sliceAt = performance.now();
    }
  }
  renderer.family(LEFT_OUT);
  renderer.sample({ labels: [], value: leftOut });
  return renderer.finish();
}

type LabelPairs = readonly (readonly [name: string, value: string])[];

/** Labels of series, put together once for as long as a series lives. */
class LabelBook {
  readonly #known = new WeakMap<Series, { readonly node: string; readonly pairs: LabelPairs }>();

  of(node: string, series: Series): LabelPairs {
    const known = this.#known.get(series);
    if (known?.node === node) return known.pairs;
    const own = Object.keys(series.labels).sort();
    const pairs: LabelPairs = [
      ...nodeLabels(node),
      ...own.map((name) => [labelName(name), series.labels[name] ?? ""] as const),
    ];
    this.#known.set(series, { node, pairs });
    return pairs;
  }
}

function nodeLabels(node: string): LabelPairs {
  const [service, process] = NODE_LABELS;
  return [
    [service, serviceOf(node)],
    [process, node],
  ];
}
