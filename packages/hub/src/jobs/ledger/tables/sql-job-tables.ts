import type { Sql, SqlDatabase } from "../../../sql/database.ts";
import { leaveHubName, noteHub, takeHubName } from "../../../sql/hub-name.ts";
import type { JobTables } from "../job-tables.ts";
import { findEnded, findJob, pruneEnded, pruneStrangers, readPart, saveJobs } from "./jobs.ts";
import { saveNodes, saveNotes } from "./learned.ts";

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
  let hub: string | null = wished === "" ? "" : null;

  /** As whom all of this is kept: known with the first call that gets through. */
  async function hubName(): Promise<string> {
    hub ??= await database.write((sql) => takeHubName(sql, HUBS, wished, now()));
    return hub;
  }
  const read = async <T>(work: (sql: Sql, own: string) => Promise<T>): Promise<T> => {
    const own = await hubName();
    return database.read((sql) => work(sql, own));
  };
  const write = async <T>(work: (sql: Sql, own: string) => Promise<T>): Promise<T> => {
    const own = await hubName();
    return database.write((sql) => work(sql, own));
  };

  return {
    save: ({ jobs, nodes, notes }) =>
      write(async (sql, own) => {
        await saveJobs(sql, own, jobs);
        await saveNodes(sql, own, nodes);
        await saveNotes(sql, own, notes);
      }),
    load: (after) => read((sql, own) => readPart(sql, own, after)),
    ended: (query) => read((sql, own) => findEnded(sql, own, query)),
    find: (queue, id) => read((sql, own) => findJob(sql, own, queue, id)),
    async beat(at) {
      // A file is one hub's alone.
      if (wished !== "") await write((sql, own) => noteHub(sql, HUBS, own, at));
    },
    async prune(at) {
      while (await write((sql, own) => pruneEnded(sql, own, at)));
      if (wished !== "") while (await database.write((sql) => pruneStrangers(sql, HUBS, at)));
    },
    async close() {
      const known = hub;
      // A hub that has no name to come back to leaves this one to the next.
      if (known !== null && known !== "") {
        await database.write((sql) => leaveHubName(sql, HUBS, known, now())).catch(() => undefined);
      }
      await database.close();
    },
  };
}
