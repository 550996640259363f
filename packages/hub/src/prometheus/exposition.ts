import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { MetricDefinition, Series } from "@wsight/protocol";
import type { CurrentView, SeriesState } from "../current-view.ts";
import { exposedValue, type Family, familyOf, type Renderer } from "./family.ts";
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
  readonly current: Pick<CurrentView, "at" | "forEachSeries">;
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
    once(format, () => render(RENDERERS[format](), collect(current), labels, maxBytes));

  return {
    scrape: (format, compressed) =>
      compressed ? once(`${format}.gz`, async () => compress(await plain(format), { level: 3 })) : plain(format),
  };
}

interface Collected {
  readonly node: string;
  readonly series: Series;
  readonly value: NonNullable<ReturnType<typeof exposedValue>>;
}

/** The values of this moment, by metric; distributions never change, so they need no copy. */
function collect(current: Pick<CurrentView, "forEachSeries">): ReadonlyMap<MetricDefinition, readonly Collected[]> {
  const families = new Map<MetricDefinition, Collected[]>();
  current.forEachSeries((state: SeriesState) => {
    const value = exposedValue(state);
    if (value === null) return;
    const { node, series } = state;
    const family = families.get(series.metric);
    if (family === undefined) families.set(series.metric, [{ node, series, value }]);
    else family.push({ node, series, value });
  });
  return families;
}

async function render(
  renderer: Renderer,
  families: ReadonlyMap<MetricDefinition, readonly Collected[]>,
  labels: LabelBook,
  maxBytes: number,
): Promise<Uint8Array> {
  let leftOut = 0;
  let sliceAt = performance.now();
  let told = 0;
  for (const [metric, samples] of families) {
    if (renderer.length < maxBytes) renderer.family(familyOf(metric));
    for (const { node, series, value } of samples) {
      if (renderer.length >= maxBytes) {
        leftOut++;
        continue;
      }
      renderer.sample({ labels: labels.of(node, series), value });
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
    const [service, process] = NODE_LABELS;
    const pairs: LabelPairs = [
      [service, serviceOf(node)],
      [process, node],
      ...own.map((name) => [labelName(name), series.labels[name] ?? ""] as const),
    ];
    this.#known.set(series, { node, pairs });
    return pairs;
  }
}
