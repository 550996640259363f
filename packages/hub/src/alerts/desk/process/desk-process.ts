import { answerCalls } from "../../../keeping/answer-calls.ts";
import { createDispatcher } from "../../notify/dispatcher.ts";
import { Sealer } from "../sealing.ts";
import { openAlertTables } from "../tables/open-tables.ts";
import { OPTIONS_VARIABLE, parseDeskOptions } from "./desk-options.ts";
import { DeskWork } from "./desk-work.ts";
import type { DeskCalls, DeskEvent } from "./messages.ts";

// Entry of the desk's process: keeps alerts and sends notices.
await answerCalls<DeskCalls, DeskEvent>("alerts", async (report) => {
  const { tables: place, key, instance, notifyHosts, dataDir } = parseDeskOptions(process.env[OPTIONS_VARIABLE]);
  delete process.env[OPTIONS_VARIABLE];
  const now = (): number => Date.now();
  const tables = await openAlertTables({
    place,
    now,
    onFileChange: ({ movedTo, reason }) => report({ type: "set-aside", movedTo, reason }),
  });
  return new DeskWork({
    tables,
    sealer: new Sealer(key),
    instance,
    notifyHosts,
    dataDir,
    now,
    report,
    dispatch: (parts) => createDispatcher(parts),
  });
});
