import { HISTORY_TIERS, type Retention } from "@wsight/protocol";

/**
 * How long every tier is kept, ms.
 * @param retention of single tiers; the others have their defaults
 * @param retentionMs nothing is kept longer than this
 */
export function resolveRetention(retention: Retention = {}, retentionMs: number = Infinity): Required<Retention> {
  const entries = HISTORY_TIERS.map(({ name, keepMs }) => [name, Math.min(retention[name] ?? keepMs, retentionMs)]);
  return Object.fromEntries(entries) as Required<Retention>;
}
