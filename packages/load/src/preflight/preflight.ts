import {
  DEFAULT_GATES,
  expected,
  type LoadCheck,
  type LoadGate,
  type LoadPlan,
  type LoadTarget,
  WsightError,
} from "@wsight/protocol";
import { findAddress, isLoopback, lookUp, placeOf } from "../target.ts";
import { checkMachine, processesOf } from "./checks.ts";
import { type FirstConnection, firstConnection } from "./first-connection.ts";
import { readMachine } from "./machine.ts";

/** A plan that can be run. */
export interface ReadyPlan {
  /** With how answers are recognised, and how many processes. */
  readonly plan: LoadPlan & { readonly processes: number };
  /** Address that connections go to. */
  readonly address: string;
  readonly checks: readonly LoadCheck[];
}

/** Figures that there are only when something answers. */
const OF_ANSWERS: ReadonlySet<string> = new Set(["messages", "avg", "p95"]);

/**
 * Looks at everything that can be known to fail before a run: whose server it
 * is, whether it is there and lets us in, how it answers, what this machine allows.
 * @param ownHost repeats the host of a target that is not this machine
 * @throws WsightError `BAD_OPTION` or `TARGET_FAILED` that says what to do
 */
export async function preflight(plan: LoadPlan, ownHost: string | null): Promise<ReadyPlan> {
  if (plan.message.reply === "ack" && plan.target.library !== "socket.io")
    throw expected("BAD_OPTION", "reply", "echo, any or none (only Socket.IO acknowledges)", "ack");
  const address = await admitTarget(plan.target, ownHost);
  const machine = await readMachine(placeOf(plan.target.url).port);
  const local = checkMachine(plan, address, machine);
  const wrong = local.find(({ state }) => state === "failed");
  if (wrong !== undefined) throw new WsightError("BAD_OPTION", `${wrong.name}: ${wrong.text}; ${wrong.fix}`);
  const first = await firstConnection(plan, address);
  const checks = [...local, ...checksOf(first)];
  return { plan: settle(plan, first, processesOf(plan, machine)), address, checks };
}

/**
 * Finds where a target is, and refuses what is not this machine's unless its host was named twice.
 * @throws WsightError `BAD_OPTION` when it was not, `TARGET_FAILED` when nothing is there
 */
export async function admitTarget(target: LoadTarget, ownHost: string | null): Promise<string> {
  const place = placeOf(target.url);
  const isHere = await lookUp(place.host).then(
    (addresses) => addresses.every(isLoopback),
    () => false,
  );
  if (!isHere && ownHost?.toLowerCase() !== place.host.toLowerCase())
    throw new WsightError(
      "BAD_OPTION",
      `${place.host} is not this machine. Load only servers that are yours, and then say so: --i-own ${place.host}`,
    );
  return findAddress(place);
}

function checksOf({ connectMs, reply, because, doubtful }: FirstConnection): readonly LoadCheck[] {
  const opened: LoadCheck = { name: "first connection", state: "ok", text: `in ${connectMs.toFixed(1)} ms`, fix: null };
  if (because === null) return [opened];
  return [opened, { name: "answers", state: doubtful ? "warning" : "ok", text: `${reply}: ${because}`, fix: null }];
}

function settle(plan: LoadPlan, { reply }: FirstConnection, processes: number): ReadyPlan["plan"] {
  // Nobody asked for the default gates: without answers they could only fail.
  const isMoot = (gate: LoadGate): boolean =>
    plan.shape !== "broadcast-lag" &&
    reply === "none" &&
    OF_ANSWERS.has(gate.figure) &&
    DEFAULT_GATES.some((known) => sameGate(known, gate));
  return { ...plan, message: { ...plan.message, reply }, gates: plan.gates.filter((gate) => !isMoot(gate)), processes };
}

function sameGate(a: LoadGate, b: LoadGate): boolean {
  return a.figure === b.figure && a.comparison === b.comparison && a.limit === b.limit;
}
