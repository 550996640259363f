import type { Sample, Store, StoreQuery } from "@wsight/hub";
import type { Retention } from "@wsight/protocol";
import { CONTRACT_INTERVAL_MS } from "./contract-samples.ts";
import { sorted } from "./contract-tiers.ts";

/** An open store of the contract's tests. */
export interface ContractRig {
  readonly store: () => Store;
  /** Closes the store and opens it again. */
  readonly reopen: (options?: { readonly retention?: Retention }) => Promise<void>;
}

/** Everything of one tier, the finest unless said. */
export function everything(query: Partial<StoreQuery> = {}): StoreQuery {
  return { fromAt: 0, toAt: Number.MAX_SAFE_INTEGER, stepMs: CONTRACT_INTERVAL_MS, ...query };
}

/** What a store holds of one tier, in an order that depends on the samples alone. */
export async function readAll(
  store: Pick<Store, "read">,
  query: Partial<StoreQuery> = {},
  signal?: AbortSignal,
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for await (const page of store.read(everything(query), signal === undefined ? {} : { signal })) samples.push(...page);
  return sorted(samples);
}
