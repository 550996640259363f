import type { Health, HealthCheck, HealthState } from "@wsight/protocol";
import type { Tone } from "../../components/tone.ts";
import type { ConnectionState } from "../../state/index.ts";

/** How a state of health is called and shown. */
export const HEALTH_LOOKS: Readonly<Record<HealthState, readonly [word: string, tone: Tone]>> = {
  healthy: ["Healthy", "ok"],
  degraded: ["Degraded", "warn"],
  unhealthy: ["Unhealthy", "crit"],
  unknown: ["State unknown", "quiet"],
};

/** The health of what is watched, in words. */
export interface Verdict {
  readonly tone: Tone;
  readonly title: string;
  /** Since when, ms epoch; `null` where that says nothing. */
  readonly since: number | null;
  /** Checks that made it, worst first. */
  readonly failing: readonly Pick<HealthCheck, "id" | "reason" | "ruleId">[];
  /** How the other checks are; empty for nothing to say. */
  readonly rest: string;
}

const UNKNOWN_BECAUSE = {
  connecting: "The hub has not answered yet",
  offline: "The connection to the hub is down",
  "signed-out": "Nobody is signed in",
} as const;

/** Puts the hub's judgement into words; what the page does not hear of is unknown. */
export function verdictOf(health: Health | null, connection: ConnectionState): Verdict {
  if (connection !== "live" && connection !== "lagging") return unknown(UNKNOWN_BECAUSE[connection]);
  if (health === null) return { ...unknown(""), title: "Waiting for the first report" };
  const { state, since, reasons, checks } = health;
  const [title, tone] = HEALTH_LOOKS[state];
  const failing = reasons.map(
    (reason) => checks.find((check) => check.reason === reason) ?? { id: reason, reason, ruleId: null },
  );
  const good = checks.filter((check) => check.state === "healthy").length;
  const idle = checks.filter((check) => check.state === "unknown").length - (state === "unknown" ? failing.length : 0);
  return { tone, title, since: state === "unknown" ? null : since, failing, rest: restOf(good, idle, failing.length) };
}

function restOf(good: number, idle: number, failing: number): string {
  const checks = `${good} ${good === 1 ? "check" : "checks"}`;
  const nothing = idle > 0 && failing === 0 ? `, ${idle} with nothing to judge` : "";
  if (good === 0) return "";
  if (failing > 0) return `The other ${checks} ${good === 1 ? "is" : "are"} in range.`;
  return `${idle > 0 ? checks : `all ${checks}`} in range${nothing}`;
}

function unknown(reason: string): Verdict {
  const failing = reason === "" ? [] : [{ id: reason, reason, ruleId: null }];
  return { tone: "quiet", title: HEALTH_LOOKS.unknown[0], since: null, failing, rest: "" };
}
