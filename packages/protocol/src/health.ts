/** How well a server does. `unknown` is not healthy: nothing was measured. */
export const HEALTH_STATES = ["healthy", "degraded", "unhealthy", "unknown"] as const;
export type HealthState = (typeof HEALTH_STATES)[number];

/** One thing that is looked at. */
export interface HealthCheck {
  /** Stable, e.g. `ws-latency`. */
  readonly id: string;
  /** For people: `Message latency`. */
  readonly name: string;
  readonly state: HealthState;
  /** Base unit; `null` while not known. */
  readonly value: number | null;
  readonly unit: string;
  /** The limit that is next, or was passed; `null` where there is none. */
  readonly limit: number | null;
  /** Since when it is in this state, ms epoch; `null` when not known. */
  readonly since: number | null;
  /** One sentence that names figure, node, value and limit; why it is unknown, for `unknown`. */
  readonly reason: string;
  /** The worst node, `service/instance`; `null` where there is none. */
  readonly node: string | null;
  /** The rule whose limits are used; `null` for none. */
  readonly ruleId: string | null;
}

/** The worst of all checks that are known: `GET /api/health`. */
export interface Health {
  readonly state: HealthState;
  /** Since when, ms epoch; `null` when not known. */
  readonly since: number | null;
  /** Reasons of the checks that made it, worst first. */
  readonly reasons: readonly string[];
  /** 0 to 100, for show alone: 100 × the product of (1 − penalty), 0.15 a degraded and 0.5 an unhealthy check. `null` while unknown. */
  readonly score: number | null;
  readonly checks: readonly HealthCheck[];
  /** ms epoch of the newest second that was looked at. */
  readonly at: number;
}

/** One part of the strip of the last day. */
export interface HealthSlot {
  /** Start, ms epoch, a multiple of `HEALTH_SLOT_MS`. */
  readonly at: number;
  /** The worst state that lasted; `unknown` when the hub did not run or nothing was measured. */
  readonly state: HealthState;
  /** Ms within it that were degraded, and unhealthy. */
  readonly degradedMs: number;
  readonly unhealthyMs: number;
  /** The reason of the worst; empty for none. */
  readonly reason: string;
}

/** Length of a part of the strip: 5 minutes. */
export const HEALTH_SLOT_MS = 300_000;

/** `GET /api/health/strip?hours=24`: oldest first, parts without any record left out. */
export interface HealthStrip {
  readonly fromAt: number;
  readonly toAt: number;
  readonly slotMs: number;
  readonly slots: readonly HealthSlot[];
}
