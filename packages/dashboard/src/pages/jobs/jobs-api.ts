import {
  asFields,
  asList,
  asNumber,
  type EstimateRecord,
  type EstimationAnswer,
  type EstimationTest,
  type JobAction,
  type JobDetail,
  type JobLook,
  type JobPage,
  type JobRow,
  type JobSort,
  type JobState,
} from "@wsight/protocol";
import type { RowWindow } from "../../lists/row-book.ts";
import type { HubAsk } from "../alerts/hub-ask.ts";

const BAD = "BAD_FRAME";

/** Which jobs are asked for. */
export interface JobsQuery {
  /** `null` for all. */
  readonly queue: string | null;
  /** Empty: in any state. */
  readonly states: readonly JobState[];
  readonly search: string;
  /** Those that ended within a time of the past, ms epoch; `null` for those that are known now. */
  readonly ended: { readonly from: number; readonly to: number } | null;
  readonly sort: JobSort;
  readonly descending: boolean;
}

/** Which job is meant. */
export interface JobName {
  readonly queue: string;
  readonly id: string;
}

/** Questions about jobs. All throw `WsightError`; `INTERNAL` when nobody answered. */
export interface JobsApi {
  list(query: JobsQuery, window: RowWindow, signal: AbortSignal): Promise<JobPage>;
  detail(name: JobName, signal: AbortSignal): Promise<JobDetail>;
  /** The job as its own queue keeps it, for administrators. */
  look(name: JobName, signal: AbortSignal): Promise<JobLook>;
  /** Has its queue do something to a job, for administrators. */
  act(name: JobName, action: JobAction): Promise<void>;
  /** How good estimates were, all queues together first. */
  records(signal: AbortSignal): Promise<readonly EstimateRecord[]>;
  /** What if such a job were queued now. */
  test(question: EstimationTest): Promise<EstimationAnswer>;
}

/** @param ask with paths after `/api/` */
export function createJobsApi(ask: HubAsk): JobsApi {
  return {
    async list(query, { offset, limit }, signal) {
      return readPage(await ask("GET", `jobs?${toParams(query, offset, limit)}`, { signal }));
    },
    async detail(name, signal) {
      const fields = asFields(BAD, "job", await ask("GET", pathOf(name), { signal }));
      asList(BAD, "steps", fields.steps, 1000);
      asList(BAD, "can", fields.can, 100);
      return fields as unknown as JobDetail;
    },
    async look(name, signal) {
      const fields = asFields(BAD, "look", await ask("GET", `${pathOf(name)}/look`, { signal }));
      asList(BAD, "logs", fields.logs, 1000);
      return fields as unknown as JobLook;
    },
    async act(name, action) {
      await ask("POST", `${pathOf(name)}/actions/${action}`, { body: {} });
    },
    async records(signal) {
      const fields = asFields(BAD, "estimates", await ask("GET", "jobs/estimates", { signal }));
      return readRows<EstimateRecord>("records", fields.records);
    },
    async test(question) {
      const fields = asFields(BAD, "estimate", await ask("POST", "dashboard/estimation/test", { body: question }));
      asFields(BAD, "estimate", fields.estimate);
      return fields as unknown as EstimationAnswer;
    },
  };
}

function toParams(
  { queue, states, search, ended, sort, descending }: JobsQuery,
  offset: number,
  limit: number,
): string {
  return new URLSearchParams({
    ...(queue === null ? {} : { queue }),
    ...(states.length === 0 ? {} : { state: states.join(",") }),
    ...(search === "" ? {} : { search }),
    ...(ended === null ? {} : { scope: "ended", from: String(ended.from), to: String(ended.to) }),
    sort,
    order: descending ? "desc" : "asc",
    offset: String(offset),
    limit: String(limit),
  }).toString();
}

function pathOf({ queue, id }: JobName): string {
  return `jobs/${encodeURIComponent(queue)}/${encodeURIComponent(id)}`;
}

/** Rows are looked at down to their outer shape only: the hub has parsed them. */
function readPage(value: unknown): JobPage {
  const fields = asFields(BAD, "jobs", value);
  return {
    at: asNumber(BAD, "at", fields.at, 0),
    known: asNumber(BAD, "known", fields.known, 0),
    matched: asNumber(BAD, "matched", fields.matched, 0),
    rows: readRows<JobRow>("rows", fields.rows),
  };
}

function readRows<Row>(where: string, value: unknown): readonly Row[] {
  const rows = asList(BAD, where, value, 1000);
  for (const row of rows) asFields(BAD, where, row);
  return rows as readonly Row[];
}
