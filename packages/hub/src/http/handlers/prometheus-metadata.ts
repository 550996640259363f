import { CATALOGUE } from "@wsight/protocol";
import { familyName, sampleName, unitSuffix } from "../../prometheus/names.ts";

/** What Prometheus tells of a metric. */
interface Metadata {
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

/** Type, help and unit of metrics by the names that queries use; of one metric, or of at most `limit`. */
export function describeMetrics(
  only: string | null,
  limit: number | null,
): Readonly<Record<string, readonly Metadata[]>> {
  const all = CATALOGUE.map((metric) => {
    const name = metric.kind === "histogram" ? familyName(metric) : sampleName(metric, "value");
    return [name, [{ type: metric.kind, help: metric.help, unit: unitSuffix(metric) }]] as const;
  });
  return Object.fromEntries(all.filter(([name]) => only === null || name === only).slice(0, limit ?? all.length));
}
