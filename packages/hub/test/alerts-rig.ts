import type { Hub, HubSetup, Role } from "@wsight/hub";
import type { AlertEpisode, AlertRow, AlertRule, AlertStatus } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { type Answer, ask, bearer, startHub } from "./harness.ts";
import { HubProbe } from "./live-monitor-rig.ts";

/** What rules of these tests look at, and a value that no default rule minds. */
export const METRIC = "websocket.server.active_connections";
const LABELS = { "ws.library": "ws", "ws.server": "main" };

/** A rule as it is posted: beyond 10 connections for a second it warns, beyond 100 it is critical. */
export const RULE = {
  id: "many-connections",
  name: "Many connections",
  metric: METRIC,
  agg: "last",
  windowSec: 2,
  op: "gt",
  warn: 10,
  crit: 100,
  groupBy: ["node"],
  forSec: 1,
  keepFiringSec: 1,
  everySec: 1,
  minSamples: 1,
} as const;

/** How a request is sent. */
export interface Call {
  readonly role?: Role;
  readonly sub?: string;
  readonly ifMatch?: string;
}

/** Sends requests to a hub as somebody. */
export type Caller = (method: string, path: string, body?: unknown, call?: Call) => Promise<Answer>;

export function callerOf(hub: Hub): Caller {
  return async (method, path, body, { role = "admin", sub = role, ifMatch } = {}) => {
    const json = body === undefined && method === "GET" ? undefined : JSON.stringify(body ?? {});
    return ask(hub, path, {
      method,
      headers: {
        ...(await bearer(role, sub)),
        ...(json === undefined || method === "DELETE" ? {} : { "content-type": "application/json" }),
        ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
      },
      ...(json === undefined || method === "DELETE" ? {} : { body: json }),
    });
  };
}

/** A hub with alerts, and who asks it. */
export interface AlertHub {
  readonly hub: Hub;
  readonly call: Caller;
  /** The row of the rule's instance; `undefined` while it is in range. */
  row(ruleId?: string): Promise<AlertRow | undefined>;
  /** Waits until the instance is in a state. */
  reaches(status: AlertStatus, ruleId?: string): Promise<AlertRow>;
  /** Waits until it is in range. */
  calms(ruleId?: string): Promise<void>;
}

/** Starts a hub and waits until its alerts are read. */
export async function startAlertHub(setup: Partial<HubSetup> = {}): Promise<AlertHub> {
  const hub = await startHub({ requestsPerMinute: 100_000, ...setup });
  const call = callerOf(hub);
  const active = async (): Promise<{ state: string; rows: readonly AlertRow[] }> =>
    (await call("GET", "/api/alerts/active")).json as { state: string; rows: AlertRow[] };
  const row: AlertHub["row"] = async (ruleId = RULE.id) => (await active()).rows.find((one) => one.ruleId === ruleId);
  await until(async () => (await active()).state === "ok", { what: "alerts that are read", timeoutMs: 10_000 });
  return {
    hub,
    call,
    row,
    async reaches(status, ruleId) {
      let found: AlertRow | undefined;
      await until(
        async () => {
          found = await row(ruleId);
          return found?.status === status;
        },
        { what: `an alert that is ${status}`, timeoutMs: 20_000 },
      );
      return found as AlertRow;
    },
    async calms(ruleId) {
      const isOver = async (): Promise<boolean> => (await row(ruleId)) === undefined;
      await until(isOver, { what: "an alert that is over", timeoutMs: 20_000 });
    },
  };
}

/** A process with so many connections; tells them four times a second. */
export function startProbe(hub: Hub, connections: number): HubProbe {
  const probe = new HubProbe(hub);
  probe.set(METRIC, connections, LABELS).run();
  return probe;
}

/** Changes how many connections it has. */
export function setConnections(probe: HubProbe, connections: number): void {
  probe.set(METRIC, connections, LABELS).snapshot();
}

/** Adds a rule that differs from {@link RULE} in so much. */
export async function addRule(
  call: Caller,
  change: Partial<Record<keyof AlertRule, unknown>> = {},
): Promise<AlertRule> {
  const { status, json, text } = await call("POST", "/api/alerts/rules", { ...RULE, ...change });
  if (status !== 201) throw new Error(text);
  return json as unknown as AlertRule;
}

/** The firing that an alert belongs to. */
export async function episodeOf(call: Caller, { episodeId }: AlertRow): Promise<AlertEpisode> {
  return (await call("GET", `/api/alerts/episodes/${episodeId}`)).json as unknown as AlertEpisode;
}
