import type { VNode } from "preact";
import { countState } from "./sections.ts";
import { useReport } from "./use-report.ts";

const EVERY_MS = 60_000;

/** How many checks fail, beside the link to the page; nothing while none does. */
export function SetupBadge(): VNode | null {
  const { dated } = useReport(EVERY_MS);
  const fails = countState(dated?.report.checks ?? [], "fail");
  if (fails === 0) return null;
  return (
    <small class="nav-badge">
      {fails}
      <span class="sr-only"> {fails === 1 ? "check fails" : "checks fail"}</span>
    </small>
  );
}
