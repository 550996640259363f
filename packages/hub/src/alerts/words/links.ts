import { pageOfMetric } from "@wsight/protocol";
import type { NoticeFacts } from "./vocabulary.ts";

const AROUND_MS = 15 * 60_000;
const BEFORE_MS = 5 * 60_000;

/** Address of the page and time that show what happened; empty when the hub does not know its own address. */
export function momentUrl({ rule, state, at, activeAt, firedAt }: NoticeFacts, publicUrl: string | null): string {
  if (publicUrl === null || publicUrl === "") return "";
  const page = pageOfMetric(rule.metric);
  const begin = Math.min(activeAt ?? at, firedAt ?? at) - BEFORE_MS;
  const node =
    state.labels.node === undefined ? "" : `&node=${encodeURIComponent(state.labels.node).replaceAll("%2F", "/")}`;
  return `${publicUrl.replace(/\/+$/, "")}/dashboard#/${page}?from=${begin}&to=${begin + AROUND_MS}${node}`;
}
