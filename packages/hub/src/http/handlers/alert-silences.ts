import { randomUUID } from "node:crypto";
import { type AlertSilence, WsightError } from "@wsight/protocol";
import type { Alerts } from "../../alerts/alerts.ts";
import { parseSilence } from "../../alerts/parse/silence.ts";
import { createWindows, type Windows } from "../../alerts/plan/windows.ts";
import { createZones } from "../../alerts/plan/zone.ts";
import type { Audit } from "../../audit.ts";
import { auditedRoute } from "../audited.ts";
import type { Route } from "../route.ts";
import { foundAmong } from "./alert-found.ts";

const MAX_SILENCES = 1000;

/** What silences over HTTP work with. */
export interface AlertSilenceParts {
  readonly alerts: Alerts;
  readonly audit: Pick<Audit, "record">;
  /** ms epoch. */
  readonly now: () => number;
}

/** A silence, and where its windows are. */
interface ShownSilence extends AlertSilence {
  /** A window goes on right now. */
  readonly active: boolean;
  /** The window that goes on, else the next one, ms epoch; `null` when none comes, or its end can't be seen. */
  readonly fromAt: number | null;
  readonly toAt: number | null;
}

const TEXT = { type: "string" } as const;
const BODY = {
  type: "object",
  required: ["durationSec"],
  properties: {
    kind: { enum: ["silence", "maintenance"] },
    matchers: {
      type: "array",
      items: {
        type: "object",
        required: ["label", "op", "value"],
        properties: { label: TEXT, op: { enum: ["=", "!=", "=~", "!~"] }, value: TEXT },
      },
    },
    startsAt: { ...TEXT, examples: ["2026-11-21T02:30"], description: "Wall clock of the zone; now unless given" },
    durationSec: { type: "integer", minimum: 60, maximum: 2_678_400 },
    timeZone: { ...TEXT, default: "UTC", examples: ["Europe/Berlin"] },
    recurrence: {
      type: ["object", "null"],
      properties: {
        every: { enum: ["day", "week", "month"] },
        days: { type: "array", items: { type: "integer" } },
        until: { type: ["string", "null"] },
      },
    },
    comment: TEXT,
  },
} as const;

/** Silences and maintenance windows. */
export function alertSilenceRoutes(parts: AlertSilenceParts): readonly Route[] {
  return [listRoute(parts), addRoute(parts), replaceRoute(parts), deleteRoute(parts)];
}

function listRoute({ alerts, now }: AlertSilenceParts): Route {
  return {
    method: "GET",
    path: "/api/alerts/silences",
    access: "viewer",
    summary: "Silences and maintenance windows, and when each is in force",
    handle: () => {
      const open = createZones();
      return { json: { silences: alerts.silences().map((silence) => show(silence, now(), open)) } };
    },
  };
}

function addRoute({ alerts, audit, now }: AlertSilenceParts): Route {
  return auditedRoute(audit, {
    method: "POST",
    path: "/api/alerts/silences",
    action: "silence.save",
    summary: "Silence alerts once, or again and again by the wall clock of a zone; audited",
    answers: 201,
    body: BODY,
    handle: async ({ body }, by) => {
      if (alerts.silences().length >= MAX_SILENCES)
        throw new WsightError("CONFLICT", `There are ${MAX_SILENCES} silences, and there may be no more`);
      const silence = parseSilence(body, { id: randomUUID(), by, now: now() });
      await alerts.saveSilence(silence);
      return { reply: { status: 201, json: show(silence, now()) }, target: silence.id, detail: wordsOf(silence) };
    },
  });
}

function replaceRoute({ alerts, audit, now }: AlertSilenceParts): Route {
  return auditedRoute(audit, {
    method: "PUT",
    path: "/api/alerts/silences/:id",
    action: "silence.save",
    summary: "Change a silence; audited",
    body: BODY,
    handle: async ({ body, params: { id = "" } }) => {
      const { createdBy: by, createdAt } = find(alerts, id);
      const silence = { ...parseSilence(body, { id, by, now: now() }), createdAt };
      await alerts.saveSilence(silence);
      return { reply: { json: show(silence, now()) }, detail: wordsOf(silence) };
    },
  });
}

function deleteRoute({ alerts, audit }: AlertSilenceParts): Route {
  return auditedRoute(audit, {
    method: "DELETE",
    path: "/api/alerts/silences/:id",
    action: "silence.delete",
    summary: "End a silence; audited",
    answers: 204,
    handle: async ({ params: { id = "" } }) => {
      const silence = find(alerts, id);
      await alerts.deleteSilence(id);
      return { reply: { status: 204 }, detail: wordsOf(silence) };
    },
  });
}

function find(alerts: Alerts, id: string): AlertSilence {
  return foundAmong(alerts, alerts.silences(), id, "silence");
}

function show(silence: AlertSilence, now: number, open = createZones()): ShownSilence {
  const windows = windowsOf(silence, open);
  const active = windows?.at(now) ?? null;
  const window = active ?? windows?.after(now) ?? null;
  return { ...silence, active: active !== null, fromAt: window?.startAt ?? null, toAt: window?.endAt ?? null };
}

/** `null` for one that this machine can't read: it was made where other zones are known. */
function windowsOf(silence: AlertSilence, open: ReturnType<typeof createZones>): Windows | null {
  try {
    return createWindows(silence, open);
  } catch {
    return null;
  }
}

function wordsOf({ kind, matchers }: AlertSilence): string {
  return `${kind} ${matchers.map(({ label, op, value }) => `${label}${op}${value}`).join(", ")}`.trim();
}
