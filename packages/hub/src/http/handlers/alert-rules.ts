import {
  ALERT_KINDS,
  ALERT_OPS,
  ALERT_SEVERITIES,
  type AlertRule,
  describe,
  MAX_ALERT_RULES,
  WsightError,
} from "@wsight/protocol";
import type { Alerts } from "../../alerts/alerts.ts";
import { Form } from "../../alerts/parse/form.ts";
import { flag } from "../../alerts/parse/reads.ts";
import { parseRule, parseRulePatch, type RuleContext } from "../../alerts/parse/rule.ts";
import type { Audit } from "../../audit.ts";
import { auditedRoute } from "../audited.ts";
import { ifUnchanged, readIfMatch, versioned } from "../precondition.ts";
import type { Route, RouteRequest } from "../route.ts";
import { foundAmong } from "./alert-found.ts";

/** Rules for composite conditions and templates may be longer than other bodies. */
const MAX_BODY_BYTES = 256 * 1024;
/** Of a file with rules, as a string of JSON. */
const MAX_IMPORT_BYTES = 1024 * 1024;

/** What rules over HTTP work with. */
export interface AlertRuleParts {
  readonly alerts: Alerts;
  readonly audit: Pick<Audit, "record">;
  /** ms epoch. */
  readonly now: () => number;
}

const TEXT = { type: "string" } as const;
const SECONDS = { type: "integer", minimum: 0 } as const;
const LIMIT = { description: "A number, [low, high] for inside and outside, or null" } as const;
/** The fields that are written most; docs/alerts.md has all. */
export const RULE_SCHEMA: NonNullable<Route["body"]> = {
  type: "object",
  properties: {
    id: TEXT,
    name: TEXT,
    kind: { enum: ALERT_KINDS },
    metric: TEXT,
    agg: TEXT,
    windowSec: { type: "integer", minimum: 1, maximum: 900 },
    filter: { type: "object" },
    groupBy: { type: "array", items: TEXT, maxItems: 4 },
    op: { enum: ALERT_OPS },
    warn: LIMIT,
    crit: LIMIT,
    recovery: { type: ["number", "null"] },
    severity: { enum: ALERT_SEVERITIES },
    forSec: SECONDS,
    keepFiringSec: SECONDS,
    everySec: { type: "integer", minimum: 1, maximum: 3600 },
    minSamples: SECONDS,
    noData: { type: "object" },
    enabled: { type: "boolean" },
    runbookUrl: TEXT,
  },
};

/** What is watched for, in the order of a table of routes. */
export function alertRuleRoutes(parts: AlertRuleParts): readonly Route[] {
  return [
    listRoute(parts),
    addRoute(parts),
    showRoute(parts),
    writeRoute(parts, "PUT", "Replace a rule, If-Match says which version; audited", (request, base) =>
      parseRule(request.body, contextOf(parts, request, base)),
    ),
    writeRoute(parts, "PATCH", "Change fields of a rule, If-Match says which version; audited", (request, base) =>
      parseRulePatch(request.body, { ...contextOf(parts, request, base), base }),
    ),
    deleteRoute(parts),
    versionsRoute(parts),
    importRoute(parts),
  ];
}

/** The rule of an id. @throws WsightError `NOT_FOUND`, `STORE_UNAVAILABLE` */
export function findRule(alerts: Alerts, id: string): AlertRule {
  return foundAmong(alerts, alerts.rules(), id, "rule");
}

/** What a rule that came from outside is read with. */
export function contextOf(
  { alerts, now }: Pick<AlertRuleParts, "alerts" | "now">,
  { principal }: Pick<RouteRequest, "principal">,
  base: AlertRule | null,
): RuleContext {
  return { id: base?.id ?? null, base, rules: alerts.rules(), by: principal?.sub ?? "", now: now() };
}

function listRoute({ alerts }: AlertRuleParts): Route {
  return {
    method: "GET",
    path: "/api/alerts/rules",
    access: "viewer",
    summary: "Every rule, those that came with wsight included, by name",
    handle: () => ({ json: { rules: alerts.rules(), max: MAX_ALERT_RULES } }),
  };
}

function addRoute(parts: AlertRuleParts): Route {
  const { alerts, audit } = parts;
  return auditedRoute(audit, {
    method: "POST",
    path: "/api/alerts/rules",
    action: "rule.save",
    summary: "Add a rule; audited",
    answers: 201,
    refuses: [409, 503],
    body: { ...RULE_SCHEMA, required: ["name", "metric"] },
    maxBodyBytes: MAX_BODY_BYTES,
    handle: async (request, by) => {
      const rule = await alerts.saveRule(parseRule(request.body, contextOf(parts, request, null)), null, by);
      const reply = versioned(rule, 201);
      const location = `/api/alerts/rules/${encodeURIComponent(rule.id)}`;
      return { reply: { ...reply, headers: { ...reply.headers, location } }, target: rule.id, detail: rule.name };
    },
  });
}

function showRoute({ alerts }: AlertRuleParts): Route {
  return {
    method: "GET",
    path: "/api/alerts/rules/:id",
    access: "viewer",
    summary: "One rule; its ETag is its version",
    handle: ({ params: { id = "" } }) => versioned(findRule(alerts, id)),
  };
}

function writeRoute(
  { alerts, audit }: AlertRuleParts,
  method: "PUT" | "PATCH",
  summary: string,
  parse: (request: RouteRequest, base: AlertRule) => AlertRule,
): Route {
  return auditedRoute(audit, {
    method,
    path: "/api/alerts/rules/:id",
    action: "rule.save",
    summary,
    refuses: [412, 428, 503],
    body: RULE_SCHEMA,
    maxBodyBytes: MAX_BODY_BYTES,
    handle: async (request, by) => {
      const { id = "" } = request.params;
      const base = findRule(alerts, id);
      const version = readIfMatch(request, base.version);
      const rule = parse(request, base);
      const saved = await ifUnchanged(alerts.saveRule(rule, version, by));
      return { reply: versioned(saved), detail: `version ${saved.version}${saved.enabled ? "" : ", off"}` };
    },
  });
}

function deleteRoute({ alerts, audit }: AlertRuleParts): Route {
  return auditedRoute(audit, {
    method: "DELETE",
    path: "/api/alerts/rules/:id",
    action: "rule.delete",
    refuses: [409, 412, 428, 503],
    summary:
      "Delete a rule, If-Match says which version; those that came with wsight can only be switched off; audited",
    answers: 204,
    handle: async (request, by) => {
      const { id = "" } = request.params;
      const rule = findRule(alerts, id);
      const version = readIfMatch(request, rule.version);
      if (rule.builtin)
        throw new WsightError("CONFLICT", "A rule that came with wsight can be switched off, not deleted");
      await ifUnchanged(alerts.deleteRule(id, version, by));
      return { reply: { status: 204 }, detail: rule.name };
    },
  });
}

function versionsRoute({ alerts }: AlertRuleParts): Route {
  return {
    method: "GET",
    path: "/api/alerts/rules/:id/versions",
    access: "viewer",
    summary: "Every version there was of a rule, newest first, at most 50",
    handle: async ({ params: { id = "" } }) => ({ json: { versions: await alerts.ruleVersions(id) } }),
  };
}

function importRoute({ alerts, audit, now }: AlertRuleParts): Route {
  return auditedRoute(audit, {
    method: "POST",
    path: "/api/alerts/rules/import",
    action: "rule.save",
    summary: "Read alerting rules of Prometheus (YAML), say what can be told here, and with save add them; audited",
    body: {
      type: "object",
      required: ["text"],
      properties: {
        text: TEXT,
        save: { type: "boolean", default: false },
        enabled: { type: "boolean", default: true },
      },
    },
    maxBodyBytes: MAX_IMPORT_BYTES,
    handle: async ({ body }, by) => {
      const { text, save, enabled } = readImport(body);
      // Readers of YAML and PromQL: a hub that imports nothing does without them.
      const { importPrometheusRules } = await import("../../alerts/import/prometheus-rules.ts");
      const answer = await importPrometheusRules(text, { by, now: now(), rules: alerts.rules() });
      const rules = answer.rules.map((rule) => ({ ...rule, enabled: rule.enabled && enabled }));
      const saved = save ? await alerts.addRules(rules, by) : [];
      const detail = `${rules.length} read, ${answer.refused.length} refused, ${saved.length} saved`;
      return { reply: { json: { ...answer, rules: save ? saved : rules, saved: save } }, target: "import", detail };
    },
  });
}

function readImport(body: unknown): { readonly text: string; readonly save: boolean; readonly enabled: boolean } {
  const form = Form.open("import", body, ["text", "save", "enabled"]);
  const read = {
    text: form.required("text", textOf, ""),
    save: form.optional("save", flag, false),
    enabled: form.optional("enabled", flag, true),
  };
  form.finish("import");
  return read;
}

/** How long it may be, the reader says. */
function textOf(_where: string, value: unknown): string {
  if (typeof value !== "string") throw new Error(`expected a string, got ${describe(value)}`);
  return value;
}
