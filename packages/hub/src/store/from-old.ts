import { WsightError } from "@wsight/protocol";
import type { Store as OldStore } from "./old-store.ts";
import { SampleUnpacker } from "./pack.ts";
import type { Sample, Store } from "./store.ts";

const WEEK_MS = 168 * 3_600_000;

/** A store of plain samples as one of tiers, which it can't be asked about. */
export function fromOld(old: Pick<OldStore, "append" | "prune" | "close">): Omit<Store, "name"> {
  const away = (): WsightError => new WsightError("STORE_UNAVAILABLE", "history: this store can't be asked");
  const unpacker = new SampleUnpacker();
  return {
    append: (samples) => old.append(samples),
    appendPacked(packed) {
      const samples: Sample[] = [];
      unpacker.unpack(packed, samples);
      return old.append(samples);
    },
    appendEvents: async () => undefined,
    read() {
      throw away();
    },
    ask: () => Promise.reject(away()),
    async prune(now) {
      await old.prune(now - WEEK_MS);
    },
    stats: () => Promise.reject(away()),
    backup: () => Promise.reject(away()),
    close: () => old.close(),
  };
}
