import type { JobPage, JobSort } from "@wsight/protocol";
import type { Order, RowKind } from "../../lists/row-book.ts";
import { type PageParts, RowFeed } from "../../lists/row-feed.ts";
import { type JobMemory, keyOf, type ShownJob } from "./job-memory.ts";
import type { JobsApi, JobsQuery } from "./jobs-api.ts";

/** What jobs are ordered by. */
export type JobOrder = Order<JobSort>;

/** A window of jobs as they are shown. */
type ShownPage = Omit<JobPage, "rows"> & { readonly rows: readonly ShownJob[] };

/** Keeps jobs on screen current. */
export type JobFeed = RowFeed<ShownJob, JobsQuery, ShownPage>;

const JOB_ROWS: RowKind<ShownJob, JobSort, ShownPage> = {
  keyOf,
  bornAt: ({ queuedAt, changedAt }) => queuedAt ?? changedAt,
  // Jobs are put back, tried again and told of late: no order of theirs is for good.
  steady: () => null,
  renewed: (_before, now) => now,
  tellsOf: () => true,
};

interface JobFeedParts extends PageParts {
  readonly api: Pick<JobsApi, "list">;
  readonly memory: JobMemory;
}

/** Makes one; it asks once it is told what for. */
export function createJobFeed({ api, memory, ...parts }: JobFeedParts): JobFeed {
  return new RowFeed({
    ...parts,
    kind: JOB_ROWS,
    list: async (query, window, signal) => {
      const page = await api.list(query, window, signal);
      return { ...page, rows: page.rows.map((job) => memory.show(job, page.at)) };
    },
  });
}
