import { type HistoryResult, type HistorySelector, type Labels, OTHER, type TypeRow } from "@wsight/protocol";
import type { PastAnswer, PastNode, PastTable } from "../state/index.ts";

/** Most rows of a table. */
const MOST_ROWS = 100;
/** Nodes that get a row of their own among connections. */
const MOST_BY_NODE = 6;
const MOST_NODES = 12;
const MOST_EVENTS = 8;
/** Lines that say more about rows: a row whose line is not among the largest has nothing said of it. */
const MOST_DETAILS = 250;

/** How one table is made from figures of the past. */
interface PastTableKind<T extends PastTable> {
  readonly selectors: readonly HistorySelector[];
  /** Makes it from the results, one for each selector. @param seconds how many have data */
  readonly make: (results: readonly HistoryResult[], seconds: number) => PastAnswer<T>;
}

const OPEN = "websocket.server.active_connections";
const MESSAGES = "websocket.server.messages";
const SIZE = "websocket.server.message.size";
const ACKS = "websocket.server.ack.duration";
const HANDLERS = "websocket.server.handler.duration";
const REQUESTS = "http.server.request.duration";
const OPERATIONS = "db.client.operation.duration";

const EVENT = ["ws.library", "event"] as const;
const DIRECTED = ["direction", ...EVENT] as const;
const MESSAGE = [...DIRECTED, "kind"] as const;
const ROUTE = ["http.request.method", "http.route"] as const;
const OPERATION = ["db.system.name", "db.operation.name", "db.collection.name", "db.operation.kind"] as const;

const messages = (top: number): HistorySelector => ({ metric: MESSAGES, agg: "increase", by: MESSAGE, top });
const timed = (side: "server" | "client"): HistorySelector => ({
  metric: ACKS,
  agg: "p95",
  where: { side },
  by: EVENT,
  top: MOST_DETAILS,
});
const handled: HistorySelector = { metric: HANDLERS, agg: "p95", by: EVENT, top: MOST_DETAILS };

/** Every table of the past. */
export const PAST_TABLES: { readonly [T in PastTable]: PastTableKind<T> } = {
  connections: {
    selectors: [
      { metric: OPEN, agg: "mean", by: ["node"], top: MOST_BY_NODE },
      { metric: OPEN, agg: "mean" },
    ],
    make: (results) => ({ ...countsOf(results[0], "node", 0), whole: results[1]?.lines[0]?.whole ?? null }),
  },
  nodes: {
    selectors: [
      { metric: "process.memory.usage", agg: "mean", by: ["node"], top: MOST_DETAILS },
      { metric: "process.cpu.utilization", agg: "mean", by: ["node"], top: MOST_DETAILS },
      { metric: "nodejs.eventloop.lag", agg: "p99", by: ["node"], top: MOST_DETAILS },
    ],
    make: nodesOf,
  },
  closes: {
    selectors: [
      { metric: "websocket.server.closes", agg: "increase", by: ["reason"], top: MOST_ROWS },
      { metric: "websocket.server.closes", agg: "increase" },
    ],
    make: (results) => ({ ...countsOf(results[0], "reason"), whole: results[1]?.lines[0]?.whole ?? null }),
  },
  events: { selectors: [messages(MOST_EVENTS), timed("server"), handled], make: eventsOf },
  types: {
    selectors: [
      messages(MOST_ROWS),
      { metric: MESSAGES, agg: "increase", by: ["direction"] },
      { metric: SIZE, agg: "p50", by: DIRECTED, top: MOST_DETAILS },
      { metric: SIZE, agg: "p95", by: DIRECTED, top: MOST_DETAILS },
      timed("server"),
      timed("client"),
      handled,
      { metric: "websocket.server.handler.errors", agg: "increase", by: EVENT, top: MOST_DETAILS },
      { metric: "websocket.server.ack.timeouts", agg: "increase", by: EVENT, top: MOST_DETAILS },
    ],
    make: typesOf,
  },
  errors: {
    selectors: [{ metric: "websocket.server.errors", agg: "increase", by: ["error.type"], top: MOST_ROWS }],
    make: ([result], seconds) => {
      const { rows, leftOut } = countsOf(result, "error.type");
      const types = rows.map(({ key, count }) => ({ type: key, total: count, perMinute: per(count, seconds) * 60 }));
      return { rows: types, leftOut, whole: null };
    },
  },
  routes: {
    selectors: [
      { metric: REQUESTS, agg: "count", by: ROUTE, top: MOST_ROWS },
      { metric: REQUESTS, agg: "count" },
      { metric: REQUESTS, agg: "p50", by: ROUTE, top: MOST_DETAILS },
      { metric: REQUESTS, agg: "p95", by: ROUTE, top: MOST_DETAILS },
      { metric: REQUESTS, agg: "count", by: [...ROUTE, "http.response.status_code"], top: MOST_DETAILS },
      { metric: "http.server.aborted_requests", agg: "increase", by: ROUTE, top: MOST_DETAILS },
    ],
    make: routesOf,
  },
  operations: {
    selectors: [
      { metric: OPERATIONS, agg: "count", by: OPERATION, top: MOST_ROWS },
      { metric: OPERATIONS, agg: "count", by: ["db.system.name"] },
      { metric: OPERATIONS, agg: "p50", by: OPERATION, top: MOST_DETAILS },
      { metric: OPERATIONS, agg: "p95", by: OPERATION, top: MOST_DETAILS },
    ],
    make: operationsOf,
  },
};

function countsOf(result: HistoryResult | undefined, by: string, least?: number): Omit<PastAnswer<"closes">, "whole"> {
  const rows = linesOf(result, least).map(({ labels, whole }) => ({ key: labels[by] ?? "", count: whole }));
  return { rows: sharedLast(rows, ({ key }) => key), leftOut: result?.leftOut ?? 0 };
}

function nodesOf([memory, cpu, lag]: readonly HistoryResult[]): PastAnswer<"nodes"> {
  const [ofMemory, ofCpu, ofLag] = [memory, cpu, lag].map((result) => wholesOf(result, ["node"], 0));
  // Which of these a node tells depends on what it watches.
  const names = [...new Set([ofMemory, ofCpu, ofLag].flatMap((known) => [...(known?.keys() ?? [])]))];
  const all = names.map((node): PastNode => {
    const lagP99 = ofLag?.get(node) ?? null;
    return { node, memoryBytes: ofMemory?.get(node) ?? null, cpu: ofCpu?.get(node) ?? null, loopLagP99: lagP99 };
  });
  const slowest = all.sort((a, b) => (b.loopLagP99 ?? 0) - (a.loopLagP99 ?? 0)).slice(0, MOST_NODES);
  return { rows: slowest, leftOut: all.length - slowest.length, whole: null };
}

function eventsOf([counts, acks, handlers]: readonly HistoryResult[], seconds: number): PastAnswer<"events"> {
  const [ofAcks, ofHandlers] = [wholesOf(acks, EVENT), wholesOf(handlers, EVENT)];
  const rows = messagesOf(counts).map(({ key, count, direction, ...names }) => {
    const p95 = direction === "in" ? (ofAcks.get(key) ?? ofHandlers.get(key) ?? null) : null;
    return { ...names, direction, rate: per(count, seconds), p95 };
  });
  return { rows, leftOut: counts?.leftOut ?? 0, whole: null };
}

function typesOf(results: readonly HistoryResult[], seconds: number): PastAnswer<"types"> {
  const [counts, directions, sizeP50, sizeP95, serverAcks, clientAcks, handlers, thrown, timeouts] = results;
  const all = wholesOf(directions, ["direction"]);
  const sizes = [wholesOf(sizeP50, DIRECTED), wholesOf(sizeP95, DIRECTED)] as const;
  const acks = { in: wholesOf(serverAcks, EVENT), out: wholesOf(clientAcks, EVENT) };
  const ofHandlers = wholesOf(handlers, EVENT);
  const faults = { in: wholesOf(thrown, EVENT), out: wholesOf(timeouts, EVENT) };
  const rows = messagesOf(counts).map(({ key, count, ...names }): TypeRow => {
    const { direction } = names;
    const ack = acks[direction].get(key) ?? null;
    const handler = direction === "in" ? (ofHandlers.get(key) ?? null) : null;
    return {
      ...names,
      rate: per(count, seconds),
      share: per(count, all.get(direction) ?? 0),
      total: count,
      sizeP50: sizes[0].get(`${direction}\n${key}`) ?? null,
      sizeP95: sizes[1].get(`${direction}\n${key}`) ?? null,
      p50: null,
      p95: ack ?? handler,
      timing: ack !== null ? "ack" : handler !== null ? "handler" : null,
      errorsPerMinute: per(faults[direction].get(key) ?? 0, seconds) * 60,
    };
  });
  return { rows, leftOut: counts?.leftOut ?? 0, whole: null };
}

function routesOf(results: readonly HistoryResult[], seconds: number): PastAnswer<"routes"> {
  const [counts, whole, p50, p95, statuses, cutOff] = results;
  const [ofP50, ofP95, aborted] = [wholesOf(p50, ROUTE), wholesOf(p95, ROUTE), wholesOf(cutOff, ROUTE)];
  const failed = (key: string, digit: string): number =>
    linesOf(statuses)
      .filter(({ labels }) => keyOf(labels, ROUTE) === key && labels["http.response.status_code"]?.startsWith(digit))
      .reduce((sum, line) => sum + line.whole, 0);
  const perMinute = (count: number) => per(count, seconds) * 60;
  const rows = linesOf(counts).map(({ labels, whole: total }) => {
    const key = keyOf(labels, ROUTE);
    return {
      method: labels["http.request.method"] ?? "",
      route: labels["http.route"] ?? "",
      rate: per(total, seconds),
      share: per(total, whole?.lines[0]?.whole ?? 0),
      total,
      p50: ofP50.get(key) ?? null,
      p95: ofP95.get(key) ?? null,
      serverErrorsPerMinute: perMinute(failed(key, "5")),
      clientErrorsPerMinute: perMinute(failed(key, "4")),
      abortedPerMinute: perMinute(aborted.get(key) ?? 0),
    };
  });
  return { rows: sharedLast(rows, ({ route }) => route), leftOut: counts?.leftOut ?? 0, whole: null };
}

function operationsOf(
  [counts, systems, p50, p95]: readonly HistoryResult[],
  seconds: number,
): PastAnswer<"operations"> {
  const ofSystem = wholesOf(systems, ["db.system.name"]);
  const [ofP50, ofP95] = [wholesOf(p50, OPERATION), wholesOf(p95, OPERATION)];
  const rows = linesOf(counts).map(({ labels, whole: total }) => {
    const key = keyOf(labels, OPERATION);
    const [system = "", operation = "", collection = "", kind = ""] = key.split("\n");
    return {
      system,
      operation,
      collection,
      kind,
      rate: per(total, seconds),
      share: per(total, ofSystem.get(system) ?? 0),
      total,
      p50: ofP50.get(key) ?? null,
      p95: ofP95.get(key) ?? null,
    };
  });
  return { rows: sharedLast(rows, ({ operation }) => operation), leftOut: counts?.leftOut ?? 0, whole: null };
}

/** Messages by name and direction; those without a name go by their kind. */
function messagesOf(result: HistoryResult | undefined): readonly (Pick<TypeRow, "event" | "direction" | "library"> & {
  /** By library and event: what their distributions are known by. */
  readonly key: string;
  readonly count: number;
})[] {
  const rows = linesOf(result).map(({ labels, whole }) => ({
    event: labels.event || labels.kind || "message",
    direction: labels.direction === "out" ? ("out" as const) : ("in" as const),
    library: labels["ws.library"] ?? "",
    key: keyOf(labels, EVENT),
    count: whole,
  }));
  return sharedLast(rows, ({ event }) => event);
}

/** Lines of which something is known, the largest first. @param least below it a line is left out; by default those of nothing */
function linesOf(
  result: HistoryResult | undefined,
  least: number = Number.MIN_VALUE,
): readonly { readonly labels: Labels; readonly whole: number }[] {
  const lines = (result?.lines ?? []).flatMap(({ labels, whole }) => (whole === null ? [] : [{ labels, whole }]));
  return lines.filter(({ whole }) => whole >= least).sort((a, b) => b.whole - a.whole);
}

function wholesOf(
  result: HistoryResult | undefined,
  by: readonly string[],
  least?: number,
): ReadonlyMap<string, number> {
  return new Map(linesOf(result, least).map(({ labels, whole }) => [keyOf(labels, by), whole]));
}

function keyOf(labels: Labels, by: readonly string[]): string {
  return by.map((name) => labels[name] ?? "").join("\n");
}

/** What shares a place goes last. */
function sharedLast<Row>(rows: readonly Row[], nameOf: (row: Row) => string): readonly Row[] {
  return [...rows].sort((a, b) => Number(nameOf(a) === OTHER) - Number(nameOf(b) === OTHER));
}

function per(count: number, whole: number): number {
  return whole > 0 ? count / whole : 0;
}
