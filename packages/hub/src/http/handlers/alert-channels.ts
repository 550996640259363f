import { type AlertChannel, CHANNEL_TYPES, WsightError } from "@wsight/protocol";
import { createRateLimit } from "../../access/rate-limit.ts";
import type { Alerts } from "../../alerts/alerts.ts";
import { CHANNEL_KINDS } from "../../alerts/notify/channel-kinds.ts";
import { parseChannelDraft } from "../../alerts/parse/channel.ts";
import type { Audit } from "../../audit.ts";
import { rateLimited } from "../../errors.ts";
import { auditedRoute } from "../audited.ts";
import { ifUnchanged, readIfMatch, versioned } from "../precondition.ts";
import type { Route } from "../route.ts";
import { foundAmong } from "./alert-found.ts";

const MAX_CHANNELS = 50;
/** Tests that one principal may send within a minute. */
const TESTS_PER_MINUTE = 10;
const BODY = {
  type: "object",
  required: ["name", "type"],
  properties: {
    id: { type: "string" },
    name: { type: "string", maxLength: 120 },
    type: { enum: CHANNEL_TYPES },
    enabled: { type: "boolean", default: true },
    config: { type: "object", description: "Settings of the type: GET /api/alerts/channel-types" },
    secrets: {
      type: "object",
      description: "Its secrets: one that is left out stays, null takes it away",
      additionalProperties: { type: ["string", "null"] },
    },
  },
} as const;

/** What channels over HTTP work with. */
export interface AlertChannelParts {
  readonly alerts: Alerts;
  readonly audit: Pick<Audit, "record">;
  /** ms epoch. */
  readonly now: () => number;
}

/** Ways to tell people. */
export function alertChannelRoutes(parts: AlertChannelParts): readonly Route[] {
  return [
    typesRoute(),
    listRoute(parts),
    addRoute(parts),
    replaceRoute(parts),
    deleteRoute(parts),
    testRoute(parts, createRateLimit(TESTS_PER_MINUTE, parts.now)),
  ];
}

function typesRoute(): Route {
  return {
    method: "GET",
    path: "/api/alerts/channel-types",
    access: "viewer",
    summary: "Types of channels, and the settings of each",
    handle: () => ({ json: { types: CHANNEL_TYPES.map((type) => ({ type, ...CHANNEL_KINDS[type] })) } }),
  };
}

function listRoute({ alerts }: AlertChannelParts): Route {
  return {
    method: "GET",
    path: "/api/alerts/channels",
    access: "viewer",
    summary: "Ways to tell people and how they fare; their settings, to administrators. Secrets are never told",
    handle: ({ principal }) => {
      const channels = alerts.channels();
      return { json: { channels: principal?.role === "admin" ? channels : channels.map(withoutSettings) } };
    },
  };
}

function addRoute({ alerts, audit }: AlertChannelParts): Route {
  return auditedRoute(audit, {
    method: "POST",
    path: "/api/alerts/channels",
    action: "channel.save",
    summary: "Add a way to tell people; audited",
    answers: 201,
    refuses: [409, 503],
    body: BODY,
    handle: async ({ body }) => {
      if (alerts.channels().length >= MAX_CHANNELS)
        throw new WsightError("CONFLICT", `There are ${MAX_CHANNELS} channels, and there may be no more`);
      const draft = parseChannelDraft(body, { id: null, base: null });
      const channel = await alerts.saveChannel(draft, null);
      return { reply: versioned(channel, 201), target: channel.id, detail: wordsOf(channel) };
    },
  });
}

function replaceRoute({ alerts, audit }: AlertChannelParts): Route {
  return auditedRoute(audit, {
    method: "PUT",
    path: "/api/alerts/channels/:id",
    action: "channel.save",
    summary: "Change a channel, If-Match says which version; audited",
    refuses: [412, 428, 503],
    body: BODY,
    handle: async (request) => {
      const { id = "" } = request.params;
      const base = find(alerts, id);
      const version = readIfMatch(request, base.version);
      const draft = parseChannelDraft(request.body, { id, base });
      const channel = await ifUnchanged(alerts.saveChannel(draft, version));
      return { reply: versioned(channel), detail: wordsOf(channel) };
    },
  });
}

function deleteRoute({ alerts, audit }: AlertChannelParts): Route {
  return auditedRoute(audit, {
    method: "DELETE",
    path: "/api/alerts/channels/:id",
    action: "channel.delete",
    summary: "Take a channel away, with what waits for it; audited",
    answers: 204,
    handle: async ({ params: { id = "" } }) => {
      const channel = find(alerts, id);
      await alerts.deleteChannel(id);
      return { reply: { status: 204 }, detail: wordsOf(channel) };
    },
  });
}

function testRoute({ alerts, audit }: AlertChannelParts, tests: ReturnType<typeof createRateLimit>): Route {
  return auditedRoute(audit, {
    method: "POST",
    path: "/api/alerts/channels/:id/test",
    action: "channel.test",
    summary: "Send a test by the way that notices go, and say what came of it; audited",
    body: { type: "object", additionalProperties: false },
    handle: async ({ params: { id = "" } }, by) => {
      find(alerts, id);
      const waitMs = tests.take(by);
      if (waitMs > 0) throw rateLimited(waitMs);
      const result = await alerts.testChannel(id, by);
      return { reply: { json: result }, detail: result.ok ? "sent" : result.reply };
    },
  });
}

function find(alerts: Alerts, id: string): AlertChannel {
  return foundAmong(alerts, alerts.channels(), id, "channel");
}

/** Settings name people and addresses, and so may what a provider answered. */
function withoutSettings({ health, ...channel }: AlertChannel): AlertChannel {
  return { ...channel, config: {}, secrets: {}, health: { ...health, lastError: null } };
}

function wordsOf({ name, type, enabled }: AlertChannel): string {
  return `${type} ${name}${enabled ? "" : ", off"}`;
}
