import { parentPort, workerData } from "node:worker_threads";
import { WsightError } from "@wsight/protocol";
import { HistoryDatabase } from "./database.ts";
import type { DatabaseOptions, FromStoreWorker, StoreCall, StoreCalls, ToStoreWorker } from "./messages.ts";

// Entry of the store's worker thread: holds the database and answers one call at a time, in order.
const port = parentPort;
if (port === null) throw new Error("libsql-worker runs as a worker thread only");

const post = (message: FromStoreWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
const database = new HistoryDatabase(workerData as DatabaseOptions, (event) => post({ type: "event", event }));

port.on("message", ({ id, call, argument }: ToStoreWorker) => {
  try {
    const answer = run(call, argument);
    post({ type: "answer", id, answer }, buffersOf(answer));
  } catch (error) {
    const { code, message } =
      error instanceof WsightError ? error : new WsightError("STORE_UNAVAILABLE", String(error));
    post({ type: "refused", id, code, message });
  }
  if (call === "close") port.close();
});

function run(call: StoreCall, argument: StoreCalls[StoreCall]["argument"]): StoreCalls[StoreCall]["answer"] {
  const work = database.calls[call] as (argument: StoreCalls[StoreCall]["argument"]) => StoreCalls[StoreCall]["answer"];
  return work(argument);
}

function buffersOf(answer: StoreCalls[StoreCall]["answer"]): ArrayBuffer[] {
  if (answer === null || typeof answer !== "object" || !("next" in answer)) return [];
  const { numbers, histogramSizes, histograms } = answer.samples;
  return [numbers.buffer, histogramSizes.buffer, histograms.buffer];
}
