import { type BackTestQuery, WsightError } from "@wsight/protocol";
import { parseBackTest, parseBackTestOf } from "../../alerts/parse/back-test.ts";
import type { Route, RouteReply, RouteRequest } from "../route.ts";
import { createTurns } from "../turns.ts";
import { type AlertRuleParts, contextOf, findRule, RULE_SCHEMA } from "./alert-rules.ts";

/** Back-tests that are done at once, and that wait: each reads up to weeks of history. */
const LIMITS = { total: 2, perKey: 1, waitingPerKey: 8, waiting: 32 };
/** Longest that one waits and is done, ms. */
const MAX_MS = 60_000;
const MAX_BODY_BYTES = 256 * 1024;
const RANGE = {
  hours: { type: "integer", minimum: 1, description: "So many hours up to now" },
  fromAt: { type: "integer", description: "ms since 1970" },
  toAt: { type: "integer" },
} as const;

/** When rules would have fired. They change nothing, so that who may look may ask. */
export function alertBackTestRoutes(parts: Pick<AlertRuleParts, "alerts" | "now">): readonly Route[] {
  const { alerts, now } = parts;
  const answer = createAnswer(alerts);
  return [
    {
      method: "POST",
      path: "/api/alerts/rules/preview",
      access: "viewer",
      summary: "When a rule that need not be saved would have fired, and how many notices that makes",
      body: { type: "object", required: ["rule"], properties: { rule: RULE_SCHEMA, ...RANGE } },
      maxBodyBytes: MAX_BODY_BYTES,
      // One that is tried may have the id of a rule, whose place it would take.
      handle: (request) => answer(request, parseBackTest(request.body, contextOf(parts, request, null))),
    },
    {
      method: "POST",
      path: "/api/alerts/rules/:id/test",
      access: "viewer",
      summary: "When a rule would have fired, and how many notices that makes",
      body: { type: "object", properties: RANGE },
      handle: (request) => {
        const rule = findRule(alerts, request.params.id ?? "");
        return answer(request, parseBackTestOf(request.body, rule, now()));
      },
    },
  ];
}

function createAnswer(
  alerts: AlertRuleParts["alerts"],
): (request: RouteRequest, query: BackTestQuery) => Promise<RouteReply> {
  const turns = createTurns(LIMITS);
  return async ({ principal, signal }, query) => {
    const limit = AbortSignal.timeout(MAX_MS);
    const either = AbortSignal.any([signal, limit]);
    try {
      return { json: await turns.run(principal?.sub ?? "", either, () => alerts.backTest(query, either)) };
    } catch (error) {
      if (!limit.aborted) throw error;
      throw new WsightError("STORE_UNAVAILABLE", `No answer within ${MAX_MS / 1000} s; ask for less time`);
    }
  };
}
