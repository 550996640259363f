import { WsightError } from "@wsight/protocol";
import { createDispatcher } from "../../notify/dispatcher.ts";
import { Sealer } from "../sealing.ts";
import { openAlertTables } from "../tables/open-tables.ts";
import { OPTIONS_VARIABLE, parseDeskOptions } from "./desk-options.ts";
import { DeskWork } from "./desk-work.ts";
import type { DeskCall, DeskEvent, FromDeskProcess, ToDeskProcess } from "./messages.ts";

// Entry of the desk's process: keeps alerts and sends notices. It lives as long as its channel: Ctrl-C and a service
// manager's signal reach it together with its parent, which still has a last second to write.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

// Files of the database hold addresses of people and of receivers: for nobody else to read.
process.umask(0o077);

const post = (message: FromDeskProcess): void => {
  process.send?.(message, undefined, undefined, () => undefined);
};
const report = (event: DeskEvent): void => post({ type: "event", event });

process.on("uncaughtException", (error) => {
  const trouble: FromDeskProcess = { type: "event", event: { type: "trouble", reason: error.message } };
  // It is started anew: whatever state it is in now, nobody knows.
  if (process.send === undefined) process.exit(1);
  process.send(trouble, undefined, undefined, () => process.exit(1));
});

const { tables: place, key, instance, notifyHosts, dataDir } = parseDeskOptions(process.env[OPTIONS_VARIABLE]);
delete process.env[OPTIONS_VARIABLE];
const now = (): number => Date.now();
const tables = await openAlertTables({
  place,
  now,
  onFileChange: ({ movedTo, reason }) => report({ type: "set-aside", movedTo, reason }),
});
const work = new DeskWork({
  tables,
  sealer: new Sealer(key),
  instance,
  notifyHosts,
  dataDir,
  now,
  report,
  dispatch: (parts) => createDispatcher(parts),
});

process.on("message", (message: ToDeskProcess) => void run(message));
process.on("disconnect", () => {
  void work.close().finally(() => process.exit());
});

async function run<Call extends DeskCall>({ id, call, argument }: ToDeskProcess<Call>): Promise<void> {
  try {
    post({ type: "answer", id, answer: await work.answers[call](argument) });
  } catch (error) {
    const { code, message, details } =
      error instanceof WsightError ? error : new WsightError("STORE_UNAVAILABLE", `alerts: ${String(error)}`);
    post({ type: "refused", id, code, message, details });
  }
}
