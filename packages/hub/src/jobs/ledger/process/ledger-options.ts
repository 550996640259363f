import { asFields, parseJson } from "@wsight/protocol";
import { parsePlace } from "../../../sql/place.ts";
import type { LedgerProcessOptions } from "./messages.ts";

/** Variable of the environment that tells the ledger's process its options. */
export const OPTIONS_VARIABLE = "WSIGHT_JOB_LEDGER";

/** Reads what the link passes to its process. @throws WsightError `BAD_OPTION` */
export function parseLedgerOptions(text: string | undefined): LedgerProcessOptions {
  const fields = asFields("BAD_OPTION", "job ledger", parseJson("BAD_OPTION", "job ledger", text ?? ""));
  return { tables: parsePlace(fields.tables) };
}
