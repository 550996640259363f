import { HISTORY_TIERS, type HistoryStorage, type Retention, WsightError } from "@wsight/protocol";
import type { Store, StoreStats } from "../../store/store.ts";
import type { Route } from "../route.ts";

/** What says how much history there is. */
export interface StorageSource {
  /** How long every tier is kept, ms. */
  readonly retention: Required<Retention>;
  /** The size cap, bytes; `null` for none. */
  readonly maxBytes: number | null;
  /** Rejects with `STORE_UNAVAILABLE` while the store is not open. */
  readonly stats: Store["stats"];
}

/** @param source `null` while the hub keeps no history */
export function historyStorageRoute(source: StorageSource | null): Route {
  return {
    method: "GET",
    path: "/api/history/storage",
    access: "viewer",
    summary: "What history takes and how far it reaches back, tier by tier",
    async handle() {
      if (source === null) throw new WsightError("STORE_UNAVAILABLE", "This hub keeps no history (dataDir is null)");
      return { json: describeStorage(source, await source.stats()) };
    },
  };
}

function describeStorage({ retention, maxBytes }: StorageSource, stats: StoreStats): HistoryStorage {
  const { samples, events, bytes, setAside } = stats;
  const tiers = HISTORY_TIERS.map(({ name, stepMs }) => {
    const held = stats.tiers.find((tier) => tier.stepMs === stepMs);
    const capped = stats.capped.findLast((cut) => cut.stepMs === stepMs);
    return {
      name,
      stepMs,
      keepMs: retention[name],
      samples: held?.samples ?? 0,
      bytes: held?.bytes ?? 0,
      oldestAt: held?.oldestAt ?? null,
      newestAt: held?.newestAt ?? null,
      cappedFromAt: capped?.keptFromAt ?? null,
    };
  });
  return { samples, events, bytes, maxBytes, tiers, setAside };
}
