import {
  type AlertTables,
  createDispatcher,
  type Dispatcher,
  type DispatcherTuning,
  type NoticeDraft,
  type OpenChannel,
  openAlertTables,
} from "@wsight/hub";
import type { ChannelType, Notice, OutboxRow } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { notice } from "./notify-rig.ts";

/** Tables, a dispatcher and channels, with a clock that can be put forward. */
export interface DeliveryRig {
  readonly tables: AlertTables;
  readonly dispatcher: Dispatcher;
  /** What the dispatcher could not do with the tables. */
  readonly troubles: readonly string[];
  now(): number;
  /** Puts the clock forward, and lets the dispatcher look. */
  forward(ms: number): void;
  setChannel(channel: Partial<OpenChannel> & { readonly id: string; readonly type: ChannelType }): void;
  /** Puts a notice into the outbox, due at once unless it waits for others. */
  tell(channelId: string, over?: Partial<Notice>, group?: Partial<NoticeDraft>): Promise<void>;
  outbox(): Promise<readonly OutboxRow[]>;
  /** Waits for rows of the outbox that are as wanted. */
  settled(state: OutboxRow["state"], count?: number): Promise<readonly OutboxRow[]>;
  close(): Promise<void>;
}

/** How notices are sent in a test. */
export interface DeliveryRigOptions extends DispatcherTuning {
  /** Something that goes wrong with the tables. */
  readonly wrap?: (tables: AlertTables) => Pick<AlertTables, "lease" | "settle" | "nextDueAt" | "enqueue">;
}

/** Opens tables in memory and starts to send. */
export async function createDeliveryRig({
  wrap = (tables) => tables,
  ...tuning
}: DeliveryRigOptions = {}): Promise<DeliveryRig> {
  let ahead = 0;
  const now = (): number => Date.now() + ahead;
  const tables = await openAlertTables({ place: { engine: "libsql", dataDir: null }, now });
  const channels = new Map<string, OpenChannel>();
  const troubles: string[] = [];
  const parts = {
    tables: wrap(tables),
    open: async (id: string) => channels.get(id) ?? null,
    channelIds: async () => [...channels.keys()],
    instance: "hub-1",
    notifyHosts: ["127.0.0.1"],
    dataDir: null,
    now,
    onError: (error: unknown) => void troubles.push(String(error)),
  };
  const dispatcher = createDispatcher(parts, tuning);
  const outbox = (): Promise<readonly OutboxRow[]> => tables.outbox({ limit: 500 });
  let told = 0;
  return {
    tables,
    dispatcher,
    troubles,
    now,
    forward(ms) {
      ahead += ms;
      dispatcher.wake();
    },
    setChannel: (channel) =>
      void channels.set(channel.id, { name: channel.id, enabled: true, config: {}, secrets: {}, ...channel }),
    async tell(channelId, over = {}, group = {}) {
      const one = notice({ at: now(), ...over });
      const dedupeKey = `${one.episodeId}.${one.kind}.${one.seq}.${channelId}.${told++}`;
      const draft = {
        dedupeKey,
        channelId,
        groupKey: dedupeKey,
        groupWaitSec: 0,
        groupIntervalSec: 0,
        notice: one,
        ...group,
      };
      await tables.commit({ instances: [], forgotten: [], episodes: [], notices: [draft] });
      dispatcher.wake();
    },
    outbox,
    settled: (state, count = 1) =>
      until(
        async () => {
          const rows = (await outbox()).filter((row) => row.state === state);
          return rows.length >= count && rows;
        },
        { what: `${count} notices to be ${state}`, timeoutMs: 10_000 },
      ),
    async close() {
      await dispatcher.close();
      await tables.close();
    },
  };
}
