import { type ComponentKind, type DoctorCheck, sourceHint } from "@wsight/protocol";
import { check, type DoctorFacts, type Examination, findingsOf } from "./facts.ts";

/** One panel of the dashboard that may have nothing to show. */
interface Panel {
  readonly id: string;
  readonly title: string;
  readonly isEmpty: (facts: DoctorFacts) => boolean;
  readonly why: string;
  readonly fix?: DoctorCheck["fix"];
}

const hasSocketIo = ({ present }: DoctorFacts): boolean =>
  present.some(({ findings }) => findings.some(({ library }) => library === "socket.io"));

const PANELS: readonly Panel[] = [
  {
    id: "connections",
    title: "Connections: nobody is connected",
    isEmpty: ({ connections, present }) => present.length > 0 && connections === 0,
    why: "Connections are counted from the moment monitor() was called, of the servers that were passed to it.",
    fix: { text: "Connect a client. If one is connected, pass the server it is connected to", code: null },
  },
  {
    id: "messages",
    title: "Messages: none was seen",
    isEmpty: ({ connections, table }) => connections > 0 && table("types").length === 0,
    why: "Connections are open, and neither side has sent anything since.",
  },
  {
    id: "users",
    title: "Users: none is known",
    isEmpty: ({ connections, table }) => connections > 0 && table("users").total === 0,
    why: "A connection has a user only when getUser answers one.",
  },
  {
    id: "channels",
    title: "Channels: none is known",
    isEmpty: ({ connections, table }) => connections > 0 && table("channels").total === 0,
    why: "A connection has a channel only when getChannel answers one; rooms of Socket.IO are listed without it.",
    fix: {
      text: "If you have channels, say them",
      code: "await monitor({ wss }, { getChannel: (ws) => ws.channel });",
    },
  },
  {
    id: "rooms",
    title: "Rooms: nobody is in one",
    isEmpty: ({ connections, table }) => connections > 0 && table("rooms").total === 0,
    why: "Rooms are those of Socket.IO, read every 5 s; a socket's own room does not count, and ws has none.",
  },
  {
    id: "namespaces",
    title: "Namespaces: there are none",
    isEmpty: (facts) => facts.connections > 0 && facts.table("namespaces").length === 0,
    why: "Only Socket.IO has namespaces.",
  },
  {
    id: "handlers",
    title: "Handlers: none was timed",
    isEmpty: ({ connections, table }) => connections > 0 && table("handlers").length === 0,
    why: "Handlers are timed when messages come in; under load only a share of them is.",
  },
  {
    id: "acknowledgements",
    title: "Acknowledgements: none was seen",
    isEmpty: (facts) => hasSocketIo(facts) && !facts.table("types").some(({ timing }) => timing === "ack"),
    why: "They are timed when a client asks for one, as emitWithAck() does; ws has none.",
  },
  {
    id: "broadcasts",
    title: "Broadcasts: none was seen",
    isEmpty: (facts) => facts.connections > 0 && facts.table("broadcasts").length === 0,
    why: "A broadcast goes to more than one recipient at once by Socket.IO; loops over ws clients are single messages.",
  },
  {
    id: "slow",
    title: "Slow events: none",
    isEmpty: (facts) => facts.connections > 0 && facts.table("slow").length === 0,
    why: "Nothing that was timed took longer than the option slowMs (100 ms unless set).",
  },
  {
    id: "errors",
    title: "Errors: none",
    isEmpty: (facts) => facts.present.length > 0 && facts.table("errors").byType.length === 0,
    why: "Errors are those of sockets and handlers; your own come by probe.trackError(type, message).",
  },
  {
    id: "history",
    title: "History: none is kept",
    isEmpty: ({ hub }) => hub.store.state === "off",
    why: "The hub runs without a data directory.",
    fix: { text: "Give it one", code: 'await monitor({ io, wss }, { data: ".wsight" });' },
  },
];

/** What the pages of databases, caches, HTTP servers and hosts show, and when they show nothing. */
const SOURCES: readonly (readonly [ComponentKind, (facts: DoctorFacts) => boolean])[] = [
  ["database", ({ table }) => !table("operations").some(({ system }) => system !== "redis")],
  ["cache", ({ table }) => !table("operations").some(({ system }) => system === "redis")],
  ["network", ({ table }) => table("routes").length === 0],
  ["system", ({ present }) => present.every(({ hostCpu = null }) => hostCpu === null)],
];

function emptySource(kind: ComponentKind, facts: DoctorFacts): DoctorCheck {
  const findings = findingsOf(facts).map(({ finding }) => finding);
  const { title, why, fix } = sourceHint(kind, { findings, collectors: facts.table("collectors") });
  return check({ id: `empty.${kind}`, area: "empty", state: "info", title, detail: why, fix });
}

/** Why a panel is empty. */
export const EMPTY: readonly Examination[] = [
  ...PANELS.map(
    ({ id, title, isEmpty, why, fix = null }): Examination =>
      (facts) =>
        isEmpty(facts) ? [check({ id: `empty.${id}`, area: "empty", state: "info", title, detail: why, fix })] : [],
  ),
  ...SOURCES.map(
    ([kind, isEmpty]): Examination =>
      (facts) =>
        facts.present.length > 0 && isEmpty(facts) ? [emptySource(kind, facts)] : [],
  ),
];
