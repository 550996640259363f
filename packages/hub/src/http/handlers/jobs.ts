import {
  asOneOf,
  expected,
  JOB_ACTIONS,
  JOB_SORTS,
  JOB_STATES,
  type JobDetail,
  type JobPage,
  type JobQuery,
  type JobState,
  MAX_JOB_ID,
  MAX_JOB_USER,
  MAX_QUEUE_NAME,
  WsightError,
} from "@wsight/protocol";
import type { Principal } from "../../access/principal.ts";
import type { Audit } from "../../audit.ts";
import type { JobAsks } from "../../jobs/job-asks.ts";
import type { Jobs } from "../../jobs/jobs.ts";
import { auditedRoute } from "../audited.ts";
import { readInteger, readOneOf } from "../query.ts";
import type { Route, RouteRequest } from "../route.ts";

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;
const MAX_OFFSET = 1_000_000;
const MAX_SEARCH = 128;
const SCOPES = ["known", "ended"] as const;

/** What these work with. */
export interface JobRouteParts {
  readonly jobs: Jobs;
  readonly jobAsks: JobAsks;
  readonly audit: Pick<Audit, "record">;
}

/** Jobs, queues and workers. A user is told of its own jobs alone, whatever it asks for. */
export function jobRoutes(parts: JobRouteParts): readonly Route[] {
  const { jobs } = parts;
  return [
    listRoute(jobs),
    {
      method: "GET",
      path: "/api/jobs/estimates",
      access: "viewer",
      summary: "How good estimates were: of all queues together, then of each",
      handle: () => ({ json: { records: jobs.records() } }),
    },
    jobRoute(jobs),
    lookRoute(parts),
    actionRoute(parts),
    {
      method: "GET",
      path: "/api/queues",
      access: "viewer",
      summary: "Queues as they stand, the fullest first",
      handle: () => ({ json: jobs.queues() }),
    },
    {
      method: "GET",
      path: "/api/workers",
      access: "viewer",
      summary: "Workers of all queues, those in trouble first, then the busiest",
      handle: () => ({ json: jobs.workers() }),
    },
  ];
}

function listRoute(jobs: Jobs): Route {
  return {
    method: "GET",
    path: "/api/jobs",
    access: "user",
    summary: "Jobs: one page, searched and sorted; a user gets its own",
    query: [
      {
        name: "scope",
        summary: "known: live ones and the newest 1000 that ended; ended: all that ended and are kept, newest first",
        schema: { type: "string", enum: SCOPES, default: "known" },
      },
      { name: "queue", summary: "Only of this queue", schema: { type: "string", maxLength: MAX_QUEUE_NAME } },
      { name: "state", summary: `Only these, with commas: ${JOB_STATES.join(", ")}`, schema: { type: "string" } },
      { name: "user", summary: "Only of this user", schema: { type: "string", maxLength: MAX_JOB_USER } },
      {
        name: "search",
        summary: "Part of an id, name, worker or user; of a label where it is shown, which to viewers it is not",
        schema: { type: "string", maxLength: MAX_SEARCH },
      },
      {
        name: "from",
        summary: "Of those that ended: from then on, ms epoch; with scope ended",
        schema: { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
      },
      {
        name: "to",
        summary: "Of those that ended: before then, ms epoch; with scope ended",
        schema: { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
      },
      { name: "sort", summary: "Order by", schema: { type: "string", enum: JOB_SORTS, default: "changedAt" } },
      { name: "order", summary: "Direction", schema: { type: "string", enum: ["asc", "desc"], default: "desc" } },
      {
        name: "offset",
        summary: "Rows to skip",
        schema: { type: "integer", minimum: 0, maximum: MAX_OFFSET, default: 0 },
      },
      {
        name: "limit",
        summary: "Rows to tell",
        schema: { type: "integer", minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT },
      },
    ],
    refuses: [503],
    handle: async ({ query, principal }) => {
      const asked = readQuery(query, principal);
      const scope = readOneOf("scope", query.get("scope"), SCOPES, "known");
      const page = scope === "known" ? await jobs.listInTurns(asked) : await jobs.ended(asked);
      return { json: pageFor(principal, page) };
    },
  };
}

function jobRoute(jobs: Jobs): Route {
  return {
    method: "GET",
    path: "/api/jobs/:queue/:id",
    access: "user",
    summary: "One job: its steps, its estimate and why; a user gets its own",
    refuses: [503],
    handle: async ({ params, principal }) => {
      const detail = await findJob(jobs, params, principal);
      return { json: detailFor(principal, detail) };
    },
  };
}

function lookRoute({ jobs, jobAsks }: JobRouteParts): Route {
  return {
    method: "GET",
    path: "/api/jobs/:queue/:id/look",
    access: "admin",
    summary: "A job as its own queue keeps it: data, log and stack traces, asked of a process that watches the queue",
    refuses: [503],
    handle: async ({ params, principal, signal }) => {
      const { queue, id } = await findJob(jobs, params, principal);
      const { look, node } = await jobAsks.look(queue, id, signal);
      return { json: { ...look, node } };
    },
  };
}

function actionRoute({ jobs, jobAsks, audit }: JobRouteParts): Route {
  return auditedRoute(audit, {
    method: "POST",
    path: "/api/jobs/:queue/:id/actions/:action",
    action: ({ action }) => `job.${JOB_ACTIONS.find((one) => one === action) ?? "unknown"}`,
    targetOf: ({ queue, id }) => `${queue}/${id}`,
    summary: `Have something done to a job, ${JOB_ACTIONS.join(", ")}, by a process that watches its queue; audited`,
    refuses: [503],
    body: { type: "object", additionalProperties: false },
    handle: async ({ params, principal }) => {
      const action = asOneOf("BAD_REQUEST", "action", params.action, JOB_ACTIONS);
      const { queue, id } = await findJob(jobs, params, principal);
      const node = await jobAsks.act(queue, id, action);
      return { reply: { json: { done: true, action, node } }, detail: `by ${node}` };
    },
  });
}

/** @throws WsightError `NOT_FOUND` for one that is not known, and for a user also for those of others */
async function findJob(jobs: Jobs, params: RouteRequest["params"], principal: Principal | null): Promise<JobDetail> {
  const { queue = "", id = "" } = params;
  const isName = queue.length <= MAX_QUEUE_NAME && id.length <= MAX_JOB_ID;
  const detail = isName ? await jobs.find(queue, id) : null;
  if (detail !== null && maySee(principal, detail)) return detail;
  throw new WsightError("NOT_FOUND", "There is no such job");
}

function maySee(principal: Principal | null, { userId }: JobDetail): boolean {
  if (principal === null) return false;
  return principal.role !== "user" || userId === principal.sub;
}

/** What people call a job is for its owner and for administrators. */
function pageFor(principal: Principal | null, page: JobPage): JobPage {
  if (principal?.role === "admin") return page;
  // How many others have is nothing for a user.
  if (principal?.role === "user") return { ...page, known: page.matched };
  return { ...page, rows: page.rows.map((row) => (row.userId === principal?.sub ? row : { ...row, label: null })) };
}

function detailFor(principal: Principal | null, detail: JobDetail): JobDetail {
  if (principal?.role === "admin") return detail;
  const isOwner = detail.userId !== null && detail.userId === principal?.sub;
  const { explanation } = detail;
  return {
    ...detail,
    can: [],
    label: isOwner ? detail.label : null,
    result: isOwner ? detail.result : null,
    // Those may be somebody else's.
    explanation: explanation === null || principal?.role !== "user" ? explanation : { ...explanation, similar: [] },
  };
}

function readQuery(query: URLSearchParams, principal: Principal | null): JobQuery {
  return {
    queue: readName("queue", query.get("queue"), MAX_QUEUE_NAME),
    states: readStates(query),
    userId: principal?.role === "user" ? principal.sub : readName("user", query.get("user"), MAX_JOB_USER),
    search: readName("search", query.get("search"), MAX_SEARCH) ?? "",
    // What is not shown can't be found out by searching for it either.
    withoutLabels: principal?.role === "viewer",
    endedFrom: readInstant("from", query.get("from")),
    endedBefore: readInstant("to", query.get("to")),
    sort: readOneOf("sort", query.get("sort"), JOB_SORTS, "changedAt"),
    descending: readOneOf("order", query.get("order"), ["asc", "desc"], "desc") === "desc",
    offset: readInteger("offset", query.get("offset"), 0, MAX_OFFSET, 0),
    limit: readInteger("limit", query.get("limit"), 1, MAX_LIMIT, DEFAULT_LIMIT),
  };
}

function readInstant(name: string, text: string | null): number | undefined {
  return text === null ? undefined : readInteger(name, text, 0, Number.MAX_SAFE_INTEGER, 0);
}

function readName(name: string, text: string | null, max: number): string | null {
  if (text === null || text === "") return null;
  if (text.length <= max) return text;
  throw expected("BAD_REQUEST", name, `at most ${max} characters`, text);
}

function readStates(query: URLSearchParams): readonly JobState[] {
  const words = query
    .getAll("state")
    .flatMap((text) => text.split(","))
    .filter((word) => word !== "");
  return [...new Set(words.map((word) => asOneOf("BAD_REQUEST", "state", word, JOB_STATES)))];
}
