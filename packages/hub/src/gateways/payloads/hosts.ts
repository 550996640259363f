import { arch, cpus, hostname, platform, release, totalmem, uptime } from "node:os";
import type { HelloFrame, MonitorHost, MonitorNode } from "@wsight/protocol";
import type { CurrentView } from "../../current-view.ts";
import { ms, tidy } from "./figures.ts";

/** Nodes, and hosts, that one event lists. */
const MAX_NODES = 20;

/** What the hub knows of the machines that the application runs on. */
export interface Hosts {
  /** The application's: of this machine if it runs here, and the hub's own while nobody reports. */
  main(): MonitorHost;
  /** All of them, each once. */
  all(): readonly MonitorHost[];
  /** How long `main` has been up, where the hub can tell by itself, seconds; `null` elsewhere. */
  ownUptime(): number | null;
}

/** Makes the reader of hosts. What the machine of the hub is, is asked once. */
export function createHosts(current: Pick<CurrentView, "nodes">): Hosts {
  const own: MonitorHost = {
    name: hostname(),
    platform: platform(),
    arch: arch(),
    osRelease: release(),
    cpuModel: cpus()[0]?.model.trim() ?? null,
    cpus: cpus().length,
    memoryBytes: totalmem(),
  };
  const describe = ({ host, hostInfo }: HelloFrame): MonitorHost => {
    if (hostInfo !== undefined) return { name: host, ...hostInfo, cpuModel: hostInfo.cpuModel || null };
    return host === own.name ? own : { ...NOTHING, name: host };
  };

  function all(): MonitorHost[] {
    const hosts = new Map<string, MonitorHost>();
    for (const { state, hello } of current.nodes()) if (state !== "gone") hosts.set(hello.host, describe(hello));
    return [...hosts.values()];
  }

  function main(): MonitorHost {
    const hosts = all();
    return hosts.find(({ name }) => name === own.name) ?? hosts[0] ?? own;
  }

  return {
    main,
    all: () => all().slice(0, MAX_NODES),
    ownUptime: () => (main().name === own.name ? uptime() : null),
  };
}

const NOTHING: Omit<MonitorHost, "name"> = {
  platform: null,
  arch: null,
  osRelease: null,
  cpuModel: null,
  cpus: null,
  memoryBytes: null,
};

/** The processes that report: silent ones first, then those whose event loop lags most. */
export function listNodes(current: Pick<CurrentView, "table">): {
  readonly nodes: readonly MonitorNode[];
  readonly nodesTotal: number;
} {
  const rows = current.table("nodes").filter(({ state }) => state !== "gone");
  const worst = rows.toSorted(
    (a, b) =>
      Number(a.state === "live") - Number(b.state === "live") ||
      (b.loopLagP99 ?? 0) - (a.loopLagP99 ?? 0) ||
      (a.node < b.node ? -1 : 1),
  );
  const nodes = worst.slice(0, MAX_NODES).map(({ node, state, host, connections, cpu, memoryBytes, loopLagP99 }) => ({
    node,
    state,
    host,
    connections: tidy(connections),
    cpu: tidy(cpu),
    memoryBytes: tidy(memoryBytes),
    eventLoopLagP99Ms: ms(loopLagP99),
  }));
  return { nodes, nodesTotal: rows.length };
}
