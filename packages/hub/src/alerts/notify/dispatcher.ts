import type { ChannelTestResult, ChannelType, Notice } from "@wsight/protocol";
import type { AlertTables, OpenChannel } from "../desk/alert-tables.ts";
import type { Notifier } from "./notifier.ts";

/** What the dispatcher needs of the tables. */
export type OutboxTables = Pick<AlertTables, "lease" | "settle" | "nextDueAt" | "enqueue">;

/** Something that befell a channel, for who counts and logs. */
export type DispatchEvent =
  | { readonly type: "sent"; readonly channelId: string; readonly notices: number }
  | { readonly type: "failed" | "dead"; readonly channelId: string; readonly notices: number; readonly error: string }
  /** The tables could not be used. */
  | { readonly type: "tables"; readonly error: string };

/** How notices are sent. */
export interface DispatcherOptions {
  readonly tables: OutboxTables;
  /** A channel with its secrets; `null` for one that is gone. @throws when its secrets can't be read */
  open(channelId: string): Promise<OpenChannel | null>;
  /** Ids of the channels that are switched on: they are told what another one could not be. */
  channels(): Promise<readonly string[]>;
  readonly notifiers: ReadonlyMap<ChannelType, Notifier>;
  /** Name of this hub, for people. */
  readonly instance: string;
  /** ms epoch. */
  now(): number;
  /** From 0 to below 1. @default Math.random */
  random?(): number;
  /** How long a leased notice is ours, ms: longer than a try takes. @default 45_000 */
  readonly leaseMs?: number;
  /** Hears what befalls channels. Must not throw. */
  onEvent?(event: DispatchEvent): void;
}

/** Sends what is due until it is closed. */
export interface Dispatcher {
  /** Something was put into the outbox: looks at once. */
  wake(): void;
  /** Sends one notice through the outbox and waits for what comes of its only try, 30 s at most. */
  test(channelId: string, notice: Notice): Promise<ChannelTestResult>;
  /** Takes nothing new, waits for what is being sent, 5 s at most; safe to call twice. Notifiers stay open. */
  close(): Promise<void>;
}
