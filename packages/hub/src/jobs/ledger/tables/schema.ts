import type { Dialect } from "../../../sql/database.ts";

/**
 * Step `i` takes the tables from version `i` to `i + 1`. Steps are only ever
 * added: tables of every earlier version are brought forward at open. A job is
 * kept as JSON, with what is searched for beside it: live ones one by one,
 * those that ended one for each life. Rows of `hub` belong to one hub; in a
 * file of its own it has no name. Times are ms epoch.
 */
export function jobSchema({ key, bytes }: Dialect): readonly string[] {
  return [
    `CREATE TABLE job_hubs (hub ${key} PRIMARY KEY, seen_at bigint NOT NULL);
     CREATE TABLE job_live (
       hub ${key} NOT NULL,
       queue ${key} NOT NULL,
       id ${key} NOT NULL,
       job text NOT NULL,
       PRIMARY KEY (hub, queue, id)
     );
     CREATE TABLE job_ended (
       hub ${key} NOT NULL,
       queue ${key} NOT NULL,
       id ${key} NOT NULL,
       created_at bigint NOT NULL,
       ended_at bigint NOT NULL,
       state text NOT NULL,
       user_id ${key},
       words text NOT NULL,
       job text NOT NULL,
       PRIMARY KEY (hub, queue, id, created_at)
     );
     CREATE INDEX job_ended_by_time ON job_ended (hub, ended_at, state);
     CREATE INDEX job_ended_by_queue ON job_ended (hub, queue, ended_at, state);
     CREATE INDEX job_ended_by_user ON job_ended (hub, user_id, ended_at) WHERE user_id IS NOT NULL;
     CREATE TABLE job_nodes (hub ${key} NOT NULL, key ${key} NOT NULL, bytes ${bytes} NOT NULL, PRIMARY KEY (hub, key));`,
  ];
}
