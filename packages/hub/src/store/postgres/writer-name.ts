import { randomUUID } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const FILE = "postgres-writer";
const NAME = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/**
 * The name under which the hub of a data directory writes to a database, made
 * when there is none: after a restart, or a crash, it goes on as the same
 * writer. `null` where it can't be kept; then each start is a new writer.
 */
export async function writerNameOf(dataDir: string): Promise<string | null> {
  const path = join(dataDir, FILE);
  const read = async (): Promise<string | null> => {
    const name = (await readFile(path, "utf8").catch(() => "")).trim();
    return NAME.test(name) ? name : null;
  };
  const known = await read();
  if (known !== null) return known;
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const name = randomUUID();
    await writeFile(path, `${name}\n`, { flag: "wx", mode: 0o600 });
    return name;
  } catch {
    // Another start was faster, or the directory can't be written to.
    return read();
  }
}
