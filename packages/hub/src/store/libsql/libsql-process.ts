import { WsightError } from "@wsight/protocol";
import { HistoryDatabase } from "./database.ts";
import type { FromStoreProcess, StoreCall, StoreCalls, ToStoreProcess } from "./messages.ts";
import { parseDatabaseOptions } from "./process-link.ts";

// Entry of the store's process: holds the database and answers one call at a time, in order.
// It lives as long as its channel: Ctrl-C and a service manager's signal reach it together with
// its parent, which still has a last interval to write.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

const post = (message: FromStoreProcess): void => {
  process.send?.(message, undefined, undefined, () => undefined);
};
const database = new HistoryDatabase(parseDatabaseOptions(process.argv[2]), (event) => post({ type: "event", event }));

process.on("message", ({ id, call, argument }: ToStoreProcess) => {
  try {
    post({ type: "answer", id, answer: run(call, argument) });
  } catch (error) {
    const { code, message } =
      error instanceof WsightError ? error : new WsightError("STORE_UNAVAILABLE", String(error));
    post({ type: "refused", id, code, message });
  }
});
process.on("disconnect", () => {
  try {
    database.calls.close(null);
  } finally {
    process.exit();
  }
});

function run(call: StoreCall, argument: StoreCalls[StoreCall]["argument"]): StoreCalls[StoreCall]["answer"] {
  const work = database.calls[call] as (argument: StoreCalls[StoreCall]["argument"]) => StoreCalls[StoreCall]["answer"];
  return work(argument);
}
