import {
  type BroadcastRow,
  type ByteWriter,
  type CollectorRow,
  type ComponentRow,
  type CountTable,
  type ErrorRow,
  type HelloFrame,
  type NodeState as NodeWord,
  type QueryRow,
  type SlowRow,
  type SnapshotFrame,
  type TableFrame,
  WsightError,
} from "@wsight/protocol";
import { ClockLead } from "./clock-lead.ts";
import { toHubClock } from "./hub-clock.ts";
import { Presence } from "./presence.ts";
import type { Timeline } from "./timeline.ts";
import type { Arrival, Tracked } from "./tracked.ts";

/** A node is late, and no longer known, after this many of its own intervals. */
const SILENT_AFTER_INTERVALS = 2.5;
/** A silent node is taken for gone after this. */
const GONE_AFTER_MS = 300_000;
/** A process no older than this is counted from its start when it is first seen. */
const COUNT_FROM_START_MS = 10_000;
/** A probe's clock that differs from the hub's by more than this over one interval was set, and is not believed. */
const CLOCK_TOLERANCE_MS = 5000;
/** A jump of `seq` beyond this is nonsense, not loss. */
const MAX_LOST = 1_000_000;

/** How a snapshot was taken in. */
export interface SnapshotOutcome {
  /** What is missing, so that the probe must say everything again; `null` when nothing is. */
  readonly resync: string | null;
  /** Entries whose id names another kind of series. */
  readonly mismatched: number;
}

/** The newest lists of one node, by table. */
export type NodeCounts = Readonly<Record<"users" | "channels" | "rooms", CountTable>>;

function noCounts(): NodeCounts {
  const none = { total: 0, rows: [], spread: [] };
  return { users: none, channels: none, rooms: none };
}

/**
 * One process as the hub knows it.
 *
 * `live` → `silent` when its newest snapshot is older than 2.5 intervals →
 * `gone` when that lasts 5 minutes or it says bye. Any snapshot brings it
 * back. Back from silence, what grew meanwhile is spread over the time it
 * took; back from gone, counting goes on from the values that arrive.
 */
export class NodeState {
  readonly key: string;
  hello: HelloFrame;
  /** When the newest snapshot arrived, or the hello while there is none; ms epoch of the hub. */
  lastAt: number;
  lost = 0;
  restarts = 0;
  /** When it went; `null` while it has not. */
  goneAt: number | null = null;
  /** True when it went because its process said goodbye. */
  saidBye = false;
  /** Series by key, those that ended recently included. */
  readonly series: Map<string, Tracked> = new Map();
  counts: NodeCounts = noCounts();
  errors: readonly ErrorRow[] = [];
  slow: readonly SlowRow[] = [];
  broadcasts: readonly BroadcastRow[] = [];
  components: readonly ComponentRow[] = [];
  collectors: readonly CollectorRow[] = [];
  queries: readonly QueryRow[] = [];
  readonly presence: Presence;
  readonly #timeline: Timeline;
  readonly #dirty: Tracked[] = [];
  #keyframes = 0;
  #counting: boolean;
  #seq: number | null = null;
  #sampledAt: number | null = null;
  #lead = new ClockLead();
  #fresh = false;

  constructor(key: string, hello: HelloFrame, timeline: Timeline, now: number) {
    this.key = key;
    this.hello = hello;
    this.lastAt = now;
    this.presence = new Presence(timeline);
    this.#timeline = timeline;
    this.#counting = false;
  }

  /** Number of the newest snapshot of its epoch; `null` for none. */
  get seq(): number | null {
    return this.#seq;
  }

  /** How far its clock is ahead of the hub's, ms; `null` before its first snapshot. */
  get clockAheadMs(): number | null {
    return this.#lead.ms;
  }

  /** What to call it at `now`. */
  stateAt(now: number): NodeWord {
    if (this.goneAt !== null) return "gone";
    return now - this.lastAt > SILENT_AFTER_INTERVALS * this.hello.intervalMs ? "silent" : "live";
  }

  /** Hears a further hello. Another epoch is a restart: everything counts from zero. */
  meet(hello: HelloFrame): void {
    const restarted = hello.epoch !== this.hello.epoch;
    this.hello = hello;
    if (!restarted) return;
    this.restarts++;
    this.#lead = new ClockLead();
    this.#seq = null;
    this.#keyframes = 0;
    // One that was gone is counted from its start only when that was just now; see #arrive.
    this.#counting = this.goneAt === null;
    for (const tracked of this.series.values()) {
      tracked.keyframe = -1;
      this.#end(tracked);
    }
    this.errors = [];
    this.slow = [];
    this.broadcasts = [];
    this.components = [];
    this.collectors = [];
    this.queries = [];
    this.counts = noCounts();
  }

  /** Takes a snapshot in; `resolve` knows the series by the ids of the link, `null` for one that was refused. */
  apply(snapshot: SnapshotFrame, now: number, resolve: (id: number) => Tracked | null | undefined): SnapshotOutcome {
    const refusal = this.#checkSeq(snapshot);
    if (refusal !== undefined) return { resync: refusal, mismatched: 0 };
    const missed = this.#seq !== null && snapshot.seq > this.#seq + 1 ? snapshot.seq - this.#seq - 1 : 0;
    this.lost += missed;
    const arrival = this.#arrive(snapshot, now);
    this.#seq = snapshot.seq;
    if (snapshot.keyframe) this.#keyframes++;
    const outcome = this.#takeEntries(snapshot, arrival, resolve);
    if (snapshot.keyframe) this.#endUnnamed();
    // Until a keyframe came, what else there is can't be known.
    if (this.#keyframes > 0) this.#counting = true;
    if (snapshot.keyframe) return outcome;
    if (missed > 0) return { ...outcome, resync: `${missed} snapshots lost before ${snapshot.seq}` };
    return this.#keyframes > 0 ? outcome : { ...outcome, resync: "expected a keyframe first" };
  }

  /** Ends `tracked`, whose value goes on within `into`. */
  retire(tracked: Tracked, into: Tracked): void {
    if (tracked.kind === "counter" && into.kind === "counter") into.absorb(tracked);
    else if (tracked.kind === "histogram" && into.kind === "histogram") into.absorb(tracked);
    else
      throw new WsightError(
        "BAD_FRAME",
        `retired: expected two counters or two histograms, got ${tracked.kind} into ${into.kind}`,
      );
    this.#end(tracked);
  }

  /** Takes a table in. */
  table(frame: TableFrame): void {
    const onHubClock = toHubClock(this.clockAheadMs);
    switch (frame.table) {
      case "errors":
        this.errors = frame.rows;
        return;
      case "slow":
        this.slow = frame.rows;
        return;
      case "broadcasts":
        this.broadcasts = frame.rows;
        return;
      case "components":
        this.components = frame.rows.map((row) => ({
          ...row,
          since: onHubClock(row.since),
          checkedAt: onHubClock(row.checkedAt),
        }));
        return;
      case "collectors":
        this.collectors = frame.rows.map((row) => ({ ...row, readAt: onHubClock(row.readAt) }));
        return;
      case "queries":
        this.queries = frame.rows.map((row) => ({ ...row, lastAt: onHubClock(row.lastAt) }));
        return;
      default:
        this.counts = {
          ...this.counts,
          [frame.table]: { total: frame.total, rows: frame.rows, spread: frame.spread },
        };
    }
  }

  /** It is gone from `now` on. */
  leave(now: number): void {
    this.goneAt ??= now;
  }

  /** Its process ends as it should; gone from `now` on. */
  sayBye(now: number): void {
    this.leave(now);
    this.saidBye = true;
  }

  /** Ends a second. */
  close(second: number, writer: ByteWriter): void {
    const end = (second + 1) * 1000;
    for (const tracked of this.#dirty) {
      tracked.dirty = false;
      tracked.close(second, writer);
    }
    this.#dirty.length = 0;
    const age = (end - this.lastAt) / this.hello.intervalMs;
    if (this.goneAt === null && end - this.lastAt > GONE_AFTER_MS) this.leave(end);
    if (this.goneAt !== null && !this.#fresh) this.presence.gone(second);
    else if (this.#fresh) this.presence.fresh(second);
    else if (age <= SILENT_AFTER_INTERVALS) this.presence.waiting(second, age <= 1.5);
    else this.presence.silent(second);
    this.#fresh = false;
  }

  /** Forgets what ended before `oldest`, the first second that can be read, and says which series did. */
  sweep(oldest: number): readonly Tracked[] {
    const forgotten: Tracked[] = [];
    for (const [key, tracked] of this.series) {
      if (tracked.kind === "histogram") tracked.log.expire(oldest);
      if (tracked.retiredAt >= oldest) continue;
      this.series.delete(key);
      forgotten.push(tracked);
    }
    return forgotten;
  }

  /** Undefined to go on, else why everything must be said again (`null`: a repetition, nothing to do). */
  #checkSeq({ seq, keyframe }: SnapshotFrame): string | null | undefined {
    if (this.#seq === null) return undefined;
    if (seq === this.#seq) return null;
    if (keyframe) {
      if (seq < this.#seq || seq - this.#seq > MAX_LOST) this.#seq = null;
      return undefined;
    }
    if (seq < this.#seq) return `snapshot ${seq} came after ${this.#seq}`;
    return seq - this.#seq > MAX_LOST ? `snapshot ${seq} came right after ${this.#seq}` : undefined;
  }

  /** Notes the time that the snapshot covers, and how its values are to be taken. */
  #arrive(snapshot: SnapshotFrame, now: number): Arrival {
    const age = snapshot.at - this.hello.startedAt;
    if (this.#seq === null && age >= 0 && age <= COUNT_FROM_START_MS) this.#counting = true;
    else if (this.goneAt !== null) this.#counting = false;
    this.presence.cover(this.#counting ? this.#coveredBy(snapshot, now) : 0);
    this.#sampledAt = snapshot.at;
    this.#lead.add(snapshot.at, now);
    this.lastAt = now;
    this.goneAt = null;
    this.saidBye = false;
    this.#fresh = true;
    return this.#counting ? "growth" : "baseline";
  }

  /** Milliseconds since the snapshot before, or since the start of a new process. */
  #coveredBy(snapshot: SnapshotFrame, now: number): number {
    const { startedAt, intervalMs } = this.hello;
    const waited = now - this.lastAt;
    let covered = snapshot.at - (this.#sampledAt ?? startedAt);
    if (this.#seq === null) covered = Math.min(covered, snapshot.at - startedAt);
    else if (Math.abs(covered - waited) > CLOCK_TOLERANCE_MS) covered = waited;
    if (covered > 0) return covered;
    return waited > 0 ? waited : intervalMs;
  }

  #takeEntries(
    snapshot: SnapshotFrame,
    arrival: Arrival,
    resolve: (id: number) => Tracked | null | undefined,
  ): SnapshotOutcome {
    let unknown: number | null = null;
    let mismatched = 0;
    const second = this.#timeline.open;
    const reach = <K extends Tracked["kind"]>(id: number, kind: K): Extract<Tracked, { kind: K }> | undefined => {
      const tracked = resolve(id);
      if (tracked === undefined) unknown = id;
      if (tracked === undefined || tracked === null) return undefined;
      if (tracked.kind !== kind) {
        mismatched++;
        return undefined;
      }
      this.#touch(tracked);
      return tracked as Extract<Tracked, { kind: K }>;
    };
    for (const [id, value] of snapshot.counters) reach(id, "counter")?.take(value, arrival, second);
    for (const [id, value] of snapshot.gauges) reach(id, "gauge")?.take(value);
    for (const [id, value] of snapshot.histograms) reach(id, "histogram")?.take(value, arrival);
    return { resync: unknown === null ? null : `series ${unknown} was not named`, mismatched };
  }

  #touch(tracked: Tracked): void {
    tracked.retiredAt = Infinity;
    tracked.seen = true;
    tracked.keyframe = this.#keyframes;
    if (tracked.dirty) return;
    tracked.dirty = true;
    this.#dirty.push(tracked);
  }

  /** A keyframe holds every series: those it does not hold have ended. */
  #endUnnamed(): void {
    for (const tracked of this.series.values()) {
      if (tracked.keyframe !== this.#keyframes && tracked.retiredAt === Infinity) this.#end(tracked);
    }
  }

  #end(tracked: Tracked): void {
    tracked.retiredAt = Math.min(tracked.retiredAt, this.#timeline.open);
    if (tracked.kind === "gauge") return;
    tracked.restart();
    if (tracked.kind !== "histogram" || tracked.dirty) return;
    tracked.dirty = true;
    this.#dirty.push(tracked);
  }
}
