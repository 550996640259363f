import type { LoadCheck, LoadPlan } from "@wsight/protocol";
import type { Machine } from "./machine.ts";

/** Files a process of the tool has open beside its connections. */
const OWN_FILES = 64;
/** More on one process, and it becomes the bottleneck. */
const CONNECTIONS_A_PROCESS = 15_000;
const MESSAGES_A_PROCESS = 40_000;
/** Connections from one bound address, above which the kernel's search for a free port gets slow (a Linux trait). */
const PER_BOUND_ADDRESS = 4000;

/** How many processes a plan needs on a machine. */
export function processesOf(plan: LoadPlan, machine: Machine): number {
  if (plan.processes !== null) return Math.min(plan.processes, plan.connections);
  const files = (machine.openFiles ?? 1024) - OWN_FILES;
  const byConnections = Math.ceil(plan.connections / Math.max(1, Math.min(CONNECTIONS_A_PROCESS, files)));
  const rate = plan.shape === "broadcast-lag" ? 0 : plan.connections / plan.intervalSeconds;
  const byMessages = Math.min(Math.ceil(rate / MESSAGES_A_PROCESS), machine.cores);
  return Math.min(Math.max(1, byConnections, byMessages), 64);
}

/** Holds a plan against a machine: what would fail, and what to do about it. */
export function checkMachine(plan: LoadPlan, address: string, machine: Machine): readonly LoadCheck[] {
  return [
    checkFiles(plan, machine),
    checkPorts(plan, machine),
    checkSources(plan, address, machine),
    checkLoad(machine),
  ].filter((check) => check !== null);
}

function checkFiles(plan: LoadPlan, machine: Machine): LoadCheck {
  const name = "file descriptors";
  const processes = processesOf(plan, machine);
  const needed = Math.ceil(plan.connections / processes) + OWN_FILES;
  const { openFiles } = machine;
  if (openFiles === null) return ok(name, "this system does not say how many files may be open");
  if (needed <= openFiles) return ok(name, `${needed} of ${openFiles} in each of ${processes}`);
  const more = Math.ceil(plan.connections / Math.max(1, openFiles - OWN_FILES));
  return failed(
    name,
    `${needed} are needed in each process, ${openFiles} are allowed`,
    `raise it with ulimit -n ${needed}, or share the connections with --processes ${more}`,
  );
}

function checkPorts(plan: LoadPlan, { ephemeralPorts, timeWait }: Machine): LoadCheck {
  const name = "ephemeral ports";
  if (ephemeralPorts === null) return ok(name, "this system does not say how many there are");
  const held = timeWait ?? 0;
  const room = plan.sources > 1 ? plan.sources * ephemeralPorts : ephemeralPorts;
  // A storm's connections come back while the ports of the cut ones may still be held.
  const needed = plan.connections;
  if (needed > room)
    return failed(
      name,
      `${needed} are needed, ${room} there are`,
      `connect from more addresses of loopback: --sources ${Math.ceil(needed / PER_BOUND_ADDRESS)}`,
    );
  if (needed + held > room)
    return warning(
      name,
      `${needed} are needed, ${held} of ${room} may be held by connections that ended (TIME_WAIT)`,
      "wait a minute, or use more --sources",
    );
  if (plan.sources === 1 && needed > ephemeralPorts / 2)
    return warning(
      name,
      `${needed} of ${ephemeralPorts}: above half of them connecting gets slow`,
      `use --sources ${Math.ceil(needed / PER_BOUND_ADDRESS)}`,
    );
  return ok(name, `${needed} of ${room}, ${held} in TIME_WAIT`);
}

function checkSources(plan: LoadPlan, address: string, { hasLoopbackNet }: Machine): LoadCheck | null {
  const name = "source addresses";
  if (plan.sources === 1) return null;
  if (!address.startsWith("127."))
    return failed(
      name,
      `${plan.sources} addresses of loopback cannot reach ${address}`,
      "use --sources 1, or an address in 127.0.0.0/8",
    );
  if (!hasLoopbackNet)
    return failed(name, "only Linux has all of 127.0.0.0/8", "use --sources 1, or add addresses to lo0 with ifconfig");
  const each = Math.ceil(plan.connections / plan.sources);
  if (each > PER_BOUND_ADDRESS)
    return warning(
      name,
      `${each} connections from each of ${plan.sources}: above ${PER_BOUND_ADDRESS} connecting gets slow`,
      `use --sources ${Math.ceil(plan.connections / PER_BOUND_ADDRESS)}`,
    );
  return ok(name, `${plan.sources}, with ${each} connections each`);
}

function checkLoad({ cores, load }: Machine): LoadCheck {
  const name = "processors";
  const text = `${cores}, load ${load.toFixed(1)}`;
  return load > cores * 1.5
    ? warning(name, `${text}: others use them too`, "expect late sends; the run says when they spoil it")
    : ok(name, text);
}

function ok(name: string, text: string): LoadCheck {
  return { name, state: "ok", text, fix: null };
}

function warning(name: string, text: string, fix: string): LoadCheck {
  return { name, state: "warning", text, fix };
}

function failed(name: string, text: string, fix: string): LoadCheck {
  return { name, state: "failed", text, fix };
}
