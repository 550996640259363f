import { randomUUID } from "node:crypto";
import { type HistoryEvent, WsightError } from "@wsight/protocol";
import type {
  BlockRange,
  BlockRow,
  BlockTables,
  DroppedBlocks,
  HeadRow,
  OldSamples,
  OtherWriter,
  SegmentRow,
  SeriesRow,
  TablesChange,
  TablesContent,
} from "../blocks/block-tables.ts";
import type { PackedSeries } from "../pack.ts";
import type { EventQuery } from "../reader.ts";
import type { StoreEvent } from "../store-event.ts";
import { encodeBytes, encodeIntegers } from "./binary.ts";
import { Connections, loadClients } from "./connections.ts";
import { appendEvents, countEvents, dropEvents, readEvents } from "./event-table.ts";
import { bytesOf, type Session } from "./lane.ts";
import { dropOldSeries, nextOldSeries } from "./old-samples.ts";
import { OtherWriters } from "./other-writers.ts";
import { SeriesTable } from "./series-table.ts";
import { fencedOff, type Lease, listAbandoned, releaseWriter, takeAbandoned, takeWriter } from "./writers.ts";

/** Bytes of blocks in one statement, about. */
const STATEMENT_BYTES = 4 * 2 ** 20;
const TABLES = ["series", "writers", "head", "segments", "blocks", "events", "old_samples"] as const;

/** Where the database is, and as whom this process writes to it. */
export interface PostgresTablesOptions {
  readonly url: string;
  /** Name of the writer that this hub was before. */
  readonly writer: string;
  /** Longest waits for a connection and for an answer, ms; `null` for the usual ones. */
  readonly connectMs: number | null;
  readonly answerMs: number | null;
}

/** Tables of a PostgreSQL; nothing is connected yet. */
export async function openPostgresTables(
  { url, writer, connectMs, answerMs }: PostgresTablesOptions,
  report: (event: StoreEvent) => void,
): Promise<BlockTables> {
  const open = await loadClients({
    url,
    ...(connectMs === null ? {} : { connectMs }),
    ...(answerMs === null ? {} : { answerMs }),
  });
  return PostgresTables.own(new Connections(url, open, (engine) => report({ type: "opened", engine })), writer);
}

/**
 * History of one writer among several in a PostgreSQL: blocks, head and
 * segments carry its number, series and events are shared by all. A writer
 * belongs to one process at a time. When another has taken it, the next write
 * is refused and changes nothing, and `open` takes a writer again.
 */
class PostgresTables implements BlockTables {
  readonly #connections: Connections;
  readonly #take: (session: Session) => Promise<Lease>;
  readonly #ownsConnections: boolean;
  readonly #series = new SeriesTable();
  readonly #others = new OtherWriters();
  #lease: Lease | null = null;

  private constructor(connections: Connections, take: (session: Session) => Promise<Lease>, ownsConnections: boolean) {
    this.#connections = connections;
    this.#take = take;
    this.#ownsConnections = ownsConnections;
  }

  /**
   * Tables of a writer of its own.
   * @param name of the writer that this hub has used before
   */
  static own(connections: Connections, name: string): PostgresTables {
    const owner = randomUUID();
    let taken = false;
    const take = async (session: Session): Promise<Lease> => {
      // Only the first time: who is fenced off by a process of the same name must not fence it off in turn.
      const lease = await takeWriter(session, { owner, name, force: !taken });
      taken = true;
      return lease;
    };
    return new PostgresTables(connections, take, true);
  }

  /** Tables of writers whose hubs are gone, to be looked after in their place. Each may turn out to be taken when it is opened. */
  async abandoned(): Promise<readonly BlockTables[]> {
    const writers = await this.#connections.read(listAbandoned);
    return writers.map((writer) => {
      const take = async (session: Session): Promise<Lease> => {
        const lease = await takeAbandoned(session, writer);
        if (lease === null) throw fencedOff();
        return lease;
      };
      return new PostgresTables(this.#connections, take, false);
    });
  }

  open(): Promise<TablesContent> {
    return this.#connections.write(async (session) => {
      const lease = await this.#take(session);
      this.#lease = lease;
      const [[notes] = []] = await session.run("SELECT notes FROM wsight.writers WHERE id = $1", [lease.writer]);
      return {
        series: await this.#series.load(session),
        head: await rowsOf(session, "head", lease),
        segments: await rowsOf(session, "segments", lease),
        notes: typeof notes === "string" ? notes : null,
      };
    });
  }

  addSeries(series: readonly PackedSeries[]): Promise<readonly number[]> {
    return this.#connections.write((session) => this.#series.add(session, series));
  }

  async write(change: TablesChange): Promise<void> {
    const lease = this.#leased();
    const { addHead, ...others } = change;
    if (addHead === undefined || Object.keys(others).length > 0) {
      return this.#connections.write((session) => this.#change(session, lease, change));
    }
    return this.#connections.write(async (session) => {
      const added = await session.change(
        `WITH mine AS (UPDATE wsight.writers SET seen_at = now() WHERE id = $1 AND token = $2 RETURNING id)
         INSERT INTO wsight.head (writer, id, data) SELECT id, $3, $4 FROM mine`,
        [lease.writer, lease.token, addHead.id, bufferOf(addHead.data)],
      );
      if (added === 0) throw fencedOff();
    });
  }

  async readBlocks(range: BlockRange): Promise<readonly BlockRow[]> {
    const { tier, series, fromAt, toAt, own = false } = range;
    const writer = range.writer ?? (own ? this.#leased().writer : null);
    return this.#connections.read(async (session) => {
      const rows = await session.run(
        `SELECT series, start_at, samples, data FROM wsight.blocks
         WHERE tier = $1 AND series = ANY($2::int4[]) AND start_at >= $3 AND start_at < $4
           AND ($5::int4 IS NULL OR writer = $5)
         ORDER BY series, start_at, writer`,
        [tier, series, bound(fromAt), bound(toAt), writer],
      );
      return rows.map(([of, startAt, samples, data]) => ({
        tier,
        series: Number(of),
        startAt: Number(startAt),
        samples: Number(samples),
        data: bytesOf(data),
      }));
    });
  }

  async dropBlocks({ tier, series, fromAt, toAt }: BlockRange): Promise<DroppedBlocks> {
    const { writer } = this.#leased();
    return this.#connections.write(async (session) => {
      const [[blocks, samples, bytes] = []] = await session.run(
        `WITH gone AS (DELETE FROM wsight.blocks
           WHERE tier = $1 AND series = ANY($2::int4[]) AND start_at >= $3 AND start_at < $4 AND writer = $5
           RETURNING samples, octet_length(data) AS bytes)
         SELECT count(*), coalesce(sum(samples), 0), coalesce(sum(bytes), 0) FROM gone`,
        [tier, series, bound(fromAt), bound(toAt), writer],
      );
      const [[oldestAt] = []] = await session.run(
        "SELECT min(start_at) FROM wsight.blocks WHERE tier = $1 AND series = ANY($2::int4[]) AND writer = $3",
        [tier, series, writer],
      );
      return {
        blocks: Number(blocks),
        samples: Number(samples),
        bytes: Number(bytes),
        oldestAt: oldestAt === null ? null : Number(oldestAt),
      };
    });
  }

  dropSeries(seenBefore: number, keep: ReadonlySet<number>, limit: number): Promise<readonly number[]> {
    return this.#connections.write((session) => this.#series.drop(session, seenBefore, keep, limit));
  }

  appendEvents(events: readonly HistoryEvent[]): Promise<void> {
    return this.#connections.write((session) => appendEvents(session, events));
  }

  readEvents(query: EventQuery): Promise<readonly HistoryEvent[]> {
    return this.#connections.read((session) => readEvents(session, query));
  }

  dropEvents(beforeAt: number, most: number, limit: number): Promise<number> {
    return this.#connections.write((session) => dropEvents(session, beforeAt, most, limit));
  }

  sizes(): Promise<{ readonly bytes: number | null; readonly usedBytes: number | null; readonly events: number }> {
    return this.#connections.read(async (session) => {
      const sum = TABLES.map((table) => `pg_total_relation_size('wsight.${table}')`).join(" + ");
      const [[bytes] = []] = await session.run(`SELECT ${sum}`);
      return { bytes: Number(bytes), usedBytes: null, events: await countEvents(session) };
    });
  }

  nextOld(): Promise<OldSamples | null> {
    return this.#connections.read(nextOldSeries);
  }

  async others(): Promise<readonly OtherWriter[]> {
    const { writer } = this.#leased();
    return this.#connections.read((session) => this.#others.read(session, writer));
  }

  newSeries(): Promise<readonly SeriesRow[]> {
    return this.#connections.read((session) => this.#series.loadNew(session));
  }

  backup(): Promise<void> {
    return Promise.reject(
      new WsightError(
        "BAD_REQUEST",
        "backup: expected the embedded store, got PostgreSQL: use pg_dump --schema=wsight, or what its server is backed up with",
      ),
    );
  }

  async close(): Promise<void> {
    const lease = this.#lease;
    this.#lease = null;
    // After a failure there is no connection: another try would take as long, and the lease ends by itself.
    if (lease !== null && this.#connections.canWrite) {
      await this.#connections.write((session) => releaseWriter(session, lease)).catch(() => undefined);
    }
    if (this.#ownsConnections) await this.#connections.close();
  }

  async #change(session: Session, lease: Lease, change: TablesChange): Promise<void> {
    const { addHead, dropHeadTo, addSegments = [], dropSegments = [], putBlocks = [], seen = [], dropOld } = change;
    await session.run("BEGIN");
    const mine = await session.change(
      "UPDATE wsight.writers SET seen_at = now(), notes = coalesce($3, notes) WHERE id = $1 AND token = $2",
      [lease.writer, lease.token, change.notes ?? null],
    );
    if (mine === 0) throw fencedOff();
    if (putBlocks.length > 0) {
      await this.#series.hold(session, [...new Set(putBlocks.map(({ series }) => series))], seen);
    }
    if (dropHeadTo !== undefined) {
      await session.run("DELETE FROM wsight.head WHERE writer = $1 AND id <= $2", [lease.writer, dropHeadTo]);
    }
    if (addHead !== undefined) await addRows(session, "head", lease, [addHead]);
    if (dropSegments.length > 0) {
      await session.run("DELETE FROM wsight.segments WHERE writer = $1 AND id = ANY($2::int8[])", [
        lease.writer,
        dropSegments,
      ]);
    }
    await addRows(session, "segments", lease, addSegments);
    for (const part of partsOf(putBlocks)) await putSome(session, lease, part);
    if (dropOld !== undefined && !(await dropOldSeries(session, dropOld))) {
      throw new WsightError("STORE_UNAVAILABLE", "history: another hub has moved these samples; it begins anew");
    }
    await session.run("COMMIT");
  }

  #leased(): Lease {
    if (this.#lease === null) throw new WsightError("STORE_UNAVAILABLE", "history: the database is not open");
    return this.#lease;
  }
}

async function rowsOf(session: Session, table: "head" | "segments", { writer }: Lease): Promise<readonly HeadRow[]> {
  const rows = await session.run(`SELECT id, data FROM wsight.${table} WHERE writer = $1 ORDER BY id`, [writer]);
  return rows.map(([id, data]) => ({ id: Number(id), data: bytesOf(data) }));
}

async function addRows(
  session: Session,
  table: "head" | "segments",
  { writer }: Lease,
  rows: readonly (HeadRow | SegmentRow)[],
): Promise<void> {
  for (const { id, data } of rows) {
    await session.run(`INSERT INTO wsight.${table} (writer, id, data) VALUES ($1, $2, $3)`, [
      writer,
      id,
      bufferOf(data),
    ]);
  }
}

async function putSome(session: Session, { writer }: Lease, blocks: readonly BlockRow[]): Promise<void> {
  const column = (value: (block: BlockRow) => number): Buffer =>
    encodeIntegers(blocks.length, (row) => value(blocks[row] as BlockRow));
  await session.run(
    `INSERT INTO wsight.blocks (tier, series, start_at, writer, samples, data)
     SELECT tier, series, start_at, $6, samples, data
     FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::bytea[]) AS fresh (tier, series, start_at, samples, data)
     ON CONFLICT (tier, series, start_at, writer) DO UPDATE SET samples = excluded.samples, data = excluded.data`,
    [
      column(({ tier }) => tier),
      column(({ series }) => series),
      column(({ startAt }) => startAt),
      column(({ samples }) => samples),
      encodeBytes(blocks.map(({ data }) => data)),
      writer,
    ],
  );
}

function* partsOf(blocks: readonly BlockRow[]): Generator<readonly BlockRow[]> {
  let part: BlockRow[] = [];
  let bytes = 0;
  for (const block of blocks) {
    part.push(block);
    bytes += block.data.length;
    if (bytes < STATEMENT_BYTES) continue;
    yield part;
    part = [];
    bytes = 0;
  }
  if (part.length > 0) yield part;
}

/** `pg` takes bytes as a `Buffer`. */
function bufferOf(data: Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** Times may be infinite. */
function bound(at: number): number {
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Math.ceil(at), Number.MAX_SAFE_INTEGER));
}
