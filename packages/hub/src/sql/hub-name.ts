import type { Sql, SqlDatabase } from "./database.ts";

/** How names begin under which nobody comes back: those of hubs without a data directory. */
const ONCE = "once ";
/** One of those that was not seen for this long has ended, ms. */
const LEFT_MS = 60_000;

/** Which tables a hub shares, and as whom. */
export interface HubNameParts {
  readonly database: SqlDatabase;
  /** Table of the hubs that share the others: `hub`, `seen_at`. */
  readonly hubs: string;
  /** Name that the hub wishes to have; empty in a file of its own. */
  readonly wished: string;
  /** ms epoch. */
  readonly now: () => number;
}

/** As whom a hub keeps what is its own. */
export interface HubName {
  /** Transactions, with the name: known with the first that gets through. */
  read<T>(work: (sql: Sql, own: string) => Promise<T>): Promise<T>;
  write<T>(work: (sql: Sql, own: string) => Promise<T>): Promise<T>;
  /** Leaves the name to whoever comes next, where nobody would come back to it. */
  leave(): Promise<void>;
}

/**
 * Chooses the name under which a hub goes on. One that could never come back under its own takes that of one like it
 * which has ended: so what began before it was started anew goes on, and ends some time.
 */
export function createHubName({ database, hubs, wished, now }: HubNameParts): HubName {
  let name: Promise<string> | null = wished === "" ? Promise.resolve("") : null;

  function nameOf(): Promise<string> {
    // Those who ask at once are told the same.
    name ??= database
      .write((sql) => takeName(sql, hubs, wished, now()))
      .catch((error: unknown) => {
        name = null;
        throw error;
      });
    return name;
  }

  return {
    async read(work) {
      const own = await nameOf();
      return database.read((sql) => work(sql, own));
    },
    async write(work) {
      const own = await nameOf();
      return database.write((sql) => work(sql, own));
    },
    async leave() {
      const own = await name?.catch(() => null);
      if (own?.startsWith(ONCE) !== true) return;
      await database.write((sql) => noteHub(sql, hubs, own, now() - LEFT_MS)).catch(() => undefined);
    },
  };
}

/** Says that a hub lives. */
export async function noteHub(sql: Sql, hubs: string, hub: string, now: number): Promise<void> {
  await sql.change(
    `INSERT INTO ${hubs} (hub, seen_at) VALUES ($1, $2) ON CONFLICT (hub) DO UPDATE SET seen_at = excluded.seen_at`,
    [hub, now],
  );
}

async function takeName(sql: Sql, hubs: string, wished: string, now: number): Promise<string> {
  if (!wished.startsWith(ONCE)) return wished;
  const [[left] = []] = await sql.rows(
    `SELECT hub FROM ${hubs} WHERE hub LIKE '${ONCE}%' AND seen_at <= $1 ORDER BY seen_at DESC LIMIT 1`,
    [now - LEFT_MS],
  );
  const name = left === undefined ? wished : String(left);
  await noteHub(sql, hubs, name, now);
  return name;
}
