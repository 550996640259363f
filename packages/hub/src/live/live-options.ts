import type { Clock } from "../clock.ts";
import type { CurrentView } from "../current-view.ts";
import type { Tail } from "./tail.ts";

/** How live sessions are set up. */
export interface LiveOptions {
  readonly current: CurrentView;
  readonly clock: Clock;
  /** Lets viewers follow messages. @default nobody follows any */
  readonly tail?: Tail;
  /** Milliseconds between ticks, as viewers are told. @default 1000 */
  readonly intervalMs?: number;
  /** A viewer with more bytes than this waiting is skipped until it has read. @default 65_536 */
  readonly maxBuffered?: number;
  /** Viewers written to before other work gets its turn. @default 250 */
  readonly slice?: number;
  /** Series of all different subscriptions together; each may take 14 KB. One too many is refused. @default 8192 */
  readonly maxSeries?: number;
  /** Length of the history that is offered. @default 900 */
  readonly historySeconds?: number;
}

/** How live sessions fare. */
export interface LiveStats {
  readonly viewers: number;
  /** Different subscriptions. */
  readonly channels: number;
  /** Sent to all viewers together, over the last second. */
  readonly bytesPerSecond: number;
  /** Ticks that slow viewers did not get. */
  readonly skippedTicks: number;
  /** Times the series of a channel were evaluated for a tick. */
  readonly evaluations: number;
  /** Ticks encoded. */
  readonly encodedFrames: number;
  /** Times a table could not be made; viewers keep the one they have. */
  readonly failedTables: number;
}
