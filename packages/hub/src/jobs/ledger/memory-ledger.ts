import type { JobLedger, JobRecord, LedgerBook, LedgerQuery, LedgerStatus } from "./ledger.ts";
import { hasEnded, MAX_LOADED_ENDED, matches } from "./ledger-query.ts";

/** Jobs that ended and are remembered; beyond, the oldest are forgotten. */
const MAX_ENDED = 10_000;

const STATUS: LedgerStatus = { state: "off", problem: null, dropped: 0, beginnings: 0 };

/** The ledger of a hub that keeps nothing on a disk: it remembers while the hub lives. */
export function createMemoryLedger(): JobLedger {
  const live = new Map<string, JobRecord>();
  /** The one that ended last is the last. */
  const ended = new Map<string, JobRecord>();
  const nodes = new Map<string, Uint8Array>();

  function keep(record: JobRecord): void {
    const job = keyOf(record.queue, record.id);
    const life = `${job}\n${record.createdAt}`;
    live.delete(job);
    ended.delete(life);
    if (hasEnded(record)) ended.set(life, record);
    else live.set(job, record);
    const [oldest] = ended.keys();
    if (ended.size > MAX_ENDED && oldest !== undefined) ended.delete(oldest);
  }

  const newestFirst = (): JobRecord[] => [...ended.values()].sort(newerFirst);
  const isEmpty = (): boolean => live.size + ended.size + nodes.size === 0;
  const bookOf = (): LedgerBook => ({
    jobs: [...live.values(), ...newestFirst().slice(0, MAX_LOADED_ENDED)],
    nodes: [...nodes].map(([key, bytes]) => ({ key, bytes })),
  });

  return {
    load: async () => (isEmpty() ? null : bookOf()),
    async save(batch) {
      for (const record of batch.jobs) keep(record);
      for (const { key, bytes } of batch.nodes) {
        if (bytes === null) nodes.delete(key);
        else nodes.set(key, bytes);
      }
    },
    async ended(query: LedgerQuery) {
      const found = newestFirst().filter((record) => matches(record, query));
      return { matched: found.length, jobs: found.slice(query.offset, query.offset + query.limit) };
    },
    async find(queue, id) {
      const known = live.get(keyOf(queue, id));
      return known ?? newestFirst().find((record) => record.queue === queue && record.id === id) ?? null;
    },
    status: () => STATUS,
    close: async () => undefined,
  };
}

function newerFirst(a: JobRecord, b: JobRecord): number {
  return (
    (b.endedAt ?? b.changedAt) - (a.endedAt ?? a.changedAt) || (keyOf(a.queue, a.id) < keyOf(b.queue, b.id) ? -1 : 1)
  );
}

/** No name of a queue has a line feed. */
function keyOf(queue: string, id: string): string {
  return `${queue}\n${id}`;
}
