import { OUTBOX_STATES, type OutboxRow } from "@wsight/protocol";
import type { Alerts } from "../../alerts/alerts.ts";
import type { Audit } from "../../audit.ts";
import { auditedRoute } from "../audited.ts";
import { readInteger, readOneOf } from "../query.ts";
import type { Route } from "../route.ts";
import { named } from "./alert-states.ts";

const DEFAULT_NOTICES = 100;
const MAX_NOTICES = 500;
const TEXT = { type: "string" } as const;

/** Notices on their way, and those that were given up. */
export function alertOutboxRoutes(alerts: Alerts, audit: Pick<Audit, "record">): readonly Route[] {
  return [listRoute(alerts), retryRoute(alerts, audit), dismissRoute(alerts, audit)];
}

function listRoute(alerts: Alerts): Route {
  return {
    method: "GET",
    path: "/api/alerts/outbox",
    access: "viewer",
    summary: "Notices and what became of them, newest first; what they say, to administrators",
    query: [
      { name: "state", summary: "Only those in this state", schema: { ...TEXT, enum: OUTBOX_STATES } },
      { name: "channel", summary: "Only those of this channel", schema: TEXT },
      { name: "episode", summary: "Only those of this firing", schema: TEXT },
      {
        name: "limit",
        summary: "Most notices",
        schema: { type: "integer", minimum: 1, maximum: MAX_NOTICES, default: DEFAULT_NOTICES },
      },
    ],
    handle: async ({ query, principal }) => {
      const state = query.get("state");
      const rows = await alerts.outbox({
        limit: readInteger("limit", query.get("limit"), 1, MAX_NOTICES, DEFAULT_NOTICES),
        ...(state === null ? {} : { state: readOneOf("state", state, OUTBOX_STATES, "dead") }),
        ...named("channelId", query.get("channel")),
        ...named("episodeId", query.get("episode")),
      });
      return { json: { notices: principal?.role === "admin" ? rows : rows.map(withoutWords) } };
    },
  };
}

function retryRoute(alerts: Alerts, audit: Pick<Audit, "record">): Route {
  return auditedRoute(audit, {
    method: "POST",
    path: "/api/alerts/outbox/:id/retry",
    action: "outbox.retry",
    summary: "Try a notice that was given up again; audited",
    handle: async ({ params: { id = "" } }) => {
      const row = await alerts.retry(idOf(id));
      return { reply: { json: row }, detail: wordsOf(row) };
    },
  });
}

function dismissRoute(alerts: Alerts, audit: Pick<Audit, "record">): Route {
  return auditedRoute(audit, {
    method: "DELETE",
    path: "/api/alerts/outbox/:id",
    action: "outbox.dismiss",
    summary: "Count a notice that was given up as seen, and keep it; audited",
    answers: 204,
    handle: async ({ params: { id = "" } }) => {
      const row = await alerts.dismiss(idOf(id));
      return { reply: { status: 204 }, detail: wordsOf(row) };
    },
  });
}

const idOf = (text: string): number => readInteger("id", text, 1, Number.MAX_SAFE_INTEGER, 0);
const wordsOf = ({ notice, channelId }: OutboxRow): string => `${notice.name} to ${channelId}`;

/** What was sent, and what a provider answered, may name people and addresses. */
function withoutWords({ notice, ...row }: OutboxRow): object {
  const { kind, episodeId, seq, ruleId, name, severity, at } = notice;
  return { ...row, providerId: null, lastError: null, notice: { kind, episodeId, seq, ruleId, name, severity, at } };
}
