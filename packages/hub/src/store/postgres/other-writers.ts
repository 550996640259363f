import type { HeadRow, OtherWriter } from "../blocks/block-tables.ts";
import { bytesOf, type Session } from "./lane.ts";

/** Rows that move while they are looked at are looked for again, so often at most. */
const TRIES = 3;
const TABLES = ["head", "segments"] as const;
type Table = (typeof TABLES)[number];

type Writer = Pick<OtherWriter, "writer" | "generation" | "notes">;

interface Listed {
  readonly table: Table;
  readonly writer: string;
  readonly seq: string;
  readonly id: number;
}

/** What other writers hold outside of blocks. Rows never change, so each is fetched once. */
export class OtherWriters {
  #fetched: ReadonlyMap<string, Uint8Array> = new Map();

  async read(session: Session, writer: number): Promise<readonly OtherWriter[]> {
    for (let attempt = 1; ; attempt++) {
      const listed = await list(session, writer);
      await this.#fetch(session, listed);
      const whole = listed.every((row) => this.#fetched.has(keyOf(row)));
      // A row that went meanwhile is in a block now, or in a row of another number.
      if (whole || attempt === TRIES) return this.#group(await writersOf(session, writer), listed);
    }
  }

  async #fetch(session: Session, listed: readonly Listed[]): Promise<void> {
    const rows = new Map<string, Uint8Array>();
    for (const table of TABLES) {
      const wanted: string[] = [];
      for (const row of listed) {
        const known = this.#fetched.get(keyOf(row));
        if (known !== undefined) rows.set(keyOf(row), known);
        else if (row.table === table) wanted.push(row.seq);
      }
      if (wanted.length === 0) continue;
      const found = await session.run(`SELECT seq, data FROM wsight.${table} WHERE seq = ANY($1::int8[])`, [wanted]);
      for (const [seq, data] of found) rows.set(`${table} ${seq}`, bytesOf(data));
    }
    this.#fetched = rows;
  }

  #group(writers: readonly Writer[], listed: readonly Listed[]): readonly OtherWriter[] {
    return writers.map((other) => {
      const rows = listed.filter(({ writer }) => writer === other.writer);
      return { ...other, head: this.#rowsOf(rows, "head"), segments: this.#rowsOf(rows, "segments") };
    });
  }

  #rowsOf(rows: readonly Listed[], table: Table): readonly HeadRow[] {
    return rows.flatMap((row) => {
      const data = this.#fetched.get(keyOf(row));
      return row.table === table && data !== undefined ? [{ id: row.id, data }] : [];
    });
  }
}

async function list(session: Session, writer: number): Promise<readonly Listed[]> {
  const rows = await session.run(
    `SELECT 'head', writer, seq, id FROM wsight.head WHERE writer <> $1
     UNION ALL SELECT 'segments', writer, seq, id FROM wsight.segments WHERE writer <> $1 ORDER BY 2, 1, 4`,
    [writer],
  );
  return rows.map(([table, of, seq, id]) => ({
    table: String(table) as Table,
    writer: String(of),
    seq: String(seq),
    id: Number(id),
  }));
}

async function writersOf(session: Session, writer: number): Promise<readonly Writer[]> {
  const rows = await session.run("SELECT id, token, notes FROM wsight.writers WHERE id <> $1 ORDER BY id", [writer]);
  return rows.map(([id, token, notes]) => ({
    writer: String(id),
    generation: String(token),
    notes: typeof notes === "string" ? notes : null,
  }));
}

function keyOf({ table, seq }: Listed): string {
  return `${table} ${seq}`;
}
