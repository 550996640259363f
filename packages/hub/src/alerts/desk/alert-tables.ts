import type { AlertChannel, Notice, OutboxRow } from "@wsight/protocol";
import type { AlertDesk, ChannelDraft } from "./desk.ts";

/** A notice that was taken to be told. */
export interface LeasedNotice {
  readonly id: number;
  readonly dedupeKey: string;
  /** Tries before this one. */
  readonly attempts: number;
  /** When it was put in, or put back by hand; ms epoch. */
  readonly createdAt: number;
  readonly notice: Notice;
}

/** Notices of one group and channel, oldest first: one message. */
export interface LeasedGroup {
  readonly channelId: string;
  readonly groupKey: string;
  readonly notices: readonly LeasedNotice[];
}

/** What came of a try. */
export type Outcome =
  /** `reply` is what the receiver said, one line: tests show it. */
  | { readonly result: "sent"; readonly providerId: string | null; readonly reply?: string }
  | { readonly result: "again"; readonly error: string; readonly nextAt: number }
  | { readonly result: "dead"; readonly error: string };

/** A channel with its secrets, for who sends. */
export interface OpenChannel extends Pick<AlertChannel, "id" | "name" | "type" | "enabled" | "config"> {
  readonly secrets: Readonly<Record<string, string>>;
}

/**
 * Tables of rules, states and the outbox, in one database. Runs in the desk's
 * process; one contract for all (`@wsight/testkit`).
 *
 * Of the outbox: per channel and episode the order of `seq` is kept (a notice
 * is not leased while an earlier one of its episode is queued or leased on
 * that channel); a `resolved` that is put in while `firing` is still queued
 * supersedes it and carries both; a group is due `groupWaitSec` after its first
 * notice and `groupIntervalSec` after its last message.
 */
export interface AlertTables extends Omit<AlertDesk, "saveChannel" | "testChannel" | "status" | "revision" | "close"> {
  /** @param sealed the secrets as they are kept: encrypted */
  saveChannel(channel: Omit<ChannelDraft, "secrets">, sealed: string, ifVersion: number | null): Promise<AlertChannel>;
  /** What `saveChannel` was given; `null` for no such channel. */
  sealedOf(channelId: string): Promise<string | null>;
  /** Takes what is due for `leaseMs`; leases that ran out are due again. At most `most` groups, one per channel unless it was free. */
  lease(now: number, leaseMs: number, most: number, busyChannels: readonly string[]): Promise<readonly LeasedGroup[]>;
  /** Says what came of leased notices. */
  settle(ids: readonly number[], outcome: Outcome, now: number): Promise<void>;
  /** When the next notice is due after `now`, ms epoch; an earlier time when all there are were due before; `null` for none. */
  nextDueAt(now: number): Promise<number | null>;
  /** Puts one notice in, due at once, and says its id. */
  enqueue(dedupeKey: string, channelId: string, notice: Notice, now: number): Promise<OutboxRow>;
  /** Deletes sent notices older than 30 days, episodes older than 400 days, and more than 100,000 rows of either. */
  prune(now: number): Promise<void>;
  /**
   * Says that this hub lives; to be called when sending begins and every half minute. Leases of processes that have
   * ended are due again, and what waits of hubs that are gone for 5 minutes is this hub's from now on.
   */
  beat(now: number): Promise<void>;
  revision(): Promise<number>;
  /** Every channel, with how it fares. */
  channels(): Promise<readonly AlertChannel[]>;
  close(): Promise<void>;
}
