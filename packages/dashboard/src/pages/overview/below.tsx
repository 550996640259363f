import type { VNode } from "preact";
import { useOnScreen } from "../use-on-screen.ts";
import { COMPONENT_SERIES, ComponentTiles } from "./component-tiles.tsx";
import { CloseReasons, Errors } from "./faults.tsx";
import { SystemCard } from "./system-card.tsx";

const ON_SCREEN = { series: COMPONENT_SERIES, tables: ["errors", "closes", "components"] } as const;

/** What of the page stands below the first view. */
export function Below(): VNode {
  useOnScreen(ON_SCREEN);
  return (
    <>
      <ComponentTiles />
      <div class="grid">
        <Errors />
        <CloseReasons />
        <SystemCard />
      </div>
    </>
  );
}
