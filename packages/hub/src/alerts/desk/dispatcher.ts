import type { AlertTables, OpenChannel } from "./alert-tables.ts";

/** What of the tables who sends needs. */
type DispatchTables = Pick<AlertTables, "lease" | "settle" | "nextDueAt" | "enqueue">;

/** What the process gives to who sends: `createDispatcher(parts: DispatcherParts): Dispatcher`. */
export interface DispatcherParts {
  readonly tables: DispatchTables;
  /** A channel with its secrets; `null` when there is none of that id. Rejects with `CONFLICT` when its secrets can't be read. */
  readonly open: (channelId: string) => Promise<OpenChannel | null>;
  /** Every channel there is, for notices of what could not be told. */
  readonly channelIds: () => Promise<readonly string[]>;
  /** Name of this hub, for people. */
  readonly instance: string;
  /** Private hosts that may be reached: host, `host:port` or CIDR. */
  readonly notifyHosts: readonly string[];
  /** The hub's data directory, absolute; `null` for none. */
  readonly dataDir: string | null;
  /** ms epoch. */
  readonly now: () => number;
  /** Told of failures that no notice shows; never of secrets. */
  readonly onError: (error: unknown) => void;
}

/** Takes what is due from the outbox and sends it, until it is closed. */
export interface Dispatcher {
  /** Looks at once: something was put in, or a channel was changed. */
  wake(): void;
  /** Takes nothing more, and waits for what is being sent; safe to call twice. */
  close(): Promise<void>;
}
