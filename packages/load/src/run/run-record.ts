import type { LoadProgress, LoadResult, LoadServerSide } from "@wsight/protocol";
import type { ReadyPlan } from "../preflight/preflight.ts";
import { type Figures, judge } from "../verdict.ts";
import { latencyOf } from "./latency.ts";
import { type RunSlice, SLICE_MS } from "./messages.ts";
import { Tally } from "./tally.ts";
import { Timeline } from "./timeline.ts";
import { timetableOf } from "./timetable.ts";

/** The tool is the bottleneck when it takes more than this share of a core, */
const MAX_CPU = 0.9;
/** or when its own lateness is more than this share of the latency that it reports, */
const MAX_LAG_SHARE = 0.2;
/** and worth speaking of: more than this, ms, and than this share of the tightest gate on latency. */
const LAG_FLOOR_MS = 10;
const LAG_GATE_SHARE = 0.1;
/** Figures that are latencies of messages. */
const LATENCIES: ReadonlySet<string> = new Set(["avg", "p50", "p90", "p95", "p99", "p999", "max", "service-p95"]);
/** Slices of the last second. */
const RECENT = 1000 / SLICE_MS;

/** Puts together what the processes of a run tell. */
export class RunRecord {
  readonly #ready: ReadyPlan;
  readonly #total = new Tally();
  readonly #timeline = new Timeline();
  readonly #last = new Map<number, RunSlice>();
  #recent: Tally[] = [];
  #newest = 0;
  #startedAt = Date.now();
  #endedAt = 0;
  #aborted = false;
  #cpu = 0;
  #died: string[] = [];
  readonly #notes: string[] = [];

  constructor(ready: ReadyPlan) {
    this.#ready = ready;
  }

  /** The run has begun. */
  begin(): void {
    this.#startedAt = Date.now();
  }

  /** Adds a quarter of a second of one process. */
  add(slice: RunSlice): void {
    const tally = Tally.read(slice.tally);
    this.#total.add(tally);
    this.#timeline.add(slice.index, slice.at, slice.connected, tally);
    this.#last.set(slice.index, slice);
    this.#newest = Math.max(this.#newest, slice.at);
    this.#recent.push(tally);
    this.#recent = this.#recent.slice(-RECENT * this.#ready.plan.processes);
  }

  /** The run is over. */
  end(workers: readonly { readonly cpu: number; readonly died: string | null }[], aborted: boolean): void {
    this.#endedAt = Date.now();
    this.#aborted = aborted;
    this.#cpu = Math.max(...workers.map(({ cpu }) => cpu));
    this.#died = workers.flatMap(({ died }) => (died === null ? [] : [died]));
  }

  /** Something that whoever reads the result should know. */
  warn(text: string): void {
    this.#notes.push(text);
  }

  /** How it goes. */
  progress(): LoadProgress {
    const recent = new Tally();
    for (const tally of this.#recent) recent.add(tally);
    const slices = [...this.#last.values()];
    const { opened: _opened, failed, dropped, sent, answered } = this.#total;
    const { endsAt } = timetableOf(this.#ready.plan);
    return {
      phase: slices.find(({ phase }) => phase !== "closing")?.phase ?? "closing",
      done: Math.min(1, this.#newest / endsAt),
      elapsedMs: this.#newest,
      connected: slices.reduce((sum, { connected }) => sum + connected, 0),
      failed,
      dropped,
      sent,
      answered,
      lost: this.#total.lost,
      messageRate: recent.sent,
      p50Ms: recent.latency.quantile(0.5),
      p95Ms: recent.latency.quantile(0.95),
      sendLagP99Ms: recent.sendLag.quantile(0.99),
    };
  }

  /** What gates look at. */
  figures(): Figures {
    const total = this.#total;
    return {
      connections: {
        wanted: this.#wanted(),
        opened: total.opened,
        failed: total.failed,
        dropped: total.dropped,
        connect: latencyOf(total.connect),
        failures: ranked(total.failures, "reason"),
      },
      messages: {
        sent: total.sent,
        answered: total.answered,
        lost: total.lost + this.#unheard(),
        received: total.received,
        bytesIn: total.bytesIn,
        bytesOut: total.bytesOut,
        latency: latencyOf(total.latency),
        service: latencyOf(total.service),
      },
      tool: this.#tool(),
    };
  }

  /** What the run came to. */
  result(server: LoadServerSide | null): LoadResult {
    const { plan, checks } = this.#ready;
    const figures = this.figures();
    const verdict = judge(figures, plan.gates);
    const workers = server?.nodes.filter(({ connections }) => (connections ?? 0) > 0) ?? [];
    const named = ranked(this.#total.workers, "worker").map(({ worker, count }) => ({ worker, connections: count }));
    return {
      plan,
      startedAt: this.#startedAt,
      endedAt: this.#endedAt,
      aborted: this.#aborted,
      checks,
      ...figures,
      workers:
        named.length > 0
          ? named
          : workers.map(({ node, connections }) => ({ worker: node, connections: connections ?? 0 })),
      verdict,
      passed: figures.tool.valid && !this.#aborted && verdict.every(({ passed }) => passed),
      timeline: this.#timeline.rows(),
      server,
      warnings: this.#warnings(),
    };
  }

  /** Connections that were to be opened: those of a storm come twice, and what was not begun by an abort does not count. */
  #wanted(): number {
    const { plan } = this.#ready;
    const { opened, failed } = this.#total;
    const planned = plan.shape === "reconnect-storm" ? plan.connections * 2 : plan.connections;
    return this.#aborted ? Math.min(planned, opened + failed) : planned;
  }

  /** Broadcasts that listeners did not hear: only over all processes is known how many there were. */
  #unheard(): number {
    if (this.#ready.plan.shape !== "broadcast-lag" || this.#aborted) return 0;
    const { sent, opened, answered } = this.#total;
    return Math.max(0, sent * Math.max(0, opened - 1) - answered);
  }

  #tool(): LoadResult["tool"] {
    const { plan } = this.#ready;
    const invalidReason = this.#invalidReason();
    return {
      processes: plan.processes,
      cpu: this.#cpu,
      sendLag: latencyOf(this.#total.sendLag),
      valid: invalidReason === null,
      invalidReason,
    };
  }

  #invalidReason(): string | null {
    const [died] = this.#died;
    if (died !== undefined) return `${this.#died.length} of its processes ended halfway (${died})`;
    const { sendLag, latency } = this.#total;
    if (this.#cpu > MAX_CPU)
      return `the tool took ${Math.round(this.#cpu * 100)} % of a core: share the load with --processes, or ask for less`;
    const lag = sendLag.quantile(0.99) ?? 0;
    const reported = latency.quantile(0.99);
    const limits = this.#ready.plan.gates.flatMap(({ figure, limit }) => (LATENCIES.has(figure) ? [limit] : []));
    const floor = limits.length === 0 ? LAG_FLOOR_MS : Math.max(LAG_FLOOR_MS, LAG_GATE_SHARE * Math.min(...limits));
    if (reported !== null && lag > floor && lag > reported * MAX_LAG_SHARE)
      return `the tool sent late: send lag p99 is ${lag.toFixed(1)} ms, and it reports a p99 of ${reported.toFixed(1)} ms. Is this machine busy with something else?`;
    return null;
  }

  #warnings(): readonly string[] {
    const texts = this.#ready.checks.filter(({ state }) => state === "warning");
    return [...texts.map(({ name, text, fix }) => `${name}: ${text}${fix === null ? "" : `; ${fix}`}`), ...this.#notes];
  }
}

function ranked<K extends string>(
  counts: ReadonlyMap<string, number>,
  name: K,
): readonly ({ readonly [P in K]: string } & { readonly count: number })[] {
  const rows = [...counts].sort(([, a], [, b]) => b - a);
  return rows.map(([key, count]) => ({ [name]: key, count }) as { [P in K]: string } & { count: number });
}
