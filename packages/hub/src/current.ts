import {
  type AlertsTable,
  ByteWriter,
  type Health,
  type HelloFrame,
  type HubRow,
  LIVE_HISTORY_MS,
  type LiveTableRows,
  type QueuesTable,
  type WorkersTable,
} from "@wsight/protocol";
import type { Clock } from "./clock.ts";
import { ByteBudget } from "./current/bucket-log.ts";
import { compileSelectors } from "./current/compile.ts";
import { EventFigures } from "./current/event-figures.ts";
import { eventRows, handlerRows, typeRows } from "./current/event-rows.ts";
import { fileSystemRows } from "./current/file-system-rows.ts";
import { NamespaceRows } from "./current/namespace-rows.ts";
import { NodeRows } from "./current/node-rows.ts";
import type { NodeState } from "./current/node-state.ts";
import { Nodes, NodeWriter } from "./current/nodes.ts";
import { OperationRows } from "./current/operation-rows.ts";
import { RouteRows } from "./current/route-rows.ts";
import { visitSecond } from "./current/second-points.ts";
import { SeriesIndex } from "./current/series-index.ts";
import { collectorRows, componentRows, queryRows } from "./current/source-rows.ts";
import { summarize } from "./current/summarize.ts";
import { errorsTable, mergeCounts, newestBroadcasts, newestSlow, totalsBy } from "./current/tables.ts";
import { Timeline } from "./current/timeline.ts";
import { LiveWindows } from "./current/window-groups.ts";
import { TABLE_WINDOW_SECONDS, WindowShelf } from "./current/window-shelf.ts";
import type { CurrentView, SeriesState } from "./current-view.ts";

/** Seconds between two looks for what can be forgotten. */
const SWEEP_SECONDS = 60;
/** A clock set back by more than this begins anew; less is waited for. */
const MAX_STEP_BACK_SECONDS = 5;

/** How `current` is set up. */
export interface CurrentOptions {
  readonly clock: Clock;
  /** Fills the row of the `hub` table. */
  readonly hubRow: () => HubRow;
  /** Fills the `alerts` table. @default none are kept */
  readonly alertsTable?: () => AlertsTable;
  /** Fills the `health` table. @default nothing is known */
  readonly health?: () => Health;
  /** Fill the tables `queues` and `workers`. @default there are none */
  readonly queuesTable?: () => QueuesTable;
  readonly workersTable?: () => WorkersTable;
  /** Length of the history at one second. @default 900 */
  readonly historySeconds?: number;
  /** Most series of all nodes together; 7 KB each at most. @default 32_768 */
  readonly maxSeries?: number;
  /** Most bytes of distributions' history. @default 64 MiB */
  readonly maxHistogramBytes?: number;
}

/** How much `current` holds, and what it had to leave out. */
export interface CurrentStats {
  readonly nodes: number;
  readonly series: number;
  /** Series that found no place. */
  readonly refusedSeries: number;
  /** Gone nodes that had to make room. */
  readonly evictedNodes: number;
  readonly histogramBytes: number;
  /** Seconds of distributions that found no room. */
  readonly refusedHistogramSeconds: number;
}

/** The latest state of all nodes and its last 15 minutes. Readers see it as a {@link CurrentView}. */
export interface Current extends CurrentView {
  /**
   * Ends the second that starts at `at` (ms epoch): from now on it can be
   * read. Call it once a second; seconds left out are gaps. One that is closed
   * already changes nothing, but when the clock was set back by more than a
   * few seconds everything is forgotten, and the probes say it again.
   */
  closeSecond(at: number): void;
  /**
   * For `ingest` alone: begins to write as the node that says hello. Whoever
   * wrote as that node before is shut out.
   * @throws WsightError `BAD_FRAME` when there are too many nodes
   */
  join(hello: HelloFrame): NodeWriter;
  stats(): CurrentStats;
}

/** Makes an empty `current`. */
export function createCurrent(options: CurrentOptions): Current {
  const { clock, hubRow, alertsTable = noAlerts, health = unknownHealth } = options;
  const { queuesTable = noQueues, workersTable = noWorkers } = options;
  const startedAt = clock.now();
  const timeline = new Timeline(options.historySeconds ?? LIVE_HISTORY_MS / 1000, Math.floor(startedAt / 1000));
  const index = new SeriesIndex(options.maxSeries ?? 32_768);
  const budget = new ByteBudget(options.maxHistogramBytes ?? 64 * 1024 * 1024);
  const nodes = new Nodes(timeline, index, budget);
  const writers = new Map<string, NodeWriter>();
  const scratch = new ByteWriter(4096);
  const compile: CurrentView["compile"] = (selectors) => compileSelectors(index, timeline, selectors);
  const nodeRows = new NodeRows(timeline, compile);
  const windows = new WindowShelf();
  const events = new EventFigures(index, windows);
  const namespaces = new NamespaceRows(index, windows);
  const routes = new RouteRows(index, windows);
  const operations = new OperationRows(index, windows);
  const processes = (): NodeState[] => [...nodes.byKey.values()].filter(isProcess);
  const present = (): NodeState[] => processes().filter((node) => node.goneAt === null);

  const rows: { readonly [T in keyof LiveTableRows]: () => LiveTableRows[T] } = {
    nodes: () => nodeRows.rows(processes(), clock.now()),
    events: () => atLast((second) => eventRows(events, second)),
    errors: () => errorsTable(index, timeline, present()),
    closes: () => totalsBy(index, timeline, "websocket.server.closes", "reason"),
    users: () => mergeCounts(present(), "users"),
    channels: () => mergeCounts(present(), "channels"),
    rooms: () => mergeCounts(present(), "rooms"),
    hub: hubRow,
    types: () => atLast((second) => typeRows(events, second)),
    handlers: () => atLast((second) => handlerRows(events, windows, second)),
    namespaces: () => atLast((second) => namespaces.rows(second)),
    slow: () => newestSlow(present()),
    broadcasts: () => newestBroadcasts(present()),
    components: () => componentRows(present()),
    collectors: () => collectorRows(present()),
    routes: () => atLast((second) => routes.rows(second)),
    operations: () => atLast((second) => operations.rows(second)),
    queries: () => queryRows(present()),
    filesystems: () => atLast((second) => fileSystemRows(index, second)),
    alerts: alertsTable,
    health,
    queues: queuesTable,
    workers: workersTable,
  };

  /** Rows of the newest second; none before the first. */
  function atLast<T>(make: (second: number) => readonly T[]): readonly T[] {
    return timeline.last === null ? [] : make(timeline.last);
  }

  function closeOne(second: number): void {
    for (const node of nodes.byKey.values()) node.close(second, scratch);
    timeline.close(second);
    if (second % SWEEP_SECONDS !== 0) return;
    nodes.sweep((second + 1) * 1000);
    windows.forget(second - TABLE_WINDOW_SECONDS);
    for (const [key, writer] of writers) if (writer.state !== "open") writers.delete(key);
  }

  return {
    get at() {
      return timeline.last === null ? null : timeline.last * 1000;
    },
    get oldestAt() {
      return timeline.last === null ? null : timeline.first * 1000;
    },
    compile,
    windows: (choice) => new LiveWindows(index, choice),
    table: (table) => rows[table](),
    nodes(which = "processes") {
      const now = clock.now();
      return (which === "all" ? [...nodes.byKey.values()] : processes())
        .map((node) => ({ node: node.key, state: node.stateAt(now), saidBye: node.saidBye, hello: node.hello }))
        .sort((a, b) => (a.node < b.node ? -1 : 1));
    },
    summary(key) {
      const chosen = key === undefined ? present() : processes().filter((node) => node.key === key);
      if (key !== undefined && chosen.length === 0) return null;
      return summarize(index, timeline, chosen, { now: clock.now(), startedAt });
    },
    forEachSeries(visit) {
      index.forEach(({ node, tracked }) => {
        if (node.goneAt !== null || tracked.retiredAt !== Infinity || !tracked.seen) return;
        const { series, value } = tracked;
        const folded = tracked.kind === "gauge" ? null : tracked.folded || null;
        const state: SeriesState = { node: node.key, epoch: node.hello.epoch, series, at: node.lastAt, value };
        visit(folded === null ? state : { ...state, folded });
      });
    },
    forEachInSecond(at, visit) {
      const second = Math.floor(at / 1000);
      if (timeline.holds(second)) visitSecond(index, second, scratch, visit);
    },
    closeSecond(at) {
      const second = Math.floor(at / 1000);
      const { last } = timeline;
      if (last === null) {
        closeOne(second);
        return;
      }
      if (second <= last) {
        if (last - second <= MAX_STEP_BACK_SECONDS) return;
        nodes.forgetAll();
        timeline.restart(second);
        closeOne(second);
        return;
      }
      const from = Math.max(last + 1, second - timeline.slots);
      for (let missed = from; missed <= second; missed++) closeOne(missed);
    },
    join(hello) {
      const node = nodes.meet(hello, clock.now());
      const writer = new NodeWriter(nodes, node, (one) => writers.get(one.key) === one);
      writers.set(node.key, writer);
      return writer;
    },
    stats: () => ({
      nodes: nodes.byKey.size,
      series: index.size,
      refusedSeries: nodes.refusedSeries,
      evictedNodes: nodes.evicted,
      histogramBytes: budget.used,
      refusedHistogramSeconds: budget.refused,
    }),
  };
}

/** False for what only brings figures. */
function isProcess({ hello }: NodeState): boolean {
  return hello.figuresOnly !== true;
}

function noAlerts(): AlertsTable {
  return { rows: [], critical: 0, warning: 0, pending: 0, undelivered: 0, state: "off", problem: null };
}

function unknownHealth(): Health {
  return { state: "unknown", since: null, reasons: [], score: null, checks: [], at: 0 };
}

function noQueues(): QueuesTable {
  return { rows: [], leftOut: 0, known: 0, evicted: 0, dropped: 0, ledger: { state: "off", problem: null } };
}

function noWorkers(): WorkersTable {
  return { rows: [], total: 0, stalled: 0, dead: 0, utilization: null, imbalance: null };
}
