import type { Tier } from "@wsight/protocol";
import type { CurrentView } from "../../current-view.ts";
import type { Hosts } from "./hosts.ts";
import type { ReadSources } from "./sources.ts";
import type { Totals } from "./totals.ts";

/** Milliseconds of each tier. */
export type Intervals = Readonly<Record<Tier, number>>;

/** What payloads are made from. */
export interface PayloadOptions {
  readonly current: CurrentView;
  /** ms epoch. */
  readonly now: () => number;
  /** When the hub began, ms epoch. */
  readonly startedAt: number;
  readonly intervals: Intervals;
}

/** What each payload is made from. */
export interface PayloadParts extends PayloadOptions {
  readonly sources: ReadSources;
  readonly totals: () => Totals;
  readonly hosts: Hosts;
  /** Seconds that rates of each tier look back: its interval, one at least. */
  readonly windows: Readonly<Record<Tier, number>>;
}
