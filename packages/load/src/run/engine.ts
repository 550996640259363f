import type { LoadPlan } from "@wsight/protocol";
import { DRIVERS } from "../drivers/drivers.ts";
import { Schedule } from "../schedule.ts";
import type { WireTarget } from "../wire/wire-socket.ts";
import { Client, type ClientContext } from "./client.ts";
import { machineNow } from "./machine-clock.ts";
import { type RunSlice, SLICE_MS } from "./messages.ts";
import { Tally } from "./tally.ts";
import { type Move, timetableOf } from "./timetable.ts";

/**
 * A message may leave so much before its time, in ms: timers are as coarse as
 * that, and their grain would be charged to the server otherwise.
 */
const EARLY_MS = 1;
/** Most messages, and connections opened or closed, between two looks at what came in. */
const MESSAGES_A_TURN = 500;
const MOVES_A_TURN = 64;
/** Longest sleep, ms. */
const SLEEP_MS = 20;
/** How long connections may take to end in good order, ms; and when the user does not want to wait. */
const CLOSE_MS = 2500;
const HURRY_MS = 400;
/** How long it has to be quiet after a broadcast before the run is over, ms: somebody may hear one out of its turn. */
const QUIET_MS = 500;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** What one process does of a run. */
export interface EngineOptions {
  readonly plan: LoadPlan;
  readonly target: WireTarget;
  /** Connections `index`, `index + count`, … are its own. */
  readonly index: number;
  readonly count: number;
  /** Hears of each quarter of a second. */
  readonly onSlice: (slice: RunSlice) => void;
}

/**
 * Drives the connections of one process through a plan. It is `connecting`
 * until messages begin, `running` until the timetable ends, `closing` while it
 * waits for the last answers and lets connections leave, and then done.
 */
export class Engine {
  readonly #options: EngineOptions;
  readonly #clients: Client[] = [];
  readonly #moves: Move[];
  readonly #schedule: Schedule;
  readonly #messagesFrom: number;
  #endsAt: number;
  #phase: RunSlice["phase"] = "connecting";
  #tally = new Tally();
  #slices = 0;
  #startedAt = 0;
  #nextMove = 0;
  /** How many connections of the next move have moved. */
  #moved = 0;
  #expireAt = 0;
  #heardAt = 0;
  #closingUntil = 0;
  #hurry = false;
  #cpuAt: NodeJS.CpuUsage = { user: 0, system: 0 };
  #cpu = 0;
  #done: (() => void) | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
    const { plan, index, count } = options;
    const { moves, messagesFrom, endsAt } = timetableOf(plan);
    this.#moves = moves.flatMap((move) => this.#ownShare(move));
    this.#messagesFrom = messagesFrom;
    this.#endsAt = endsAt;
    this.#schedule = new Schedule(plan.intervalSeconds * 1000);
    const context = this.#context();
    for (let id = index; id < plan.connections; id += count) {
      const source = plan.sources > 1 ? `127.0.0.${1 + (id % plan.sources)}` : undefined;
      this.#clients.push(new Client(context, id, source));
    }
  }

  /** Share of one core that the process took while it ran. */
  get cpu(): number {
    return this.#cpu;
  }

  /** Begins at a time of the machine's clock; resolves when all is over. */
  async run(at: number): Promise<void> {
    this.#startedAt = at;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, at - machineNow())));
    this.#cpuAt = process.cpuUsage();
    await new Promise<void>((resolve) => {
      this.#done = resolve;
      this.#turn();
    });
  }

  /** Ends before its time: no more messages, and nobody waits long. */
  stop(): void {
    this.#hurry = true;
    this.#endsAt = Math.min(this.#endsAt, this.#now());
    this.#closingUntil = Math.min(this.#closingUntil, this.#now() + HURRY_MS);
  }

  #context(): ClientContext {
    const engine = this;
    const { plan, target } = this.#options;
    return {
      driver: DRIVERS[plan.target.library](plan, target),
      get tally() {
        return engine.#tally;
      },
      get startedAt() {
        return engine.#startedAt;
      },
      now: () => this.#now(),
      awaits: plan.message.reply !== "none",
      timeoutMs: plan.message.timeoutMs,
      listens: plan.shape === "broadcast-lag",
      onReady: (client) => this.#welcome(client),
    };
  }

  #now(): number {
    return machineNow() - this.#startedAt;
  }

  /** A move of the connections of this process alone, by their places among its own. */
  #ownShare(move: Move): Move[] {
    const { index, count } = this.#options;
    const placeOf = (id: number): number => Math.max(0, Math.ceil((id - index) / count));
    const own = { ...move, from: placeOf(move.from), to: placeOf(move.to) };
    return own.to > own.from ? [own] : [];
  }

  #turn(): void {
    const now = this.#now();
    if (now >= (this.#slices + 1) * SLICE_MS) this.#report(now);
    if (this.#phase === "connecting" && now >= this.#messagesFrom) this.#phase = "running";
    if (this.#phase !== "closing") this.#drive(now);
    if (this.#phase !== "closing" && now >= this.#endsAt && !this.#behind(now)) this.#beginClosing(now);
    if (this.#phase === "closing" && this.#closed(now)) {
      this.#finish(now);
      return;
    }
    const sleep = Math.min(this.#nextAt() - EARLY_MS - now, SLEEP_MS);
    if (sleep <= 0) setImmediate(() => this.#turn());
    else setTimeout(() => this.#turn(), Math.max(1, Math.floor(sleep)));
  }

  #drive(now: number): void {
    this.#move(now);
    const until = Math.min(now + EARLY_MS, this.#lastAt);
    this.#schedule.run(until, MESSAGES_A_TURN, (place, at) => this.#send(place, at));
    if (now >= this.#expireAt) this.#expire(now);
  }

  /** Messages that were meant to leave before the end have not left yet. */
  #behind(now: number): boolean {
    return !this.#hurry && this.#schedule.next <= Math.min(now, this.#lastAt);
  }

  /** The last moment at which messages are meant to leave: the end itself is not one. */
  get #lastAt(): number {
    return this.#endsAt - 0.001;
  }

  #nextAt(): number {
    if (this.#phase === "closing") return Number.POSITIVE_INFINITY;
    return Math.min(this.#schedule.next, this.#moveAt(), this.#endsAt);
  }

  /** When the next connection is to move. */
  #moveAt(): number {
    const move = this.#moves[this.#nextMove];
    if (move === undefined) return Number.POSITIVE_INFINITY;
    return move.at + (move.overMs * this.#moved) / (move.to - move.from);
  }

  #move(now: number): void {
    for (let done = 0; done < MOVES_A_TURN; done++) {
      const move = this.#moves[this.#nextMove];
      const at = this.#moveAt();
      if (move === undefined || at > now) return;
      const client = this.#clients[move.from + this.#moved];
      if (move.type === "open") client?.open(at);
      else if (move.type === "close") client?.close();
      else client?.cut();
      if (move.from + ++this.#moved < move.to) continue;
      this.#nextMove++;
      this.#moved = 0;
    }
  }

  /**
   * Gives a connection its place in the schedule: the golden ratio spreads any
   * number of connections evenly over the interval. One that comes late joins
   * at the next of its times.
   */
  #welcome(client: Client): void {
    const { plan } = this.#options;
    const isSender = plan.shape !== "broadcast-lag" || client.id === 0;
    if (client.scheduled || !isSender) return;
    const interval = plan.intervalSeconds * 1000;
    const first = this.#messagesFrom + interval * ((client.id * GOLDEN) % 1);
    const missed = Math.max(0, Math.ceil((this.#now() - first) / interval));
    client.scheduled = true;
    const place = (client.id - this.#options.index) / this.#options.count;
    this.#schedule.add(place, first + missed * interval);
  }

  #send(place: number, at: number): boolean {
    const client = this.#clients[place];
    if (client?.send(at) === true) return true;
    if (client !== undefined) client.scheduled = false;
    return false;
  }

  #expire(now: number): void {
    this.#expireAt = now + Math.min(SLICE_MS, this.#options.plan.message.timeoutMs / 2);
    for (const client of this.#clients) client.expire(now);
  }

  #beginClosing(now: number): void {
    this.#phase = "closing";
    this.#measureCpu(now);
    for (const client of this.#clients) client.giveUp();
    const { timeoutMs } = this.#options.plan.message;
    this.#closingUntil = now + (this.#hurry ? HURRY_MS : timeoutMs + SLICE_MS);
    this.#heardAt = now;
  }

  /** Waits for the last answers, then for connections to leave, at most until their times. */
  #closed(now: number): boolean {
    this.#expire(now);
    if (this.#tally.received > 0) this.#heardAt = now;
    if (now < this.#closingUntil && this.#waits(now)) return false;
    let left = 0;
    let told = 0;
    for (const client of this.#clients) {
      if (client.state === "ready" && told++ < MESSAGES_A_TURN) client.close();
      if (client.state === "ready" || client.leaving) left++;
    }
    if (told > 0) this.#closingUntil = now + (this.#hurry ? HURRY_MS : CLOSE_MS);
    if (left === 0) return true;
    if (now < this.#closingUntil) return false;
    for (const client of this.#clients) client.cut();
    return true;
  }

  /** Answers, or broadcasts, are still on their way. */
  #waits(now: number): boolean {
    const { shape, intervalSeconds } = this.#options.plan;
    if (shape !== "broadcast-lag" || this.#hurry) return this.#clients.some((client) => client.waiting > 0);
    if (now - this.#heardAt < QUIET_MS) return true;
    // No process but that of the sender knows what was sent; all know when the last one was meant to leave.
    const interval = intervalSeconds * 1000;
    const last = this.#messagesFrom + interval * Math.floor((this.#lastAt - this.#messagesFrom) / interval);
    return this.#clients.some(
      ({ id, state, heardMark }) => id !== 0 && state === "ready" && heardMark < last - interval / 2,
    );
  }

  #finish(now: number): void {
    this.#report(now);
    this.#done?.();
  }

  #measureCpu(now: number): void {
    const { user, system } = process.cpuUsage(this.#cpuAt);
    this.#cpu = now > 0 ? (user + system) / 1000 / now : 0;
  }

  #report(now: number): void {
    const { index, onSlice } = this.#options;
    const connected = this.#clients.reduce((sum, client) => sum + (client.state === "ready" ? 1 : 0), 0);
    onSlice({ type: "slice", index, phase: this.#phase, at: now, connected, tally: this.#tally.write() });
    this.#slices = Math.floor(now / SLICE_MS);
    this.#tally = new Tally();
  }
}
