import { WsightError } from "@wsight/protocol";
import type { Alerts } from "../../alerts/alerts.ts";

/**
 * The one of an id among what alerts are set up with.
 * @throws WsightError `NOT_FOUND`; `STORE_UNAVAILABLE` while it may only not have been read yet
 */
export function foundAmong<T extends { readonly id: string }>(
  alerts: Pick<Alerts, "table">,
  rows: readonly T[],
  id: string,
  what: string,
): T {
  const row = rows.find((one) => one.id === id);
  if (row !== undefined) return row;
  if (alerts.table().state !== "ok")
    throw new WsightError("STORE_UNAVAILABLE", "Alerts are not read yet; try again in a moment");
  throw new WsightError("NOT_FOUND", `There is no ${what} ${id}`);
}
