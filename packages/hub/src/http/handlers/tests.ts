import {
  LOAD_LIBRARIES,
  LOAD_REPLIES,
  PROFILE_NAMES,
  TEST_KINDS,
  TEST_REPORTS,
  type TestKind,
  type TestReportFormat,
  WsightError,
} from "@wsight/protocol";
import { createRateLimit } from "../../access/rate-limit.ts";
import type { Audit, AuditEntry } from "../../audit.ts";
import { rateLimited } from "../../errors.ts";
import type { Tests } from "../../tests/tests.ts";
import { readOneOf } from "../query.ts";
import type { Route, RouteRequest } from "../route.ts";

/** Tests that one principal may start within a minute. */
const STARTS_PER_MINUTE = 10;
/** Reports that one principal may have written within a minute. */
const REPORTS_PER_MINUTE = 30;

const SUMMARIES: Readonly<Record<TestKind, string>> = {
  server: "Test a server: upgrade, auth, origin, ping, payload and close; audited",
  pool: "Test how connections spread over workers; audited",
  echo: "Send messages one after another and time their answers; audited",
  load: "Put a server under load; audited",
};

const TEXT = { type: "string" } as const;
const COUNT = { type: "integer", minimum: 1 } as const;
const SECONDS = { type: "number", exclusiveMinimum: 0 } as const;
const TARGET = {
  url: { ...TEXT, description: "Own server, or one whose host is in testTargets; without it the first own server" },
  library: { enum: LOAD_LIBRARIES },
  namespace: TEXT,
  auth: { description: "Payload of the Socket.IO handshake" },
  headers: { type: "object", additionalProperties: TEXT },
  protocols: { type: "array", items: TEXT },
  insecure: { type: "boolean" },
} as const;
const MESSAGE = { event: TEXT, message: TEXT } as const;
const REPLY = { enum: LOAD_REPLIES } as const;

/** What each test may be asked for; nothing is required. */
const BODIES: Readonly<Record<TestKind, NonNullable<Route["body"]>>> = {
  server: objectOf(MESSAGE),
  pool: objectOf({ connections: COUNT, workerHeader: TEXT, workerField: TEXT }),
  echo: objectOf({ count: COUNT, size: { type: "integer", minimum: 0 }, reply: REPLY, ...MESSAGE }),
  load: objectOf({
    profile: { enum: PROFILE_NAMES },
    connections: COUNT,
    interval: SECONDS,
    duration: SECONDS,
    ramp: { type: "number", minimum: 0 },
    reply: REPLY,
    timeoutMs: COUNT,
    expect: { type: "array", items: { ...TEXT, examples: ["p99<50"] } },
    processes: COUNT,
    ...MESSAGE,
  }),
};

function objectOf(properties: Readonly<Record<string, unknown>>): NonNullable<Route["body"]> {
  return { type: "object", additionalProperties: false, properties: { ...TARGET, ...properties } };
}

/** What tests over HTTP work with. */
export interface TestRouteParts {
  readonly tests: Tests;
  readonly audit: Pick<Audit, "record">;
  /** ms epoch. */
  readonly now: () => number;
}

/** Everything about tests, in the order of a table of routes. */
export function testRoutes(parts: TestRouteParts): readonly Route[] {
  const starts = createRateLimit(STARTS_PER_MINUTE, parts.now);
  return [
    listRoute(parts),
    ...TEST_KINDS.map((kind) => startRoute(kind, parts, (sub) => spend(starts, sub))),
    showRoute(parts),
    cancelRoute(parts),
    reportRoute(parts),
  ];
}

function listRoute({ tests }: TestRouteParts): Route {
  return {
    method: "GET",
    path: "/api/tests",
    access: "viewer",
    summary: "Tests, newest first, which of them runs, and what may be tested",
    handle: async () => ({ json: await tests.list() }),
  };
}

function startRoute(kind: TestKind, { tests, audit }: TestRouteParts, spendStart: (sub: string) => void): Route {
  const note = noteTo(audit, `test.start`);
  return {
    method: "POST",
    path: `/api/tests/${kind}`,
    access: "admin",
    summary: SUMMARIES[kind],
    answers: 202,
    body: BODIES[kind],
    onRefused: (request) => note(request, kind, "refused", null),
    handle: async (request) => {
      const by = request.principal?.sub ?? "";
      spendStart(by);
      try {
        const { id, target } = tests.start(kind, request.body, by);
        await note(request, `${kind} ${target}`, "done", id);
        return { status: 202, json: { id } };
      } catch (error) {
        await note(request, `${kind} ${targetOf(request.body)}`, "failed", messageOf(error));
        throw error;
      }
    },
  };
}

function showRoute({ tests }: TestRouteParts): Route {
  return {
    method: "GET",
    path: "/api/tests/:id",
    access: "viewer",
    summary: "One test: how it goes, or what came of it",
    handle: async ({ params: { id = "" } }) => ({ json: await tests.read(id) }),
  };
}

function cancelRoute({ tests, audit }: TestRouteParts): Route {
  const note = noteTo(audit, "test.cancel");
  return {
    method: "DELETE",
    path: "/api/tests/:id",
    access: "admin",
    summary: "End the test that runs; audited",
    onRefused: (request) => note(request, request.params.id ?? "", "refused", null),
    handle: async (request) => {
      const { id = "" } = request.params;
      try {
        const { kind, target, state } = await tests.cancel(id);
        await note(request, `${kind} ${target}`, "done", id);
        return { json: { id, state } };
      } catch (error) {
        await note(request, id, "failed", messageOf(error));
        throw error;
      }
    },
  };
}

function reportRoute({ tests, now }: TestRouteParts): Route {
  const reports = createRateLimit(REPORTS_PER_MINUTE, now);
  return {
    method: "GET",
    path: "/api/tests/:id/report",
    access: "viewer",
    summary: "What came of a test as a file; all formats but json are of load tests",
    query: [{ name: "format", summary: "Which", schema: { type: "string", enum: TEST_REPORTS, default: "json" } }],
    handle: async ({ params: { id = "" }, query, principal }) => {
      const format: TestReportFormat = readOneOf("format", query.get("format"), TEST_REPORTS, "json");
      spend(reports, principal?.sub ?? "");
      const { type, text, policy } = await tests.report(id, format);
      const name = `wsight-${id}.${format === "junit" ? "xml" : format}`;
      const headers =
        policy === null
          ? { "content-disposition": `attachment; filename="${name}"` }
          : {
              "content-security-policy": `${policy}; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
            };
      return { bytes: { type, body: text }, headers };
    },
  };
}

type Note = (
  request: Pick<RouteRequest, "principal">,
  target: string,
  outcome: AuditEntry["outcome"],
  detail: string | null,
) => Promise<void>;

function noteTo(audit: TestRouteParts["audit"], action: string): Note {
  return ({ principal }, target, outcome, detail) => {
    const { sub = "", role = "" } = principal ?? {};
    return audit.record({ sub, role, action, target, outcome, detail });
  };
}

function spend(limit: ReturnType<typeof createRateLimit>, key: string): void {
  const waitMs = limit.take(key);
  if (waitMs > 0) throw rateLimited(waitMs);
}

/** What somebody asked for; its query may hold a secret. */
function targetOf(body: unknown): string {
  const url = typeof body === "object" && body !== null && "url" in body ? body.url : null;
  return typeof url === "string" ? (url.split(/[?#]/)[0] ?? "").slice(0, 256) : "";
}

function messageOf(error: unknown): string {
  return error instanceof WsightError ? error.message : "The hub failed";
}
