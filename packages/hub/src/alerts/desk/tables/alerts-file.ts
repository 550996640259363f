/** File of the tables within the data directory. */
export const ALERTS_FILE = "alerts.db";
