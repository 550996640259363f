import { HISTORY_TIERS, type TierName } from "./history.ts";
import { asFields, asInteger, expected } from "./parse.ts";

/** How long each tier of history is kept, ms, by the tier's name; what is not named keeps its default. */
export type Retention = Partial<Record<TierName, number>>;

/** Shortest time a tier can be kept: what is newer may not have been put together yet. */
const SHORTEST_MS = 600_000;
const LONGEST_MS = 10 * 366 * 86_400_000;

/**
 * Reads how long each tier is kept, in ms: `{ "1s": 86400000, "5m": 2592000000 }`.
 * @throws WsightError `BAD_OPTION`
 */
export function parseRetention(where: string, value: unknown): Retention {
  const retention: Partial<Record<TierName, number>> = {};
  for (const [name, keepMs] of Object.entries(asFields("BAD_OPTION", where, value))) {
    const tier = HISTORY_TIERS.find((one) => one.name === name);
    if (tier === undefined)
      throw expected("BAD_OPTION", where, `tiers ${HISTORY_TIERS.map((t) => t.name).join(", ")}`, name);
    retention[tier.name] = asInteger("BAD_OPTION", `${where} ${name} in ms`, keepMs, SHORTEST_MS, LONGEST_MS);
  }
  return retention;
}
