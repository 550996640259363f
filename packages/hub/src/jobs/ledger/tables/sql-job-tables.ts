import type { SqlDatabase } from "../../../sql/database.ts";
import { createHubName, noteHub } from "../../../sql/hub-name.ts";
import type { JobTables } from "../job-tables.ts";
import { findEnded, findJob, pruneEnded, pruneStrangers, readPart, saveJobs } from "./jobs.ts";
import { saveNodes } from "./learned.ts";

/** Table of the hubs that share the others. */
const HUBS = "job_hubs";

/** What tables are made from. */
export interface SqlJobTablesParts {
  readonly database: SqlDatabase;
  /** Name that the hub wishes to have; empty in a file of its own. */
  readonly hub: string;
  /** ms epoch. */
  readonly now: () => number;
}

/** The tables in any database that speaks SQL as {@link SqlDatabase} says. */
export function createSqlJobTables({ database, hub: wished, now }: SqlJobTablesParts): JobTables {
  const own = createHubName({ database, hubs: HUBS, wished, now });

  return {
    save: ({ jobs, nodes }) =>
      own.write(async (sql, hub) => {
        await saveJobs(sql, hub, jobs);
        await saveNodes(sql, hub, nodes);
      }),
    load: (after) => own.read((sql, hub) => readPart(sql, hub, after)),
    ended: (query) => own.read((sql, hub) => findEnded(sql, hub, query)),
    find: (queue, id) => own.read((sql, hub) => findJob(sql, hub, queue, id)),
    async beat(at) {
      // A file is one hub's alone.
      if (wished !== "") await own.write((sql, hub) => noteHub(sql, HUBS, hub, at));
    },
    async prune(at) {
      while (await own.write((sql, hub) => pruneEnded(sql, hub, at)));
      if (wished !== "") while (await database.write((sql) => pruneStrangers(sql, HUBS, at)));
    },
    async close() {
      await own.leave();
      await database.close();
    },
  };
}
