import type { HistoryEvent } from "@wsight/protocol";
import { type PackedSamples, type PackedSeries, ROW_NUMBERS } from "../pack.ts";

/** What goes to a store in one call: samples, events, or both. */
export interface Batch {
  readonly samples: PackedSamples;
  readonly events: readonly HistoryEvent[];
}

/** No samples. */
export const NO_SAMPLES: PackedSamples = {
  series: [],
  numbers: new Float64Array(0),
  histogramSizes: new Uint32Array(0),
  histograms: new Uint8Array(0),
};

/** Samples and events of a batch. */
export function sizeOf({ samples, events }: Batch): number {
  return samples.histogramSizes.length + events.length;
}

/** All of several batches in one, in their order. */
export function joinBatches(batches: readonly Batch[]): Batch {
  const events = batches.flatMap((batch) => batch.events);
  const parts = batches.map(({ samples }) => samples).filter(({ histogramSizes }) => histogramSizes.length > 0);
  const [only] = parts;
  if (only === undefined) return { samples: NO_SAMPLES, events };
  return { samples: parts.length === 1 ? only : joinSamples(parts), events };
}

function joinSamples(parts: readonly PackedSamples[]): PackedSamples {
  const series: PackedSeries[] = [];
  const indexes = new Map<string, number>();
  const numbers = new Float64Array(parts.reduce((length, part) => length + part.numbers.length, 0));
  let row = 0;
  for (const part of parts) {
    const renamed = part.series.map((named) => {
      const name = `${named.node}\n${named.key}`;
      const index = indexes.get(name) ?? series.push(named) - 1;
      indexes.set(name, index);
      return index;
    });
    numbers.set(part.numbers, row * ROW_NUMBERS);
    for (let i = 0; i < part.histogramSizes.length; i++, row++) {
      const start = row * ROW_NUMBERS;
      numbers[start] = renamed[numbers[start] as number] as number;
    }
  }
  return {
    series,
    numbers,
    histogramSizes: Uint32Array.from(parts.flatMap((part) => [...part.histogramSizes])),
    histograms: new Uint8Array(Buffer.concat(parts.map((part) => part.histograms))),
  };
}
