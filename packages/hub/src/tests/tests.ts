import { randomBytes } from "node:crypto";
import {
  type EchoProgress,
  type HistoryEvent,
  type LoadTarget,
  type TestKind,
  type TestList,
  type TestRecord,
  type TestReport,
  type TestReportFormat,
  type TestState,
  type TestSummary,
  type TestTarget,
  WsightError,
} from "@wsight/protocol";
import type { Clock } from "../clock.ts";
import type { CurrentView } from "../current-view.ts";
import type { OnHubError } from "../errors.ts";
import { type AdmissionRules, type Admitted, admitLoad, admitTarget } from "./admission.ts";
import { type Order, readOrder } from "./orders.ts";
import { createReports, type TestFile } from "./reports.ts";
import { ServerView } from "./server-view.ts";
import { createShelf } from "./shelf.ts";
import { startTestChild, type TestChild, type TestEnd } from "./test-child.ts";

/** What tests are made from. */
export interface TestsParts {
  /** File of the process that runs a test; `null`: none can be run. */
  readonly entry: string | null;
  readonly rules: AdmissionRules;
  /** Own servers as they are now. */
  readonly targets: () => readonly TestTarget[];
  readonly current: CurrentView;
  /** Directory whose `tests/` keeps the records; `null` keeps them in memory alone. */
  readonly dataDir: string | null;
  readonly clock: Clock;
  /** Gets what is told to the history. */
  readonly onEvents: (events: readonly HistoryEvent[]) => void;
  readonly onError: OnHubError;
}

/** Runs tests, one at a time, each in a process of its own, and keeps what came of them. */
export interface Tests {
  list(): Promise<TestList>;
  /** @throws WsightError `NOT_FOUND` */
  read(id: string): Promise<TestRecord>;
  /**
   * Starts a test.
   * @throws WsightError `BAD_REQUEST`, `BAD_OPTION`, `FORBIDDEN`, `NOT_FOUND` when none can be run, `CONFLICT` while one runs
   */
  start(kind: TestKind, body: unknown, by: string): TestSummary;
  /**
   * Ends the test that runs, within 2 s; resolves with what was run.
   * @throws WsightError `NOT_FOUND`, `CONFLICT` when it has ended already
   */
  cancel(id: string): Promise<TestRecord>;
  /** @throws WsightError `NOT_FOUND`, `BAD_REQUEST`, `CONFLICT` while it runs */
  report(id: string, format: TestReportFormat): Promise<TestFile>;
  /** Ends what runs, at once, and writes what is left; safe to call twice. */
  close(): Promise<void>;
}

interface Running {
  readonly child: TestChild;
  readonly view: ServerView;
  /** Resolves when its record is complete. */
  readonly over: Promise<TestRecord>;
  cancelled: boolean;
  late: boolean;
}

/** Makes the tests of a hub; nothing runs yet. */
export function createTests(parts: TestsParts): Tests {
  const { entry, rules, targets, current, dataDir, clock, onEvents, onError } = parts;
  const shelf = createShelf(dataDir, onError);
  const reports = createReports(entry);
  let running: (Running & { record: TestRecord }) | null = null;
  let closed = false;

  function find(id: string): TestRecord {
    const record = running?.record.id === id ? running.record : shelf.find(id);
    if (record === undefined) throw new WsightError("NOT_FOUND", `There is no test ${id.slice(0, 64)}`);
    return record;
  }

  function run(file: string, first: TestRecord, { order, limitMs }: Order, admitted: Admitted): void {
    const view = new ServerView(current, admitted.nodes, admitted.target.library);
    const child = startTestChild(file, order, (report) => {
      if (running !== null) running.record = progressed(running.record, report);
    });
    const limit = setTimeout(() => {
      if (running === null) return;
      running.late = true;
      child.stop();
    }, limitMs).unref();
    const over = child.done
      .then((end) => completed(end, view))
      .catch((error: unknown): TestEnd => {
        onError(error, { stage: "tests" });
        return { type: "failed", code: "INTERNAL", message: "The hub failed to take the result" };
      })
      .finally(() => {
        clearTimeout(limit);
        view.close();
      })
      .then((end) => settle(first, end));
    running = { child, view, over, cancelled: false, late: false, record: first };
    shelf.put(first);
    onEvents([eventOf(first)]);
  }

  /** What came of it, as it is kept. */
  function settle(first: TestRecord, end: TestEnd): TestRecord {
    const { record = first, cancelled = false, late = false } = running ?? {};
    running = null;
    const ended = { ...record, endedAt: clock.now(), ...outcomeOf(end, cancelled, late) } as TestRecord;
    shelf.put(ended);
    onEvents([eventOf(ended)]);
    return ended;
  }

  return {
    async list() {
      await shelf.loaded;
      const all = shelf.all().map((record) => (record.id === running?.record.id ? running.record : record));
      return {
        tests: all.map(summaryOf),
        running: running?.record.id ?? null,
        targets: targets(),
        allowed: {
          tests: entry !== null,
          anyTarget: rules.hosts.length > 0,
          hosts: rules.hosts,
          heavy: !rules.production,
        },
      };
    },
    async read(id) {
      await shelf.loaded;
      return find(id);
    },
    start(kind, body, by) {
      if (entry === null || closed) throw new WsightError("NOT_FOUND", "This hub was started without its tests");
      const admitted = admitTarget(body, targets(), rules);
      const id = newId(clock.now());
      const target = introduced(admitted.target, id);
      const order = readOrder(kind, body, { ...admitted, target });
      if (order.plan !== null) admitLoad(order.plan, admitted, rules);
      if (running !== null)
        throw new WsightError("CONFLICT", `A test runs already: ${running.record.kind}, by ${running.record.by}`, {
          details: { running: running.record.id },
        });
      const { url, library } = target;
      const profile = order.plan?.profile ?? null;
      const outcome = { state: "running", endedAt: null, progress: null, result: null, error: null } as const;
      const record: TestRecord = {
        ...{ id, kind, by, target: withoutQuery(url), library, profile, startedAt: clock.now() },
        ...outcome,
      };
      run(entry, record, order, admitted);
      return summaryOf(record);
    },
    async cancel(id) {
      await shelf.loaded;
      const { state } = find(id);
      if (running?.record.id !== id) throw new WsightError("CONFLICT", `The test has ended already: ${state}`);
      running.cancelled = true;
      running.view.hurry();
      running.child.stop();
      return running.over;
    },
    async report(id, format) {
      await shelf.loaded;
      const record = find(id);
      if (record.state === "running") throw new WsightError("CONFLICT", "The test still runs");
      return reports.make(record, format);
    },
    async close() {
      closed = true;
      reports.close();
      if (running !== null) {
        running.cancelled = true;
        running.view.hurry();
        running.child.kill();
        await running.over;
      }
      await shelf.close();
    },
  };
}

/** A test that began or ended, for the history. */
function eventOf({ id, kind, profile, state, startedAt, endedAt }: TestRecord): HistoryEvent {
  return {
    at: endedAt ?? startedAt,
    kind: endedAt === null ? "test.started" : "test.finished",
    node: null,
    subject: id,
    text: profile === null ? kind : `${kind} ${profile}`,
    attributes: { state },
  };
}

/** Adds the server's side, as this hub saw it, to what a test came to; and takes out what let it in. */
async function completed(end: TestEnd, view: ServerView): Promise<TestEnd> {
  if (end.type === "failed") return end;
  switch (end.test) {
    case "load": {
      const { plan, ...result } = await view.complete(end.result);
      return { ...end, result: { ...result, plan: { ...plan, target: withoutSecrets(plan.target) } } };
    }
    case "pool": {
      const result = await view.completePool(end.result);
      return { ...end, result: { ...result, target: withoutSecrets(result.target) } };
    }
    case "echo":
      return { ...end, result: { ...end.result, target: withoutSecrets(end.result.target) } };
    case "server":
      return { ...end, result: { ...end.result, target: withoutSecrets(end.result.target) } };
    case "report":
      return { type: "failed", code: "INTERNAL", message: "The process of the test wrote a report" };
  }
}

function outcomeOf(end: TestEnd, cancelled: boolean, late: boolean): object {
  const none = late ? { code: "TARGET_FAILED", message: "The test took longer than it may" } : null;
  if (end.type === "result" && end.test !== "report") {
    const state: TestState = cancelled ? "cancelled" : late ? "error" : end.result.passed ? "passed" : "failed";
    return { state, result: end.result, error: none };
  }
  if (cancelled) return { state: "cancelled", error: null };
  return { state: "error", error: none ?? (end.type === "failed" ? { code: end.code, message: end.message } : null) };
}

/** A record with the newest word of its test. */
function progressed(record: TestRecord, report: TestReport): TestRecord {
  if (report.type !== "progress" || report.test !== record.kind) return record;
  const progress = ((): TestRecord["progress"] => {
    switch (report.test) {
      case "load":
        return report.progress;
      case "echo":
        return answered(record.kind === "echo" ? record.progress : null, report);
      case "server":
        return { steps: [...(record.kind === "server" ? (record.progress?.steps ?? []) : []), report.step] };
    }
  })();
  return { ...record, progress } as TestRecord;
}

function answered(before: EchoProgress | null, { number, ms }: { number: number; ms: number | null }): EchoProgress {
  const lost = (before?.lost ?? 0) + (ms === null ? 1 : 0);
  return { sent: number, answered: (before?.answered ?? 0) + (ms === null ? 0 : 1), lost, lastMs: ms };
}

function summaryOf(record: TestRecord): TestSummary {
  const { id, kind, by, target, library, profile, state, startedAt, endedAt } = record;
  return { id, kind, by, target, library, profile, state, startedAt, endedAt, p95Ms: p95Of(record) };
}

function p95Of(record: TestRecord): number | null {
  if (record.kind === "load") return record.result?.messages.latency?.p95 ?? null;
  return record.kind === "echo" ? (record.result?.latency?.p95 ?? null) : null;
}

/** The server under test, and whoever reads its connections, can tell the test's from others. */
function introduced(target: LoadTarget, id: string): LoadTarget {
  const isNamed = Object.keys(target.headers).some((name) => name.toLowerCase() === "user-agent");
  return isNamed ? target : { ...target, headers: { ...target.headers, "User-Agent": `wsight-test/${id}` } };
}

/** Everybody who may look reads results; not by what the test was let in. */
function withoutSecrets(target: LoadTarget): LoadTarget {
  return { ...target, url: withoutQuery(target.url), auth: null, headers: {} };
}

function withoutQuery(url: string): string {
  return url.split(/[?#]/)[0] ?? url;
}

/** Begins with the time, so that ids sort by it. */
function newId(at: number): string {
  return `${at.toString(36).padStart(9, "0")}-${randomBytes(4).toString("hex")}`;
}
