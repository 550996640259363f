import type { ChannelField, ChannelType, Notice } from "@wsight/protocol";
import type { OpenChannel } from "../desk/alert-tables.ts";

/** One message to one channel: the notices of a group, oldest first, at least one. */
export interface Message {
  /** Stable over all tries: what receivers may know it by. */
  readonly idempotencyKey: string;
  readonly notices: readonly Notice[];
  /** Name of this hub, for people; unique among hubs that tell the same people. */
  readonly instance: string;
}

/** What came of a try. `again`: later, not before `afterMs` where the receiver said so · `dead`: it will never work. */
export type Delivery =
  | {
      readonly result: "sent";
      readonly providerId: string | null;
      readonly reply: string;
      /** How long the receiver wants nothing more on this channel, ms. @default 0 */
      readonly pauseMs?: number;
    }
  | { readonly result: "again"; readonly error: string; readonly afterMs: number | null }
  | { readonly result: "dead"; readonly error: string };

/** One way to tell people; one file in `notify/`. */
export interface Notifier {
  readonly type: ChannelType;
  /** For people: `Slack`. */
  readonly title: string;
  readonly fields: readonly ChannelField[];
  /** Sends one message; never throws, ends within 30 s. */
  send(channel: OpenChannel, message: Message, signal: AbortSignal): Promise<Delivery>;
  /** Lets go of connections. */
  close(): Promise<void>;
}
