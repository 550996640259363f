import process from "node:process";
import { wireTargetOf } from "../target.ts";
import { Engine } from "./engine.ts";
import type { RunOrder, RunReport } from "./messages.ts";

/** A process of a run: hears its plan over IPC, says how it goes, and ends when its parent is gone. */
function serve(): void {
  let engine: Engine | null = null;
  const tell = (report: RunReport): void => {
    if (process.connected) process.send?.(report);
  };

  async function run(running: Engine, at: number): Promise<void> {
    await running.run(at);
    tell({ type: "done", cpu: running.cpu });
    if (process.connected) process.disconnect();
  }

  process.on("message", (order: RunOrder) => {
    if (order.type === "plan") {
      const { plan, address, index, count } = order;
      engine = new Engine({ plan, target: wireTargetOf(plan.target, address), index, count, onSlice: tell });
      tell({ type: "ready" });
    } else if (order.type === "go" && engine !== null) void run(engine, order.at);
    else if (order.type === "stop") engine?.stop();
  });
  // A Ctrl-C in a terminal reaches every process there; the parent says what is to be done about it.
  process.on("SIGINT", () => undefined);
  process.on("disconnect", () => process.exit());
}

serve();
