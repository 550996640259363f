import type { JobMetricsFigure, JobMetricsPoint } from "@wsight/protocol";

/** Readings that are held: 24 hours of one each 30 s. */
const MAX_READINGS = 2_880;

/** Figures of one collection; `null` where nothing is known. */
export interface MetricsReading extends Readonly<Record<JobMetricsFigure, number | null>> {
  /** ms epoch. */
  readonly at: number;
}

/** What was collected in memory; the oldest reading gives way. */
export class MetricsRing {
  readonly #readings: MetricsReading[] = [];
  #next = 0;

  add(reading: MetricsReading): void {
    this.#readings[this.#next] = reading;
    this.#next = (this.#next + 1) % MAX_READINGS;
  }

  get size(): number {
    return this.#readings.length;
  }

  /** One point for each interval from `fromAt` on that has readings: means, and sums of what is counted. */
  points(fromAt: number, stepMs: number): readonly JobMetricsPoint[] {
    const intervals = new Map<number, MetricsReading[]>();
    for (const reading of this.#oldestFirst()) {
      if (reading.at < fromAt) continue;
      const start = Math.floor(reading.at / stepMs) * stepMs;
      const mates = intervals.get(start);
      if (mates === undefined) intervals.set(start, [reading]);
      else mates.push(reading);
    }
    return [...intervals].map(([start, readings]) => summarize(start, readings));
  }

  #oldestFirst(): readonly MetricsReading[] {
    return [...this.#readings.slice(this.#next), ...this.#readings.slice(0, this.#next)];
  }
}

function summarize(start: number, readings: readonly MetricsReading[]): JobMetricsPoint {
  const valuesOf = (figure: JobMetricsFigure): number[] => readings.flatMap((reading) => reading[figure] ?? []);
  const sum = (figure: JobMetricsFigure): number | null => {
    const values = valuesOf(figure);
    return values.length === 0 ? null : values.reduce((total, value) => total + value, 0);
  };
  const mean = (figure: JobMetricsFigure): number | null => {
    const total = sum(figure);
    return total === null ? null : Number((total / valuesOf(figure).length).toPrecision(6));
  };
  return {
    timestamp: new Date(start).toISOString(),
    waiting: mean("waiting"),
    active: mean("active"),
    delayed: mean("delayed"),
    workers: mean("workers"),
    utilizationPct: mean("utilizationPct"),
    completed: sum("completed"),
    failed: sum("failed"),
    errorRatePct: mean("errorRatePct"),
    processingTimeSec: mean("processingTimeSec"),
    waitTimeSec: mean("waitTimeSec"),
    cpuPct: mean("cpuPct"),
    memoryPct: mean("memoryPct"),
  };
}
