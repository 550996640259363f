import { createHash } from "node:crypto";
import type { HistoryEvent, HistoryEventKind } from "@wsight/protocol";
import type { EventQuery } from "../reader.ts";
import { encodeBytes, encodeIntegers } from "./binary.ts";
import type { Session } from "./lane.ts";

/** Rows that are counted one by one; beyond, the server's own estimate is taken. */
const COUNTED_ROWS = 1_000_000;

/** Keeps events, each once. */
export async function appendEvents(session: Session, events: readonly HistoryEvent[]): Promise<void> {
  const text = (value: (event: HistoryEvent) => string | null): readonly (string | null)[] => events.map(value);
  await session.run(
    `INSERT INTO wsight.events (at, digest, kind, node, subject, text, attributes)
     SELECT * FROM unnest($1::int8[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
       AS fresh (at, digest, kind, node, subject, text, attributes) ORDER BY at, digest
     ON CONFLICT DO NOTHING`,
    [
      encodeIntegers(events.length, (row) => (events[row] as HistoryEvent).at),
      encodeBytes(events.map(digestOf)),
      text(({ kind }) => kind),
      text(({ node }) => node),
      text(({ subject }) => subject),
      text(({ text: said }) => said),
      text(({ attributes }) => JSON.stringify(attributes)),
    ],
  );
}

/** Events in order of time. */
export async function readEvents(session: Session, query: EventQuery): Promise<readonly HistoryEvent[]> {
  const { fromAt, toAt, kinds, node, subject, limit, newestFirst = false } = query;
  const order = newestFirst ? "DESC" : "ASC";
  const rows = await session.run(
    `SELECT at, kind, node, subject, text, attributes FROM wsight.events
     WHERE at >= $1 AND at < $2 AND ($3::text[] IS NULL OR kind = ANY($3)) AND ($4::text IS NULL OR node = $4)
       AND ($5::text IS NULL OR subject = $5)
     ORDER BY at ${order}, digest ${order} LIMIT $6`,
    [whole(fromAt), whole(toAt), kinds ?? null, node ?? null, subject ?? null, limit],
  );
  return rows.map(([at, kind, of, about, said, attributes]) => ({
    at: Number(at),
    kind: String(kind) as HistoryEventKind,
    node: of === null ? null : String(of),
    subject: String(about),
    text: String(said),
    attributes: JSON.parse(String(attributes)) as HistoryEvent["attributes"],
  }));
}

/** Deletes up to `limit` events: those before a time, and the oldest of what is more than `most`. */
export async function dropEvents(session: Session, beforeAt: number, most: number, limit: number): Promise<number> {
  const oldest = (where: string): string =>
    `DELETE FROM wsight.events WHERE (at, digest) IN (SELECT at, digest FROM wsight.events ${where} ORDER BY at LIMIT $1)`;
  const old = await session.change(oldest("WHERE at < $2"), [limit, whole(beforeAt)]);
  const excess = Math.min(limit - old, (await countEvents(session)) - most);
  return excess <= 0 ? old : old + (await session.change(oldest(""), [excess]));
}

/** Events held. */
export async function countEvents(session: Session): Promise<number> {
  const [[counted] = []] = await session.run(
    `SELECT count(*) FROM (SELECT 1 FROM wsight.events LIMIT ${COUNTED_ROWS + 1}) AS counted`,
  );
  if (Number(counted) <= COUNTED_ROWS) return Number(counted);
  const [[estimate] = []] = await session.run("SELECT reltuples FROM pg_class WHERE oid = 'wsight.events'::regclass");
  return Math.max(Number(counted), Math.round(Number(estimate)));
}

/** The same for equal events, whatever the order of their attributes. */
function digestOf({ at, kind, node, subject, text, attributes }: HistoryEvent): Uint8Array {
  const facts = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  const said = JSON.stringify([at, kind, node, subject, text, facts]);
  return createHash("sha256").update(said).digest().subarray(0, 16);
}

function whole(value: number): number {
  return Math.max(0, Math.min(Math.ceil(value), Number.MAX_SAFE_INTEGER));
}
