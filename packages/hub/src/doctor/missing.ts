import { check, type Examination, findingsOf, noteOf, titleOf } from "./facts.ts";

const MONITOR = 'import { monitor } from "wsight";\n\nawait monitor({ io, wss }, { service: "my-app" });';
/** Adapters of Socket.IO that know one process only, by class name. */
const IN_MEMORY: ReadonlySet<string> = new Set(["Adapter", "SessionAwareAdapter"]);

const nodes: Examination = ({ nodes: { length } }) =>
  length > 0
    ? []
    : [
        check({
          id: "missing.node",
          area: "missing",
          state: "fail",
          title: "No process reports to this hub",
          detail: "There is nothing to show until one does.",
          fix: {
            text: "Watch your application; from another machine, add the options hub and token",
            code: MONITOR,
          },
        }),
      ];

const libraries: Examination = ({ present }) =>
  present.flatMap(({ node, findings }) =>
    findings.length > 0
      ? []
      : check({
          id: "missing.library",
          area: "missing",
          state: "warn",
          title: `${node} has nothing to watch`,
          detail: "Nothing was passed to monitor(), so only the process and its host are measured.",
          fix: { text: "Pass what you have: io, wss, app, server, pool, prisma, redis", code: MONITOR },
          node,
        }),
  );

const users: Examination = ({ connections, present, table }) => {
  if (connections === 0 || table("users").total > 0) return [];
  const example = present.some(({ findings }) => findings.some(({ library }) => library === "socket.io"))
    ? "getUser: (socket) => socket.data.userId"
    : "getUser: (ws, request) => ws.userId";
  return [
    check({
      id: "missing.get-user",
      area: "missing",
      state: "warn",
      title: "No connection has a user",
      detail: "Users are known only by what getUser answers for a connection; it is not given, or answered nothing.",
      fix: { text: "Say whose a connection is", code: `await monitor({ io, wss }, { ${example} });` },
    }),
  ];
};

const capacity: Examination = ({ present }) =>
  present.flatMap(({ node, capacity: known }) =>
    known !== null
      ? []
      : check({
          id: "missing.capacity",
          area: "missing",
          state: "info",
          title: `How many connections ${node} can take is not known`,
          detail: "Without it there is no utilisation of the pool.",
          fix: { text: "Say it", code: "await monitor({ io, wss }, { capacity: 10_000 });" },
          node,
        }),
  );

const transports: Examination = (facts) =>
  findingsOf(facts).flatMap(({ node, finding }) => {
    const names = noteOf(finding, "transports");
    if (names === null || names.includes("websocket")) return [];
    return check({
      id: "missing.websocket",
      area: "missing",
      state: "warn",
      title: `${titleOf(finding)} offers ${names} only`,
      detail: "Every message then costs requests of its own.",
      fix: { text: "Offer WebSocket too", code: 'new Server(server, { transports: ["polling", "websocket"] });' },
      node,
    });
  });

const adapters: Examination = ({ present }) =>
  [...new Set(present.map(({ service }) => service))].flatMap((service) => {
    const members = present.filter((node) => node.service === service);
    const alone = members.filter(({ findings }) =>
      findings.some((finding) => (noteOf(finding, "adapter") ?? "").split(", ").some((name) => IN_MEMORY.has(name))),
    );
    if (members.length < 2 || alone.length === 0) return [];
    return check({
      id: "missing.adapter",
      area: "missing",
      state: "warn",
      title: `${members.length} processes of ${service} keep their rooms to themselves`,
      detail:
        "With the in-memory adapter of Socket.IO a broadcast reaches the clients of one process alone. " +
        "Leave it so when your processes share nothing.",
      fix: {
        text: "Let an adapter connect them (@socket.io/redis-adapter, @socket.io/cluster-adapter)",
        code: 'import { createAdapter } from "@socket.io/redis-adapter";\n\nio.adapter(createAdapter(pubClient, subClient));',
      },
    });
  });

/** What is missing, and the line to paste. */
export const MISSING: readonly Examination[] = [nodes, libraries, users, capacity, transports, adapters];
