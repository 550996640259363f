import type { VNode } from "preact";
import { LiveOnly } from "../../components/live-only.tsx";
import { useOnScreen } from "../use-on-screen.ts";
import { Charts } from "./charts.tsx";
import { FileSystems } from "./file-systems.tsx";
import { NodeCards } from "./node-cards.tsx";
import { Processes } from "./processes.tsx";
import { Collectors, Runtime } from "./runtime.tsx";
import { GC_TYPES, SERIES } from "./selectors.ts";
import "../../style/system.css";

const ON_SCREEN = {
  series: [...Object.values(SERIES), ...GC_TYPES.flatMap(({ rate, mean }) => [rate, mean])],
  tables: ["nodes", "collectors"],
  past: ["nodes"],
} as const;

/** What the processes and their hosts use, node by node, and every process there is. */
export function System(): VNode {
  useOnScreen(ON_SCREEN);
  return (
    <>
      <NodeCards />
      <Charts />
      <LiveOnly card="Processes">
        <Processes />
      </LiveOnly>
      <div class="grid">
        <div class="column span-5">
          <Runtime />
          <FileSystems />
        </div>
        <Collectors />
      </div>
    </>
  );
}
