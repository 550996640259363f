import type { ProbeLink } from "@wsight/probe";
import {
  decodeProbeFrame,
  type EventsFrame,
  type HelloFrame,
  Histogram,
  type HubFrame,
  type Labels,
  type LinkMessage,
  labelsMatch,
  type Series,
  type TableFrame,
} from "@wsight/protocol";

/** A hub in miniature: keeps what the frames of one link say, the way the protocol means it. */
export interface RecordingLink extends ProbeLink {
  readonly hellos: HelloFrame[];
  /** Newest table of each name. */
  readonly tables: Map<string, TableFrame>;
  readonly seqs: number[];
  /** What was told of events, in order. */
  readonly events: EventsFrame[];
  /** Sum of a counter over its series; a series that ended is part of the one it was folded into. */
  readonly sum: (metric: string, where?: Labels) => number;
  readonly histogram: (metric: string, where?: Labels) => Histogram;
  /** Values of a label among the series of a metric. */
  readonly labels: (metric: string, label: string) => Set<string>;
  readonly say: (frame: HubFrame) => void;
  /** Takes in what came over another way. */
  readonly take: (message: LinkMessage) => void;
}

export function createRecordingLink(options: { readonly accept?: () => boolean } = {}): RecordingLink {
  const hellos: HelloFrame[] = [];
  const tables = new Map<string, TableFrame>();
  const seqs: number[] = [];
  const events: EventsFrame[] = [];
  const names = new Map<number, Series>();
  const values = new Map<number, number | Histogram>();
  const listeners: ((frame: HubFrame) => void)[] = [];

  const take = (message: LinkMessage): void => {
    const frame = decodeProbeFrame(message);
    if (frame.type === "hello") hellos.push(frame);
    if (frame.type === "table") tables.set(frame.table, frame);
    if (frame.type === "events") events.push(frame);
    if (frame.type === "names") {
      for (const { id } of frame.retired) {
        names.delete(id);
        values.delete(id);
      }
      for (const { id, series } of frame.names) names.set(id, series);
    }
    if (frame.type !== "snapshot") return;
    seqs.push(frame.seq);
    if (frame.keyframe) values.clear();
    for (const [id, value] of [...frame.counters, ...frame.gauges, ...frame.histograms]) {
      if (!names.has(id)) throw new Error(`a value for series ${id}, which has no name`);
      values.set(id, value);
    }
  };
  const find = (metric: string, where: Labels = {}): (number | Histogram)[] =>
    [...values]
      .filter(([id]) => names.get(id)?.metric.name === metric && labelsMatch(names.get(id)?.labels ?? {}, where))
      .map(([, value]) => value);

  return {
    hellos,
    tables,
    seqs,
    events,
    take,
    sum: (metric, where) => find(metric, where).reduce<number>((sum, value) => sum + (value as number), 0),
    histogram(metric, where) {
      const merged = new Histogram();
      for (const part of find(metric, where)) merged.merge(part as Histogram);
      return merged;
    },
    labels: (metric, label) =>
      new Set([...names.values()].filter((s) => s.metric.name === metric).map((s) => s.labels[label] ?? "")),
    say(frame) {
      for (const listener of listeners) listener(frame);
    },
    send(message) {
      if (typeof message !== "string" && options.accept?.() === false) return false;
      take(message);
      return true;
    },
    onFrame(listener) {
      listeners.push(listener);
    },
    close() {},
  };
}
