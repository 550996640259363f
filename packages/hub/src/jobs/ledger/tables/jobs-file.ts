/** File of the tables within the data directory. */
export const JOBS_FILE = "jobs.db";
