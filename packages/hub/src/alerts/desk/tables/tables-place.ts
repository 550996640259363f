/** File of the tables within the data directory. */
export const ALERTS_FILE = "alerts.db";

/** Where the tables are. */
export type AlertTablesPlace =
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
