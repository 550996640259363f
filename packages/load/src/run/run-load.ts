import type { LoadPlan, LoadProgress, LoadResult, LoadServerSide, WsightAccess } from "@wsight/protocol";
import { preflight, type ReadyPlan } from "../preflight/preflight.ts";
import { ServerWatch } from "../server-side/watch.ts";
import { machineNow } from "./machine-clock.ts";
import { RunRecord } from "./run-record.ts";
import { startWorker, type WorkerProcess } from "./worker-process.ts";

/** Between telling processes to go and their going, ms: all begin together. */
const GO_MS = 20;

/** How a run is watched and ended. */
export interface RunLoadOptions {
  /** Repeats the host of a target that is not this machine. @default null, which refuses those */
  readonly ownHost?: string | null;
  /** Ends the run in good order, with a result of what was run. */
  readonly signal?: AbortSignal;
  /** Hears how it goes, four times a second. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Hears what was looked at before the run. */
  readonly onReady?: (ready: ReadyPlan) => void;
  /** The hub of the target's own monitoring: its figures come into the result. @default none */
  readonly wsight?: WsightAccess | null;
}

/**
 * Runs a load test: looks at everything that can be known before, shares the
 * connections among processes of its own, and judges what came of it.
 * @throws WsightError `BAD_OPTION` or `TARGET_FAILED` when it cannot begin
 */
export async function runLoad(plan: LoadPlan, options: RunLoadOptions = {}): Promise<LoadResult> {
  const { ownHost = null, onProgress, onReady } = options;
  const signal = options.signal ?? new AbortController().signal;
  const [prepared, server] = await Promise.all([
    preflight(plan, ownHost),
    options.wsight ? ServerWatch.open(options.wsight) : null,
  ]);
  onReady?.(prepared);
  const record = new RunRecord(prepared);
  const workers = Array.from({ length: prepared.plan.processes }, () =>
    startWorker((report) => {
      if (report.type !== "slice") return;
      record.add(report);
      onProgress?.(record.progress());
    }),
  );
  const stop = (): void => {
    for (const worker of workers) worker.tell({ type: "stop" });
  };
  try {
    await begin(workers, prepared);
    record.begin();
    server?.begin();
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    record.end(await Promise.all(workers.map(({ done }) => done)), signal.aborted);
    return record.result(server === null ? null : await askServer(server, record));
  } finally {
    signal.removeEventListener("abort", stop);
    server?.close();
    await Promise.all(workers.map((worker) => worker.end()));
  }
}

/** What the server says is a bonus: a hub that fell silent under the load spoils no run. */
async function askServer(server: ServerWatch, record: RunRecord): Promise<LoadServerSide | null> {
  try {
    return await server.end(record.figures());
  } catch (error) {
    record.warn(`server: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

async function begin(workers: readonly WorkerProcess[], { plan, address }: ReadyPlan): Promise<void> {
  for (const [index, worker] of workers.entries())
    worker.tell({ type: "plan", plan, address, index, count: workers.length });
  await Promise.all(workers.map(({ ready }) => ready));
  const at = machineNow() + GO_MS;
  for (const worker of workers) worker.tell({ type: "go", at });
}
