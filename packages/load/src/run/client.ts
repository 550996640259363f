import type { LoadConnection, LoadConnectionEvents, LoadDriver } from "../drivers/driver.ts";
import { readMark } from "../drivers/template.ts";
import { Pending } from "./pending.ts";
import type { Tally } from "./tally.ts";
import { workerOf } from "./worker-header.ts";

/** Bytes that may wait for the kernel on one connection; a message more is lost. */
const MAX_BACKLOG = 4 * 1024 * 1024;
/** Messages that may wait for answers on one connection; one more is lost. */
const MAX_PENDING = 100_000;

/** What clients of one process share. */
export interface ClientContext {
  readonly driver: LoadDriver;
  /** What is counted into right now. */
  readonly tally: Tally;
  /** ms since the start; add `startedAt` for the machine's clock. */
  readonly now: () => number;
  readonly startedAt: number;
  readonly awaits: boolean;
  readonly timeoutMs: number;
  /** Marked messages are what is measured. */
  readonly listens: boolean;
  readonly onReady: (client: Client) => void;
}

/** One connection of a run with the messages that it waits for. */
export class Client implements LoadConnectionEvents {
  readonly id: number;
  /** True while it has a place in the schedule. */
  scheduled = false;
  readonly #context: ClientContext;
  readonly #localAddress: string | undefined;
  #connection: LoadConnection | null = null;
  #state: "opening" | "ready" | "gone" = "gone";
  #meantAt = 0;
  #pending: Pending | null = null;
  #sent = 0;
  #forgetNext = 0;
  #heardMark = Number.NEGATIVE_INFINITY;

  constructor(context: ClientContext, id: number, localAddress: string | undefined) {
    this.#context = context;
    this.id = id;
    this.#localAddress = localAddress;
  }

  get state(): "opening" | "ready" | "gone" {
    return this.#state;
  }

  /** Messages that wait for answers. */
  get waiting(): number {
    return this.#pending?.waiting ?? 0;
  }

  /** When the newest broadcast that it heard was meant to leave, ms since the start. */
  get heardMark(): number {
    return this.#heardMark;
  }

  /** @param meantAt when it was meant to be opened, ms since the start */
  open(meantAt: number): void {
    this.#meantAt = meantAt;
    this.#state = "opening";
    // Messages of a new connection are numbered anew.
    this.#forgetNext = 0;
    this.#connection = this.#context.driver.connect(this.id, this, this.#localAddress);
  }

  /** Sends a message meant for `meantAt`. False when there is no connection to send it over. */
  send(meantAt: number): boolean {
    const connection = this.#connection;
    if (this.#state !== "ready" || connection === null) return false;
    const { tally, awaits, startedAt } = this.#context;
    this.#pending ??= new Pending();
    const number = awaits ? this.#pending.next : this.#sent;
    const sentAt = this.#context.now();
    const full = connection.waiting > MAX_BACKLOG || this.#pending.waiting >= MAX_PENDING;
    const bytes = full ? 0 : connection.send(number, meantAt + startedAt);
    if (bytes === 0) {
      this.#lose(1, full ? "the server takes no more messages" : "could not be sent");
      return connection.ready;
    }
    this.#sent++;
    tally.sent++;
    tally.bytesOut += bytes;
    // A message may leave a moment before its time, see the engine; that is no credit to the server.
    tally.sendLag.record(Math.max(0, sentAt - meantAt));
    if (awaits) this.#pending.add(Math.min(meantAt, sentAt), sentAt);
    return true;
  }

  /** Gives up messages that wait for too long. Called at least once in each timeout. */
  expire(now: number): void {
    if (this.#pending === null || this.#pending.waiting === 0) return;
    this.#lose(this.#pending.expire(now - this.#context.timeoutMs), "not answered in time");
    // A late answer still has its turn for a while, so that it is not taken for that of the next message.
    this.#connection?.forget(this.#forgetNext);
    this.#forgetNext = this.#pending.oldest;
  }

  /** Leaves in good order; what waits is not lost, but was never meant to be answered. */
  close(): void {
    this.#leave()?.close();
  }

  /** Is cut off. */
  cut(): void {
    this.#leave()?.abort();
    this.#connection = null;
  }

  ready(headers: ReadonlyMap<string, string>): void {
    if (this.#state !== "opening") return;
    const { tally, now, onReady } = this.#context;
    this.#state = "ready";
    tally.opened++;
    tally.connect.record(now() - this.#meantAt);
    const worker = workerOf(headers);
    if (worker !== null) tally.take(worker);
    onReady(this);
  }

  answered(number: number): void {
    if (this.#pending === null || !this.#pending.take(number)) return;
    const { tally, now } = this.#context;
    const at = now();
    tally.answered++;
    tally.latency.record(at - this.#pending.meantAt);
    tally.service.record(at - this.#pending.sentAt);
  }

  received(bytes: Buffer): void {
    const { tally, listens, startedAt, now } = this.#context;
    tally.received++;
    tally.bytesIn += bytes.length;
    if (!listens || this.id === 0) return;
    const mark = readMark(bytes);
    if (mark === null) return;
    const meantAt = mark - startedAt;
    this.#heardMark = Math.max(this.#heardMark, meantAt);
    tally.answered++;
    tally.latency.record(Math.max(0, now() - meantAt));
  }

  closed(reason: string): void {
    const before = this.#state;
    this.#connection = null;
    if (before === "gone") return;
    this.#state = "gone";
    const { tally } = this.#context;
    if (before === "opening") {
      tally.failed++;
      tally.fail(`not opened: ${reason}`);
      return;
    }
    tally.dropped++;
    tally.fail(`dropped: ${reason}`);
    this.#lose(this.waiting, "");
    this.#pending = null;
  }

  /** Counts what has not been opened by the end. */
  giveUp(): void {
    if (this.#state !== "opening") return;
    const { tally } = this.#context;
    tally.failed++;
    tally.fail("not opened: still opening at the end");
    this.cut();
  }

  /** True until its connection is gone for good. */
  get leaving(): boolean {
    return this.#state === "gone" && this.#connection !== null;
  }

  #leave(): LoadConnection | null {
    const connection = this.#connection;
    this.#state = "gone";
    this.#pending = null;
    return connection;
  }

  #lose(count: number, reason: string): void {
    if (count === 0) return;
    const { tally, timeoutMs } = this.#context;
    tally.lost += count;
    tally.latency.record(timeoutMs, count);
    if (reason !== "") tally.fail(`lost: ${reason}`, count);
  }
}
