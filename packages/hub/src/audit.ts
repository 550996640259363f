import { mkdir, open, readFile, rename, stat, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { asFields, asNumber, asOneOf, asText, parseJson } from "@wsight/protocol";
import { createRateLimit } from "./access/rate-limit.ts";
import type { Clock } from "./clock.ts";
import { type OnHubError, systemCode } from "./errors.ts";

/** Entries that are held, and told. */
export const MAX_AUDIT_ENTRIES = 500;
/** A file that has grown beyond this makes room: it becomes `audit.log.1`, beside the newest of what that held. Bytes. */
const MAX_FILE_BYTES = 1024 * 1024;
/** Entries that may wait to be written. */
const MAX_WAITING = 1000;
/** Longest target and detail, in UTF-16 units. */
const MAX_TEXT = 512;
/** Refused attempts of one principal that are noted within a minute: a flood must not push out what was done. */
const REFUSALS_PER_MINUTE = 10;

/** How an action ended. `refused`: the role may not · `failed`: it was tried, and `detail` says why it may not have happened. */
const AUDIT_OUTCOMES = ["done", "refused", "failed"] as const;

/** One thing an administrator did, or somebody else tried to. */
export interface AuditEntry {
  /** ms epoch. */
  readonly at: number;
  readonly sub: string;
  readonly role: string;
  /** What was done, e.g. `disconnect`. */
  readonly action: string;
  /** What it was done to, e.g. `service/instance/connection`. */
  readonly target: string;
  readonly outcome: (typeof AUDIT_OUTCOMES)[number];
  readonly detail: string | null;
}

/** How the record fares. */
export interface AuditStats {
  /** Entries that are held but could not be written, since the hub started. */
  readonly unwritten: number;
  /** Refused attempts that were left out because their principal made too many. */
  readonly leftOut: number;
}

/** What administrators did: the newest 500 in memory, and in a file where the hub keeps one. */
export interface Audit {
  /** Notes an action; resolves when it is written, or could not be. Never throws. */
  record(entry: Omit<AuditEntry, "at">): Promise<void>;
  /** Newest first, those of earlier lives included. */
  entries(limit: number): Promise<readonly AuditEntry[]>;
  stats(): AuditStats;
  /** Writes what is left; safe to call twice. */
  close(): Promise<void>;
}

/** What an audit is made from. */
export interface AuditOptions {
  /** Directory of `audit.log` (mode 0600); `null` keeps nothing on disk. */
  readonly dataDir: string | null;
  readonly clock: Clock;
  readonly onError: OnHubError;
  /** @default 1_048_576 */
  readonly maxFileBytes?: number;
}

/** Opens the record; what earlier hubs wrote is read in the background. */
export function createAudit({ dataDir, clock, onError, maxFileBytes = MAX_FILE_BYTES }: AuditOptions): Audit {
  const file = dataDir === null ? null : new AuditFile(dataDir, maxFileBytes);
  const refusals = createRateLimit(REFUSALS_PER_MINUTE, () => clock.now());
  const stats = { unwritten: 0, leftOut: 0 };
  let ring: AuditEntry[] = [];
  let waiting = 0;

  function failed(error: unknown): void {
    onError(error, { stage: "audit" });
  }

  async function load(): Promise<void> {
    if (file === null) return;
    try {
      ring = newestOf([...(await file.read()), ...ring], MAX_AUDIT_ENTRIES, isDone);
    } catch (error) {
      failed(error);
    }
  }

  /** One after the other, so that lines are whole and in order; what is on disk is read before anything is added. */
  let last: Promise<void> = load();
  const loaded = last;

  function write(entry: AuditEntry): Promise<void> {
    if (file === null) return Promise.resolve();
    if (waiting >= MAX_WAITING) {
      stats.unwritten++;
      return Promise.resolve();
    }
    waiting++;
    last = last
      .then(() => file.append(entry))
      .catch((error: unknown) => {
        stats.unwritten++;
        failed(error);
      })
      .finally(() => {
        waiting--;
      });
    return last;
  }

  return {
    record(entry) {
      if (entry.outcome === "refused" && refusals.take(entry.sub) > 0) {
        stats.leftOut++;
        return Promise.resolve();
      }
      const { target, detail } = entry;
      const texts = { target: target.slice(0, MAX_TEXT), detail: detail?.slice(0, MAX_TEXT) ?? null };
      const whole = { at: clock.now(), ...entry, ...texts };
      ring.push(whole);
      ring = newestOf(ring, MAX_AUDIT_ENTRIES, isDone);
      return write(whole);
    },
    async entries(limit) {
      await loaded;
      return ring.slice(-limit).reverse();
    },
    stats: () => ({ ...stats }),
    close: () => last,
  };
}

/** JSON lines in `audit.log`, with the file before it in `audit.log.1`. */
class AuditFile {
  readonly #dataDir: string;
  readonly #path: string;
  readonly #older: string;
  readonly #maxBytes: number;

  constructor(dataDir: string, maxBytes: number) {
    this.#dataDir = dataDir;
    this.#path = join(dataDir, "audit.log");
    this.#older = `${this.#path}.1`;
    this.#maxBytes = maxBytes;
  }

  /** What was written by earlier hubs, oldest first; a line that can't be read is passed over. */
  async read(): Promise<readonly AuditEntry[]> {
    const entries: AuditEntry[] = [];
    for (const path of [this.#older, this.#path]) {
      for (const line of (await readIfThere(path)).split("\n")) {
        const entry = line === "" ? null : parseEntry(line);
        if (entry !== null) entries.push(entry);
      }
    }
    return newestOf(entries, MAX_AUDIT_ENTRIES, isDone);
  }

  /** Adds a line. */
  async append(entry: AuditEntry): Promise<void> {
    await mkdir(this.#dataDir, { recursive: true, mode: 0o700 });
    const line = `${plainJson(entry)}\n`;
    await this.#makeRoom(Buffer.byteLength(line));
    const handle = await open(this.#path, "a+", 0o600);
    try {
      const { size, mode } = await handle.stat();
      // A copy or a restored backup may have lost its mode.
      if ((mode & 0o077) !== 0) await handle.chmod(0o600);
      // Who was killed while writing left half a line, which must not swallow this one.
      const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1));
      await handle.appendFile(size > 0 && buffer[0] !== 0x0a ? `\n${line}` : line);
    } finally {
      await handle.close();
    }
  }

  async #makeRoom(bytes: number): Promise<void> {
    try {
      const { size } = await stat(this.#path);
      if (size > 0 && size + bytes > this.#maxBytes) await this.#turn();
    } catch (error) {
      if (systemCode(error) !== "ENOENT") throw error;
    }
  }

  async #turn(): Promise<void> {
    const lines = `${await readIfThere(this.#older)}\n${await readIfThere(this.#path)}`.split("\n").filter(Boolean);
    const longest = lines.reduce((most, line) => Math.max(most, Buffer.byteLength(line) + 1), 1);
    const kept = newestOf(lines, Math.floor(this.#maxBytes / longest), (line) => line.includes('"outcome":"done"'));
    const draft = `${this.#older}.new`;
    await writeFile(draft, kept.map((line) => `${line}\n`).join(""), { mode: 0o600 });
    await rename(draft, this.#older);
    await unlink(this.#path);
  }
}

/**
 * The newest so many, in order: of the places half are for what was done, as
 * far as it needs them, so that attempts that fail can't push it out.
 */
function newestOf<T>(all: readonly T[], most: number, done: (one: T) => boolean): T[] {
  if (all.length <= most) return [...all];
  const doneCount = all.reduce((sum, one) => sum + Number(done(one)), 0);
  let doneLeft = Math.min(doneCount, Math.max(Math.ceil(most / 2), most - (all.length - doneCount)));
  let othersLeft = most - doneLeft;
  return all
    .toReversed()
    .filter((one) => (done(one) ? doneLeft-- > 0 : othersLeft-- > 0))
    .reverse();
}

function isDone({ outcome }: AuditEntry): boolean {
  return outcome === "done";
}

/** JSON that shows on a terminal or in an editor as what it is: without what controls them or turns text around. */
function plainJson(value: object): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return "";
    throw error;
  }
}

function parseEntry(line: string): AuditEntry | null {
  try {
    const fields = asFields("BAD_FRAME", "entry", parseJson("BAD_FRAME", "entry", line));
    const text = (name: keyof AuditEntry): string => asText("BAD_FRAME", name, fields[name], MAX_TEXT);
    return {
      at: asNumber("BAD_FRAME", "at", fields.at, 0),
      sub: text("sub"),
      role: text("role"),
      action: text("action"),
      target: text("target"),
      outcome: asOneOf("BAD_FRAME", "outcome", fields.outcome, AUDIT_OUTCOMES),
      detail: fields.detail === null ? null : text("detail"),
    };
  } catch {
    return null;
  }
}
