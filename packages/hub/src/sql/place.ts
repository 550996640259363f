import { resolve } from "node:path";
import { asFields, asText } from "@wsight/protocol";
import { writerNameOf } from "../store/postgres/writer-name.ts";
import { nameForOnce } from "../store/postgres/writers.ts";

const LONGEST_URL = 4096;

/** Where tables are. */
export type SqlPlace =
  | {
      readonly engine: "libsql";
      /** `null`: in memory, for as long as the process lives. */
      readonly dataDir: string | null;
    }
  | {
      readonly engine: "postgres";
      readonly url: string;
      /** Name of the hub: what it keeps of its own carries it. */
      readonly hub: string;
    };

/** Where a hub has its tables. One without a data directory is another one after each start. */
export async function placeOf(dataDir: string | null, store: string | undefined): Promise<SqlPlace> {
  const directory = dataDir === null ? null : resolve(dataDir);
  if (store === undefined) return { engine: "libsql", dataDir: directory };
  const hub = (directory === null ? null : await writerNameOf(directory)) ?? nameForOnce();
  return { engine: "postgres", url: store, hub };
}

/** Reads what a process is told. @throws WsightError `BAD_OPTION` */
export function parsePlace(value: unknown): SqlPlace {
  const fields = asFields("BAD_OPTION", "tables", value);
  if (fields.engine !== "postgres") return { engine: "libsql", dataDir: parseDirectory(fields.dataDir) };
  return {
    engine: "postgres",
    url: asText("BAD_OPTION", "url", fields.url, LONGEST_URL),
    hub: asText("BAD_OPTION", "hub", fields.hub),
  };
}

/** A directory, or `null` for none. @throws WsightError `BAD_OPTION` */
export function parseDirectory(value: unknown): string | null {
  return value === null ? null : asText("BAD_OPTION", "dataDir", value, LONGEST_URL);
}
