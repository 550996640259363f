import { asOneOf, type ErrorBody, expected, METRIC_EVENTS, type MetricEvent, WsightError } from "@wsight/protocol";
import type { Role } from "../access/principal.ts";

/** What a client gets to hear of its `subscribe` or `unsubscribe`. */
export type SubscriptionAnswer = { readonly subscribed: readonly MetricEvent[] } & (
  | { readonly ok: true }
  | ({ readonly ok: false } & ErrorBody)
);

/**
 * Reads which metric types a client means: one name, or an array of them.
 * @throws WsightError `BAD_REQUEST`
 */
export function readMetricTypes(args: readonly unknown[]): readonly MetricEvent[] {
  const [value, ...others] = args;
  if (others.length > 0)
    throw expected("BAD_REQUEST", "metric types", "one name or one array", `${args.length} values`);
  const names: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (names.length === 0 || names.length > MAX_NAMES)
    throw expected("BAD_REQUEST", "metric types", `1 to ${MAX_NAMES} names`, value);
  return names.map((name) => asOneOf("BAD_REQUEST", "metric type", name, METRIC_EVENTS));
}

/** More than there are: a name may come twice. */
const MAX_NAMES = 16;

/** Who may hear metrics. @throws WsightError `FORBIDDEN` */
export function checkMayWatch(role: Role): void {
  if (role === "admin" || role === "viewer") return;
  throw new WsightError("FORBIDDEN", `Metrics need role viewer or admin, this principal has role ${role}`);
}

/** Puts a refusal into an answer. */
export function refusal(error: unknown, subscribed: readonly MetricEvent[]): SubscriptionAnswer {
  const known = error instanceof WsightError ? error : new WsightError("INTERNAL");
  return { ok: false, ...known.toBody(), subscribed };
}
