import { answerCalls } from "../../../keeping/answer-calls.ts";
import { openJobTables } from "../tables/open-tables.ts";
import { OPTIONS_VARIABLE, parseLedgerOptions } from "./ledger-options.ts";
import { LedgerWork } from "./ledger-work.ts";
import type { LedgerCalls, LedgerEvent } from "./messages.ts";

// Entry of the ledger's process: keeps jobs, and what was learned from them.
await answerCalls<LedgerCalls, LedgerEvent>("jobs", async (report) => {
  const { tables: place } = parseLedgerOptions(process.env[OPTIONS_VARIABLE]);
  delete process.env[OPTIONS_VARIABLE];
  const now = (): number => Date.now();
  const tables = await openJobTables(place, now, ({ movedTo, reason }) =>
    report({ type: "set-aside", movedTo, reason }),
  );
  return new LedgerWork({ tables, now, report });
});
