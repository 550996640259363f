import { asFields, asNumber, asText, expected, parseJson } from "@wsight/protocol";
import type { ProcessOptions, TablesOptions } from "./messages.ts";

const LONGEST_URL = 4096;
/** Variable of the environment that tells the store's process its options. */
export const OPTIONS_VARIABLE = "WSIGHT_STORE_PROCESS";

/** Reads what the link passes to its process. @throws WsightError `BAD_OPTION` */
export function parseProcessOptions(text: string | undefined): ProcessOptions {
  const fields = asFields("BAD_OPTION", "store process", parseJson("BAD_OPTION", "store process", text ?? ""));
  const { keepMs, maxBytes } = fields;
  if (!Array.isArray(keepMs)) throw expected("BAD_OPTION", "keepMs", "a list of times", keepMs);
  return {
    tables: parseTables(asFields("BAD_OPTION", "tables", fields.tables)),
    // What is kept forever is no number in JSON.
    keepMs: keepMs.map((ms: unknown) => (ms === null ? Infinity : asNumber("BAD_OPTION", "keepMs", ms, 0))),
    maxBytes: maxBytes === null ? null : asNumber("BAD_OPTION", "maxBytes", maxBytes, 1),
  };
}

function parseTables(fields: Readonly<Record<string, unknown>>): TablesOptions {
  if (fields.engine === "postgres") {
    return {
      engine: "postgres",
      url: asText("BAD_OPTION", "url", fields.url, LONGEST_URL),
      writer: asText("BAD_OPTION", "writer", fields.writer),
      connectMs: fields.connectMs === null ? null : asNumber("BAD_OPTION", "connectMs", fields.connectMs, 1),
      answerMs: fields.answerMs === null ? null : asNumber("BAD_OPTION", "answerMs", fields.answerMs, 1),
    };
  }
  return {
    engine: "libsql",
    dataDir: asText("BAD_OPTION", "dataDir", fields.dataDir, LONGEST_URL),
    file: asText("BAD_OPTION", "file", fields.file),
  };
}
