import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { ErrorsByType, RecentErrors } from "./errors.tsx";
import { Kpis } from "./kpis.tsx";
import { RateByType } from "./rate-by-type.tsx";
import { Rates } from "./rates.tsx";
import { ON_SCREEN } from "./selectors.ts";
import { LiveTail } from "./tail.tsx";
import { TypesTable } from "./types-table.tsx";

/** What is said: rates, types, errors, and the messages themselves as they pass. */
export function Messages(): VNode {
  const { live } = useApp();
  useEffect(() => live.use(ON_SCREEN), [live]);
  return (
    <>
      <Kpis />
      <div class="grid">
        <RateByType />
        <Rates />
        <TypesTable />
        <ErrorsByType />
        <RecentErrors />
        <LiveTail />
      </div>
    </>
  );
}
