import { randomInt } from "node:crypto";
import { hostname } from "node:os";
import { performance } from "node:perf_hooks";
import {
  encodeLinkText,
  type Finding,
  type HelloFrame,
  type HostInfo,
  type HubFrame,
  LINK_VERSION,
  SnapshotEncoder,
  type Summary,
  WsightError,
} from "@wsight/protocol";
import type { Asker, Asks } from "./asks.ts";
import { type Attachment, Attachments } from "./attachments.ts";
import { collectActiveResources } from "./collectors/active-resources.ts";
import { collectCapacity } from "./collectors/capacity.ts";
import { collectEventLoop } from "./collectors/event-loop.ts";
import { collectGarbageCollection } from "./collectors/garbage-collection.ts";
import { collectHost } from "./collectors/host.ts";
import { collectProbeCost } from "./collectors/probe-cost.ts";
import { collectProcess } from "./collectors/process.ts";
import { readHostInfo } from "./host-info.ts";
import { RateRing } from "./instruments/rate-ring.ts";
import type { ProbeContext } from "./integration.ts";
import { createJobCalls, type JobCalls } from "./jobs/job-calls.ts";
import type { JobOutbox, JobWay } from "./jobs/job-outbox.ts";
import type { ProbeLink } from "./links/link.ts";
import { summarise } from "./local-summary.ts";
import type { ConnectionList } from "./looks/connection-list.ts";
import type { Tail } from "./looks/tail.ts";
import { type ProbeOptions, type ResolvedProbeOptions, resolveProbeOptions } from "./probe-options.ts";
import { createParts } from "./probe-parts.ts";
import type { Pulls } from "./pulls.ts";
import type { Registry } from "./registry.ts";
import { Tables } from "./tables.ts";
import { startTicker } from "./ticker.ts";
import { createTrackApi, type TrackApi } from "./track.ts";

/** Intervals between keyframes. */
const KEYFRAME_TICKS = 30;
/** Times in a row that a hub is told everything as soon as it asks; one more comes back each second, else it waits for the next snapshot. */
const MAX_PROMPT = 5;

/** Measures one process. */
export interface Probe extends TrackApi, JobCalls {
  readonly service: string;
  readonly instance: string;
  /**
   * Watches a server, an application or a client of one of the libraries that
   * wsight knows, recognised by what it can do. Watching what is watched already changes nothing.
   * @throws WsightError `BAD_OPTION` when the target is nothing wsight knows
   */
  attach(target: unknown, options?: { readonly name?: string }): Attachment;
  /**
   * Leaves an HTTP request out of all figures: call it with Node's own request while it is being answered, for
   * health checks and the like.
   */
  disregard(request: unknown): void;
  /** Sends snapshots over a link from now on. Returns how to end it. */
  connect(link: ProbeLink): () => void;
  /** What is watched. */
  findings(): readonly Finding[];
  /** The contract's summary of this process. */
  getSummary(): Summary;
  get_summary(): Summary;
  /** Counts everything from zero again. */
  reset(): void;
  /** Detaches from everything and ends timers and links; safe to call twice. */
  close(): void;
}

interface LinkState {
  readonly link: ProbeLink;
  needsAll: boolean;
  /** Whether it ever took anything. */
  heard: boolean;
  /** Reconnects of it that are counted already. */
  reconnects: number;
  /** Times that it may still be told everything at once. */
  prompt: number;
  /** The link as one that asks. */
  readonly asker: Asker;
  /** The way of jobs over it. */
  readonly jobs: JobWay;
}

/** Creates a probe. It keeps no process alive and never throws after this. @throws WsightError `BAD_OPTION` */
export function createProbe(options: ProbeOptions = {}): Probe {
  const probe = new RunningProbe(resolveProbeOptions(options, { instance: defaultInstance() }));
  return Object.assign(probe, probe.jobCalls);
}

function defaultInstance(): string {
  return `${hostname()
    .replace(/[^\w.-]/g, "_")
    .slice(0, 48)}-${process.pid}`;
}

class RunningProbe implements Omit<Probe, keyof JobCalls> {
  readonly service: string;
  readonly instance: string;
  readonly trackConnectionOpened: TrackApi["trackConnectionOpened"];
  readonly trackConnectionClosed: TrackApi["trackConnectionClosed"];
  readonly trackMessageSent: TrackApi["trackMessageSent"];
  readonly trackMessageReceived: TrackApi["trackMessageReceived"];
  readonly trackError: TrackApi["trackError"];
  readonly track_connection_opened: TrackApi["track_connection_opened"];
  readonly track_connection_closed: TrackApi["track_connection_closed"];
  readonly track_message_sent: TrackApi["track_message_sent"];
  readonly track_message_received: TrackApi["track_message_received"];
  readonly track_error: TrackApi["track_error"];
  readonly jobCalls: JobCalls;
  readonly #options: ResolvedProbeOptions;
  readonly #context: ProbeContext;
  readonly #registry: Registry;
  readonly #attachments: Attachments;
  readonly #links = new Set<LinkState>();
  readonly #onTick: ReadonlySet<(tick: number) => void>;
  readonly #tables: Tables;
  readonly #pulls: Pulls;
  readonly #list: ConnectionList;
  readonly #tail: Tail;
  readonly #asks: Asks;
  readonly #outbox: JobOutbox;
  readonly #capacity: ReturnType<typeof collectCapacity>["read"];
  readonly #messages: RateRing;
  readonly #errors: RateRing;
  readonly #encoder = new SnapshotEncoder();
  readonly #endTicks: () => void;
  readonly #ends: (() => void)[] = [];
  readonly #charge: (seconds: number) => void;
  readonly #processStartedAt: number = Math.round(performance.timeOrigin);
  #startedAt = this.#processStartedAt;
  readonly #hostInfo: HostInfo = readHostInfo();
  #epoch = newEpoch();
  #seq = 0;
  #ticks = 0;
  #closed = false;

  constructor(options: ResolvedProbeOptions) {
    this.#options = options;
    this.service = options.service;
    this.instance = options.instance;
    this.#messages = new RateRing(options.intervalMs / 1000);
    this.#errors = new RateRing(options.intervalMs / 1000);
    const parts = createParts(options, {
      startedAt: this.#processStartedAt,
      epoch: () => this.#epoch,
      foundChanged: () => this.#sayHello(),
    });
    const { context, list, processes, pulls, allowance, load } = parts;
    this.#context = context;
    this.#registry = context.registry;
    this.#pulls = pulls;
    this.#list = list;
    this.#tail = parts.tail;
    this.#asks = parts.asks;
    this.#outbox = parts.outbox;
    this.#onTick = parts.onTick;
    this.#attachments = new Attachments(context, () => this.#sayHello());
    this.#tables = new Tables(context, parts);
    const track = createTrackApi(context);
    this.trackConnectionOpened = track.trackConnectionOpened;
    this.trackConnectionClosed = track.trackConnectionClosed;
    this.trackMessageSent = track.trackMessageSent;
    this.trackMessageReceived = track.trackMessageReceived;
    this.trackError = track.trackError;
    this.track_connection_opened = track.track_connection_opened;
    this.track_connection_closed = track.track_connection_closed;
    this.track_message_sent = track.track_message_sent;
    this.track_message_received = track.track_message_received;
    this.track_error = track.track_error;
    const jobs = createJobCalls({ ...context, instance: this.instance });
    this.jobCalls = jobs.calls;
    const cost = collectProbeCost(context, {
      lookBytes: () => list.memoryBytes() + processes.memoryBytes() + parts.outbox.memoryBytes(),
      readSeconds: () => pulls.spentSeconds + allowance.spentMs() / 1000,
    });
    this.#charge = cost.charge;
    const capacity = collectCapacity(context);
    this.#capacity = capacity.read;
    this.#ends.push(collectEventLoop(context), collectProcess(context), cost.end, capacity.end, jobs.end);
    this.#ends.push(collectGarbageCollection(context), collectActiveResources(context));
    this.#ends.push(collectHost(context, load), () => processes.end());
    this.#endTicks = startTicker(options.intervalMs, () =>
      context.guard.run("snapshot", () => this.#tick(), undefined),
    );
  }

  attach(target: unknown, options: { readonly name?: string } = {}): Attachment {
    if (this.#closed) throw new WsightError("BAD_OPTION", "attach: this probe is closed");
    return this.#attachments.attach(target, options.name);
  }

  disregard(request: unknown): void {
    this.#context.http.disregard(request);
  }

  connect(link: ProbeLink): () => void {
    const asker: Asker = { send: (text) => link.send(text), isOpen: () => this.#links.has(state) };
    const jobs = this.#outbox.over((text) => link.send(text));
    const state: LinkState = { link, needsAll: true, heard: false, reconnects: 0, prompt: MAX_PROMPT, asker, jobs };
    this.#links.add(state);
    link.onFrame((frame: HubFrame) => {
      if (frame.type === "request" && asker.isOpen()) void this.#asks.take(frame, asker);
      if (frame.type === "jobs-ack") jobs.acknowledge(frame);
      if (frame.type !== "resync") return;
      state.needsAll = true;
      jobs.shut();
      // Answer at once: a hub that starts anew should not wait for the next second. One that asks on and on should.
      if (state.prompt < 1) return;
      state.prompt--;
      this.#context.guard.run("link", () => this.#snapshot(), undefined);
    });
    this.#context.guard.run("link", () => this.#snapshot(), undefined);
    return () => {
      if (!this.#links.delete(state)) return;
      jobs.end();
      this.#tail.leave(asker);
      link.send(encodeLinkText({ type: "bye", epoch: this.#epoch }));
      link.close();
    };
  }

  findings(): readonly Finding[] {
    return this.#attachments.findings();
  }

  getSummary(): Summary {
    return summarise(this.#context, { startedAt: this.#startedAt, messages: this.#messages, errors: this.#errors });
  }

  get_summary(): Summary {
    return this.getSummary();
  }

  reset(): void {
    this.#registry.reset();
    for (const log of [this.#context.errors, this.#context.slow, this.#context.broadcasts, this.#context.queries])
      log.reset();
    this.#messages.reset();
    this.#errors.reset();
    this.#epoch = newEpoch();
    this.#startedAt = this.#context.now();
    this.#seq = 0;
    for (const state of this.#links) {
      state.needsAll = true;
      state.jobs.shut();
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#endTicks();
    this.#attachments.end();
    this.#tail.end();
    this.#list.end();
    for (const end of this.#ends) this.#context.guard.run("detach", end, undefined);
    for (const { link, jobs } of this.#links) {
      jobs.flush();
      jobs.end();
      link.send(encodeLinkText({ type: "bye", epoch: this.#epoch }));
      link.close();
    }
    this.#links.clear();
    this.#outbox.end();
  }

  #tick(): void {
    const { guard, connections, timing, errors, slow, broadcasts } = this.#context;
    this.#ticks++;
    for (const state of this.#links)
      state.prompt = Math.min(MAX_PROMPT, state.prompt + this.#options.intervalMs / 1000);
    connections.second = connections.secondAt(this.#context.now());
    timing.tick(this.#options.intervalMs / 1000);
    this.#context.journal.tick(this.#options.intervalMs / 1000);
    slow.tick();
    broadcasts.tick();
    this.#pulls.tick();
    for (const fn of this.#onTick) guard.run("gauge", () => fn(this.#ticks), undefined);
    this.#messages.push(this.#messageTotal());
    this.#errors.push(errors.total);
    guard.run("snapshot", () => this.#snapshot(), undefined);
    this.#outbox.pump();
  }

  #messageTotal(): number {
    let total = 0;
    this.#registry.eachCounter("websocket.server.messages", ({ value }) => {
      total += value;
    });
    return total;
  }

  #snapshot(): void {
    if (this.#links.size === 0) return;
    const begin = this.#context.hr();
    for (const state of this.#links) this.#countReconnects(state);
    const fresh = this.#registry.takeNames();
    const seq = ++this.#seq;
    const anew = [...this.#links].some(({ needsAll }) => needsAll);
    const takers = [...this.#links].filter((state) => this.#introduce(state, fresh));
    if (takers.length > 0) {
      const keyframe = anew || this.#ticks % KEYFRAME_TICKS === 0;
      this.#encoder.begin();
      this.#registry.snapshot(this.#encoder, keyframe);
      const bytes = this.#encoder.finish({ epoch: this.#epoch, seq, at: this.#context.now(), keyframe });
      for (const state of takers) this.#note(state, state.link.send(bytes));
      for (const { jobs } of takers) jobs.open();
      const told = { epoch: this.#epoch, tick: this.#ticks, all: anew };
      this.#tables.tell((text) => this.#broadcast(text), told);
      const happened = this.#context.journal.take();
      if (happened !== null) this.#broadcast(encodeLinkText({ type: "events", epoch: this.#epoch, ...happened }));
    }
    this.#charge((this.#context.hr() - begin) / 1000);
  }

  #countReconnects(state: LinkState): void {
    const reconnects = state.link.reconnects?.() ?? 0;
    if (reconnects === state.reconnects) return;
    this.#registry.counter("wsight.probe.link.reconnects").value += reconnects - state.reconnects;
    state.reconnects = reconnects;
  }

  /** Names what the next snapshot holds. Returns false for a link that takes nothing now. */
  #introduce(state: LinkState, fresh: ReturnType<Registry["takeNames"]>): boolean {
    const { link } = state;
    const names = (named: typeof fresh): boolean =>
      link.send(encodeLinkText({ type: "names", epoch: this.#epoch, ...named }));
    const taken = state.needsAll
      ? link.send(encodeLinkText(this.#hello())) && names({ names: this.#registry.allNames(), retired: [] })
      : fresh.names.length + fresh.retired.length === 0 || names(fresh);
    if (!taken) this.#note(state, false);
    return taken;
  }

  /**
   * What a dropped snapshot told is not told again unless everything is. Before
   * a link has opened for the first time nothing is dropped: nobody was there to tell.
   */
  #note(state: LinkState, taken: boolean): void {
    state.needsAll = !taken;
    state.heard ||= taken;
    if (!taken && state.heard) this.#registry.counter("wsight.probe.sink.dropped").value++;
  }

  #broadcast(text: string): void {
    for (const { link } of this.#links) link.send(text);
  }

  #sayHello(): void {
    if (!this.#closed && this.#links.size > 0) this.#broadcast(encodeLinkText(this.#hello()));
  }

  #hello(): HelloFrame {
    return {
      type: "hello",
      version: LINK_VERSION,
      service: this.service,
      instance: this.instance,
      epoch: this.#epoch,
      startedAt: this.#startedAt,
      pid: process.pid,
      host: hostname(),
      runtime: `Node.js ${process.versions.node}`,
      intervalMs: this.#options.intervalMs,
      findings: this.findings(),
      capacity: this.#capacity(),
      hostInfo: this.#hostInfo,
    };
  }
}

function newEpoch(): number {
  return randomInt(1, 2 ** 47);
}
