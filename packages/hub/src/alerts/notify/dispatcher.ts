import { createHash } from "node:crypto";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { ChannelType } from "@wsight/protocol";
import type { LeasedGroup, LeasedNotice, OpenChannel, Outcome } from "../desk/alert-tables.ts";
import type { Dispatcher, DispatcherParts } from "../desk/dispatcher.ts";
import { createAddressGuard } from "./address/address-guard.ts";
import { backoffMs, GIVE_UP_MS } from "./dispatch/backoff.ts";
import { ChannelPace } from "./dispatch/channel-pace.ts";
import { conceal } from "./dispatch/conceal.ts";
import { type LostChannel, UndeliverableLimit, undeliverableNotice, worthTelling } from "./dispatch/undeliverable.ts";
import type { Delivery, Message, Notifier } from "./notifier.ts";
import { createNotifiers } from "./notifiers.ts";

/** Channels that are sent to at once, each with one message. */
const MOST_AT_ONCE = 8;
/** A try that takes longer is ended and made again; a lease lasts longer than that. */
const TRY_MS = 25_000;
/** How long a notifier may take to notice that its try was ended. */
const NOTICE_MS = 3_000;
const LEASE_MS = 45_000;
const CLOSE_MS = 5_000;
/** Looks at least so often: another hub's notices may be overdue. */
const LONGEST_SLEEP_MS = 15_000;
const SHORTEST_SLEEP_MS = 20;
/** When it looks again at what is due and could not be taken. */
const LATE_MS = 1_000;
/** Between tries to use tables that failed. */
const TABLES_RETRY_MS = 1_000;

/** What is set otherwise where notices are only tried out. */
export interface DispatcherTuning {
  /** @default all of them, see `createNotifiers` */
  readonly notifiers?: ReadonlyMap<ChannelType, Notifier>;
  /** From 0 to below 1. @default Math.random */
  readonly random?: () => number;
  /** How long a leased notice is ours, ms: longer than a try takes. @default 45_000 */
  readonly leaseMs?: number;
}

/**
 * Starts to send what is due. Of each channel one message is on its way at a
 * time; a notice counts as sent once that is kept, so that a crash in between
 * sends it once more, and never loses it.
 *
 * @throws WsightError `BAD_OPTION` for hosts to be allowed that are none
 */
export function createDispatcher(parts: DispatcherParts, tuning: DispatcherTuning = {}): Dispatcher {
  return new OutboxDispatcher(parts, tuning);
}

/** A try, and what came of it; `quiet`: nobody need be told that it failed. */
interface Attempt {
  readonly channel: OpenChannel | null;
  readonly delivery: Delivery;
  readonly quiet: boolean;
}

class OutboxDispatcher implements Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #notifiers: ReadonlyMap<ChannelType, Notifier>;
  readonly #random: () => number;
  readonly #leaseMs: number;
  /** Messages on their way, by channel. */
  readonly #busy = new Map<string, Promise<void>>();
  readonly #pace = new ChannelPace();
  readonly #limit = new UndeliverableLimit();
  readonly #ending = new AbortController();
  #closing: Promise<void> | null = null;
  #woken = false;
  #rouse: (() => void) | null = null;
  readonly #running: Promise<void>;

  constructor(parts: DispatcherParts, tuning: DispatcherTuning) {
    const { notifyHosts, dataDir, now } = parts;
    this.#parts = parts;
    this.#notifiers =
      tuning.notifiers ??
      createNotifiers({
        guard: createAddressGuard(notifyHosts),
        noticesDir: dataDir === null ? null : join(dataDir, "notices"),
        now,
      });
    this.#random = tuning.random ?? Math.random;
    this.#leaseMs = tuning.leaseMs ?? LEASE_MS;
    this.#running = this.#run();
  }

  wake(): void {
    this.#woken = true;
    this.#rouse?.();
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    this.wake();
    const late = setTimeout(() => this.#ending.abort(), CLOSE_MS);
    await this.#running;
    await Promise.all(this.#busy.values());
    clearTimeout(late);
    this.#ending.abort();
    await Promise.all([...this.#notifiers.values()].map((notifier) => notifier.close()));
  }

  async #run(): Promise<void> {
    while (this.#closing === null) {
      this.#woken = false;
      const sleepMs = await this.#turn().catch((error: unknown) => this.#tablesFailed(error));
      if (sleepMs > 0) await this.#sleep(sleepMs);
    }
  }

  /** Takes what is due, and says how long nothing will be. */
  async #turn(): Promise<number> {
    const { tables, now } = this.#parts;
    const at = now();
    const free = MOST_AT_ONCE - this.#busy.size;
    const left = [...this.#busy.keys(), ...this.#pace.resting(at)];
    const groups = free > 0 ? await tables.lease(at, this.#leaseMs, free, left) : [];
    for (const group of groups) this.#begin(group);
    if (groups.length > 0) return 0;
    const dueAt = await tables.nextDueAt(at);
    // What is due and was not taken waits for its channel: `#begin` wakes us when that is free.
    const ours = dueAt !== null && dueAt <= at ? at + LATE_MS : dueAt;
    const times = [ours, this.#pace.nextAt(at)].filter((time) => time !== null);
    return Math.max(SHORTEST_SLEEP_MS, Math.min(LONGEST_SLEEP_MS, ...times.map((time) => time - at)));
  }

  async #sleep(ms: number): Promise<void> {
    if (this.#woken) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#rouse = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#rouse = null;
  }

  #begin(group: LeasedGroup): void {
    const { channelId } = group;
    const done = this.#tell(group)
      .catch((error: unknown) => this.#parts.onError(error))
      .finally(() => {
        this.#busy.delete(channelId);
        this.wake();
      });
    this.#busy.set(channelId, done);
  }

  async #tell(group: LeasedGroup): Promise<void> {
    const attempt = await this.#try(group);
    const secrets = attempt.channel?.secrets ?? {};
    const { delivery } = attempt;
    if (delivery.result === "sent") await this.#sent(group, { ...delivery, reply: conceal(delivery.reply, secrets) });
    else await this.#failed(group, attempt, delivery, conceal(delivery.error, secrets));
  }

  async #try(group: LeasedGroup): Promise<Attempt> {
    const dead = (error: string): Delivery => ({ result: "dead", error });
    let channel: OpenChannel | null;
    try {
      channel = await this.#parts.open(group.channelId);
    } catch (error) {
      const delivery = { result: "again", error: messageOf(error), afterMs: null } as const;
      return { channel: null, delivery, quiet: false };
    }
    if (channel === null) return { channel, delivery: dead("the channel is gone"), quiet: true };
    const isTest = group.notices.every(({ notice }) => notice.kind === "test");
    if (!channel.enabled && !isTest) return { channel, delivery: dead("the channel is switched off"), quiet: true };
    const notifier = this.#notifiers.get(channel.type);
    if (notifier === undefined) return { channel, delivery: dead(`${channel.type} is not known here`), quiet: false };
    return { channel, delivery: await this.#send(notifier, channel, group), quiet: false };
  }

  async #send(notifier: Notifier, channel: OpenChannel, group: LeasedGroup): Promise<Delivery> {
    const message: Message = {
      idempotencyKey: keyOf(group.notices),
      notices: group.notices.map(({ notice }) => notice),
      instance: this.#parts.instance,
    };
    const attempt = new AbortController();
    const end = (): void => attempt.abort();
    this.#ending.signal.addEventListener("abort", end, { once: true });
    const late = setTimeout(end, TRY_MS);
    const over = new AbortController();
    const overdue = wait(TRY_MS + NOTICE_MS, null, { signal: over.signal }).then(
      (): Delivery => ({ result: "again", error: `nothing came back within ${TRY_MS / 1000} s`, afterMs: null }),
    );
    try {
      return await Promise.race([notifier.send(channel, message, attempt.signal), overdue]);
    } catch (error) {
      return { result: "again", error: messageOf(error), afterMs: null };
    } finally {
      clearTimeout(late);
      this.#ending.signal.removeEventListener("abort", end);
      overdue.catch(() => undefined);
      over.abort();
    }
  }

  async #sent({ channelId, notices }: LeasedGroup, delivery: Delivery & { readonly result: "sent" }): Promise<void> {
    const { providerId, reply, pauseMs = 0 } = delivery;
    this.#pace.succeeded(channelId, this.#parts.now(), pauseMs);
    await this.#settle(notices, { result: "sent", providerId, reply });
  }

  async #failed(
    { channelId, notices }: LeasedGroup,
    { channel, quiet }: Attempt,
    delivery: Exclude<Delivery, { readonly result: "sent" }>,
    error: string,
  ): Promise<void> {
    const at = this.#parts.now();
    const wishMs = delivery.result === "again" ? delivery.afterMs : null;
    const over = delivery.result === "dead" ? notices : notices.filter((leased) => isOver(leased, at));
    const later = notices.filter((leased) => !over.includes(leased));
    if (delivery.result === "again") this.#pace.failed(channelId, at, wishMs);
    if (later.length > 0) {
      const tries = Math.max(...later.map(({ attempts }) => attempts)) + 1;
      const nextAt = at + backoffMs(tries, this.#random(), wishMs);
      await this.#settle(later, { result: "again", error, nextAt });
    }
    if (over.length === 0) return;
    // Told first: a crash in between tells it again under the same key, and loses nothing.
    if (!quiet) await this.#tellOthers(channel ?? { id: channelId, name: channelId, type: null }, over, error);
    await this.#settle(over, { result: "dead", error });
  }

  #settle(notices: readonly LeasedNotice[], outcome: Outcome): Promise<void> {
    const ids = notices.map(({ id }) => id);
    return this.#keep(() => this.#parts.tables.settle(ids, outcome, this.#parts.now()));
  }

  /** Keeps something, however long it takes: what was sent must not be sent again because a disk was full. */
  async #keep(write: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        this.#parts.onError(error);
        if (this.#closing !== null) return;
        await this.#sleepOr(TABLES_RETRY_MS);
      }
    }
  }

  async #tellOthers(channel: LostChannel, lost: readonly LeasedNotice[], reason: string): Promise<void> {
    const { tables, now, channelIds } = this.#parts;
    const [first, ...others] = lost.filter(worthTelling);
    if (first === undefined) return;
    const verdict = this.#limit.next(channel.id, now());
    if (verdict === "no") return;
    const notices = [first.notice, ...others.map(({ notice }) => notice)] as const;
    const notice = undeliverableNotice(channel, notices, reason, { now: now(), last: verdict === "last" });
    const key = createHash("sha256").update(first.dedupeKey).digest("hex").slice(0, 24);
    await this.#keep(async () => {
      for (const other of await channelIds()) {
        if (other === channel.id || !(await this.#isOn(other))) continue;
        await tables.enqueue(`undeliverable.${key}.${other}`, other, notice, now());
      }
    });
  }

  async #isOn(channelId: string): Promise<boolean> {
    // One whose secrets can't be read tells nobody anything.
    const channel = await this.#parts.open(channelId).catch(() => null);
    return channel?.enabled === true;
  }

  async #sleepOr(ms: number): Promise<void> {
    await wait(ms, undefined, { signal: this.#ending.signal }).catch(() => undefined);
  }

  #tablesFailed(error: unknown): number {
    this.#parts.onError(error);
    return TABLES_RETRY_MS;
  }
}

/** Tests are tried once. */
function isOver({ notice, createdAt }: LeasedNotice, now: number): boolean {
  return notice.kind === "test" || now - createdAt >= GIVE_UP_MS[notice.severity];
}

/** The same notices have the same key; with one more it is another message. */
function keyOf(notices: readonly LeasedNotice[]): string {
  const [first, ...others] = notices;
  if (first === undefined || others.length === 0) return first?.dedupeKey ?? "";
  const all = createHash("sha256").update(notices.map(({ dedupeKey }) => dedupeKey).join("\n"));
  return `${first.dedupeKey}+${others.length}-${all.digest("hex").slice(0, 12)}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
