import { randomUUID } from "node:crypto";
import { WsightError } from "@wsight/protocol";
import type { Session } from "./lane.ts";

/** A writer that did nothing for so long has no hub any more, or one that will notice. */
const LEASE = "interval '60 seconds'";
/** A writer without a hub is served by others after this: who restarts comes back to its own before. */
const ABANDONED = "interval '10 minutes'";

const ONCE = "once";

/** The right to write as one writer, until somebody else takes it. */
export interface Lease {
  readonly writer: number;
  /** Changes hands with the writer: who still has the old one is told with its next write. */
  readonly token: string;
}

/** How a writer is chosen. */
export interface WriterWish {
  /** Who wishes, and has it already unless somebody took it: what was written before has to come again to the same. */
  readonly owner: string;
  /** Name of the writer that this hub used before. */
  readonly name: string;
  /** Take it even if it seems to be in use: the process that used it was the one before this. */
  readonly force: boolean;
}

/** Name of a writer that nobody comes back to, once its process has ended. */
export function nameForOnce(): string {
  return `${ONCE} ${randomUUID()}`;
}

/** Takes a writer that this process had, or nobody uses, or makes one. */
export async function takeWriter(session: Session, { owner, name, force }: WriterWish): Promise<Lease> {
  const token = `${owner} ${randomUUID()}`;
  const take = async (where: string, values: readonly unknown[]): Promise<number | null> => {
    const [[taken] = []] = await session.run(
      `UPDATE wsight.writers SET token = $1, seen_at = now() WHERE ${where} RETURNING id`,
      [token, ...values],
    );
    return taken === undefined ? null : Number(taken);
  };
  const expired = `seen_at < now() - ${LEASE}`;
  const left = `SELECT id FROM wsight.writers WHERE name LIKE '${ONCE} %' AND ${expired} ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED`;
  const writer =
    (await take("split_part(token, ' ', 1) = $2", [owner])) ??
    (await take(`name = $2 AND ($3 OR ${expired})`, [name, force])) ??
    (await take(`id = (${left})`, [])) ??
    (await makeWriter(session, token, name)) ??
    (await makeWriter(session, token, nameForOnce()));
  if (writer === null) throw new WsightError("STORE_UNAVAILABLE", "history: no writer could be made");
  // So that a process which takes this one's place finds what it has written.
  await session.run(
    `UPDATE wsight.writers SET name = $2 WHERE id = $1 AND NOT EXISTS (SELECT FROM wsight.writers WHERE name = $2)`,
    [writer, name],
  );
  return { writer, token };
}

async function makeWriter(session: Session, token: string, name: string): Promise<number | null> {
  const [[made] = []] = await session.run(
    "INSERT INTO wsight.writers (name, token, seen_at) VALUES ($1, $2, now()) ON CONFLICT (name) DO NOTHING RETURNING id",
    [name, token],
  );
  return made === undefined ? null : Number(made);
}

/** Takes a writer whose hub is gone for good; `null` when somebody was faster. */
export async function takeAbandoned(session: Session, writer: number): Promise<Lease | null> {
  const token = randomUUID();
  const taken = await session.change(
    `UPDATE wsight.writers SET token = $1, seen_at = now() WHERE id = $2 AND seen_at < now() - ${ABANDONED}`,
    [token, writer],
  );
  return taken === 1 ? { writer, token } : null;
}

/** Writers whose hubs are gone. */
export async function listAbandoned(session: Session): Promise<readonly number[]> {
  const rows = await session.run(
    `SELECT id FROM wsight.writers WHERE seen_at < now() - ${ABANDONED} ORDER BY id LIMIT 100`,
  );
  return rows.map(([id]) => Number(id));
}

/** Gives a writer back, for whoever comes next. One that has nothing is deleted. */
export async function releaseWriter(session: Session, { writer, token }: Lease): Promise<void> {
  await session.run("UPDATE wsight.writers SET seen_at = '-infinity' WHERE id = $1 AND token = $2", [writer, token]);
  await session.run(
    `DELETE FROM wsight.writers WHERE id = $1 AND token = $2
     AND NOT EXISTS (SELECT FROM wsight.head WHERE writer = $1) AND NOT EXISTS (SELECT FROM wsight.segments WHERE writer = $1)
     AND NOT EXISTS (SELECT FROM wsight.blocks WHERE writer = $1)`,
    [writer, token],
  );
}

/** What is said when a write finds that its writer has changed hands. */
export function fencedOff(): WsightError {
  return new WsightError("STORE_UNAVAILABLE", "history: another process writes in this one's place; it begins anew");
}
