import {
  type ComponentMember,
  type ComponentStatus,
  componentStatus,
  type HubRow,
  type NodeRow,
} from "@wsight/protocol";
import type { Tone } from "../../components/tone.ts";
import { duration, join, span } from "../../format/quantity.ts";
import type { ConnectionState } from "../../state/index.ts";

/** Event-loop lag (99th percentile, seconds) from which a node counts as slow, and as stalled. */
export const LAG_WARN_S = 0.1;
export const LAG_CRIT_S = 1;

/** The state of what is watched, in words. */
export interface Verdict {
  readonly tone: Tone;
  readonly title: string;
  /** What is wrong, the worst first; empty when nothing is. */
  readonly reasons: readonly string[];
}

/** What a verdict is made from; `null` where the hub has not said. */
export interface Evidence {
  readonly connection: ConnectionState;
  readonly nodes: readonly NodeRow[] | null;
  readonly hub: HubRow | null;
  /** Databases, caches and the like; `null` counts as none. */
  readonly components?: readonly ComponentMember[] | null;
  /** ms epoch of the hub. */
  readonly now: number;
}

interface Complaint {
  readonly tone: "warn" | "crit";
  readonly text: string;
}

const UNKNOWN_BECAUSE = {
  connecting: "The hub has not answered yet.",
  offline: "The connection to the hub is down.",
  "signed-out": "Nobody is signed in.",
} as const;

/** Says how things stand: the worst of what is known, and never "well" of what is not. */
export function judge({ connection, nodes, hub, components, now }: Evidence): Verdict {
  if (nodes === null) return { tone: "quiet", title: "Waiting for the first report", reasons: [] };
  const present = nodes.filter(({ state }) => state !== "gone");
  if (nodes.length === 0) return { tone: "quiet", title: "No process reports yet", reasons: [] };
  if (present.length === 0)
    return {
      tone: "quiet",
      title: "No process is running",
      reasons: nodes.slice(0, 3).map((row) => lastSeen(row, now)),
    };
  const complaints = [
    ...judgeNodes(present, now),
    ...judgeComponents(components ?? [], present, now),
    ...judgeHub(hub),
  ];
  const worst = complaints.some(({ tone }) => tone === "crit") ? "crit" : complaints.length > 0 ? "warn" : "ok";
  const reasons = complaints
    .sort((a, b) => Number(b.tone === "crit") - Number(a.tone === "crit"))
    .map(({ text }) => text);
  if (connection !== "live" && connection !== "lagging")
    return { tone: "quiet", title: "State unknown", reasons: [UNKNOWN_BECAUSE[connection]] };
  if (worst === "ok" && present.every(({ findings }) => findings.length === 0))
    return { tone: "quiet", title: "Reporting, with no WebSocket server to watch", reasons };
  return { tone: worst, title: titleOf(worst, present), reasons };
}

function titleOf(worst: Tone, present: readonly NodeRow[]): string {
  if (worst === "crit") return "Needs attention";
  if (worst === "warn") return "Degraded";
  return present.length === 1 ? "Reporting" : `All ${present.length} nodes report`;
}

function judgeNodes(present: readonly NodeRow[], now: number): readonly Complaint[] {
  const allSilent = present.every(({ state }) => state === "silent");
  return present.flatMap((row): readonly Complaint[] => {
    const found: Complaint[] = [];
    const { loopLagP99: lag } = row;
    if (row.state === "silent")
      found.push({ tone: allSilent ? "crit" : "warn", text: `${row.instance} silent for ${span(now - row.lastAt)}.` });
    else if (lag !== null && lag >= LAG_WARN_S)
      found.push({
        tone: lag >= LAG_CRIT_S ? "crit" : "warn",
        text: `Event-loop lag p99 on ${row.instance} is ${join(duration(lag))}, limit ${join(duration(LAG_WARN_S))}.`,
      });
    if (row.probeErrors > 0)
      found.push({ tone: "warn", text: `The probe on ${row.instance} caught ${row.probeErrors} faults of its own.` });
    return found;
  });
}

/** The worst of each kind: what is down, and what nobody looked at lately, which is then not known to be well. */
function judgeComponents(
  components: readonly ComponentMember[],
  present: readonly NodeRow[],
  now: number,
): readonly Complaint[] {
  const reporting = components.filter(({ node }) => present.some((row) => row.node === node && row.state === "live"));
  return Object.values(componentStatus(reporting, now)).flatMap((status): readonly Complaint[] => {
    const { worst, state, stale } = status;
    if (worst === null || (state !== "down" && !stale)) return [];
    if (stale)
      return [
        { tone: "warn", text: `${nameOf(worst)} was last looked at ${span(now - (worst.checkedAt ?? now))} ago.` },
      ];
    return [{ tone: "crit", text: `${nameOf(worst)} ${downWords(status, now)}${reason(worst.error)}.` }];
  });
}

/** `down for 12 s on web-1, 3 of 4 answer` */
function downWords({ worst, since, members, up }: ComponentStatus, now: number): string {
  const where = members > 1 ? ` on ${worst?.node.replace(/^[^/]*\//, "")}, ${up} of ${members} answer` : "";
  return `is down for ${span(now - (since ?? now))}${where}`;
}

function nameOf({ kind, name }: ComponentMember): string {
  return `${kind[0]?.toUpperCase()}${kind.slice(1)} ${name}`;
}

function judgeHub(hub: HubRow | null): readonly Complaint[] {
  if (hub === null) return [];
  const found: Complaint[] = [];
  if (hub.store.state === "failing")
    found.push({ tone: "warn", text: `History is not being stored: ${hub.store.lastError ?? "the store fails"}.` });
  if (hub.restarts > 0) {
    const times = hub.restarts === 1 ? "once" : `${hub.restarts} times`;
    found.push({ tone: "warn", text: `The hub was restarted ${times}${reason(hub.lastRestart)}.` });
  }
  return found;
}

function reason(text: string | null): string {
  return text === null ? "" : `: ${text}`;
}

function lastSeen(row: NodeRow, now: number): string {
  return `${row.node} was last seen ${span(now - row.lastAt)} ago.`;
}

/** What is watched: `Socket.IO 4.8.4 (2 namespaces), ws 8.23.0`. */
export function describeFindings(nodes: readonly NodeRow[]): string {
  const seen = new Map<string, string>();
  for (const { findings } of nodes) {
    for (const { library, version, notes, state } of findings) {
      const name = `${LIBRARY_NAMES[library] ?? library}${version === null ? "" : ` ${version}`}`;
      const note = state === "partial" ? "partly watched" : notes.find((text) => /^\d+ /.test(text));
      seen.set(name, note === undefined ? name : `${name} (${note})`);
    }
  }
  return [...seen.values()].join(", ");
}

const LIBRARY_NAMES: Readonly<Record<string, string>> = { "socket.io": "Socket.IO" };
