import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  asFields,
  asNumber,
  asOneOf,
  asText,
  type Fields,
  LOAD_LIBRARIES,
  MAX_TESTS,
  parseJson,
  TEST_KINDS,
  TEST_STATES,
  type TestRecord,
} from "@wsight/protocol";
import { type OnHubError, systemCode } from "../errors.ts";

/** Largest record, in bytes of JSON. */
const MAX_RECORD = 1024 * 1024;
/** All records together. */
const MAX_TOTAL = 24 * 1024 * 1024;
const FILE = /^([\da-z]{6,16}-[\da-f]{8})\.json$/;
const LOST = { code: "INTERNAL", message: "The hub ended while the test ran" } as const;

/** Tests that were run: the newest in memory, and as files where the hub keeps any. */
export interface Shelf {
  /** Resolves when what earlier hubs kept is there. */
  readonly loaded: Promise<void>;
  /** Newest first. */
  all(): readonly TestRecord[];
  find(id: string): TestRecord | undefined;
  /** Puts a record in the place of the one with its id; what is too large loses its result. */
  put(record: TestRecord): void;
  /** Resolves when everything is written. */
  close(): Promise<void>;
}

/**
 * Opens the shelf.
 * @param dataDir records are kept in `tests/` below, mode 0600; `null` keeps nothing on disk
 */
export function createShelf(dataDir: string | null, onError: OnHubError): Shelf {
  const dir = dataDir === null ? null : join(dataDir, "tests");
  const held = new Map<string, { readonly record: TestRecord; readonly text: string }>();

  async function load(): Promise<void> {
    if (dir === null) return;
    for (const id of await namesIn(dir)) {
      const record = held.has(id) ? null : await readRecord(join(dir, `${id}.json`), id);
      if (record !== null) hold(record.state === "running" ? lost(record) : record);
    }
    await drop();
  }

  function hold(record: TestRecord): string {
    const { kept, text } = fit(record);
    held.set(record.id, { record: kept, text });
    return text;
  }

  /** Ids begin with the time, so that the oldest come first. */
  function oldestFirst(): readonly string[] {
    return [...held.keys()].sort();
  }

  async function drop(): Promise<void> {
    let total = [...held.values()].reduce((sum, { text }) => sum + text.length, 0);
    for (const id of oldestFirst()) {
      const one = held.get(id);
      if (one === undefined || (held.size <= MAX_TESTS && total <= MAX_TOTAL)) return;
      total -= one.text.length;
      held.delete(id);
      if (dir !== null) await rm(join(dir, `${id}.json`), { force: true });
    }
  }

  const failed = (error: unknown): void => onError(error, { stage: "tests" });
  /** One after the other, so that no file is written twice at once. */
  let last: Promise<void> = load().catch(failed);
  const loaded = last;

  return {
    loaded,
    all: () =>
      oldestFirst()
        .flatMap((id) => held.get(id)?.record ?? [])
        .reverse(),
    find: (id) => held.get(id)?.record,
    put(record) {
      const text = hold(record);
      last = last
        .then(async () => {
          if (dir !== null) await write(dir, record.id, text);
          await drop();
        })
        .catch(failed);
    },
    close: () => last,
  };
}

/** A result may be as long as the server under test makes it. */
function fit(record: TestRecord): { readonly kept: TestRecord; readonly text: string } {
  const text = JSON.stringify(record);
  if (text.length <= MAX_RECORD) return { kept: record, text };
  const message = `The result was larger than ${MAX_RECORD} bytes and was not kept`;
  const kept = { ...record, result: null, progress: null, error: { code: "TOO_LARGE", message } } as TestRecord;
  return { kept, text: JSON.stringify(kept) };
}

/** When it ended nobody knows. */
function lost(record: TestRecord): TestRecord {
  return { ...record, state: "error", endedAt: record.startedAt, error: LOST };
}

async function namesIn(dir: string): Promise<readonly string[]> {
  try {
    const ids = (await readdir(dir)).flatMap((name) => FILE.exec(name)?.[1] ?? []).sort();
    const surplus = ids.slice(0, -MAX_TESTS);
    for (const id of surplus) await rm(join(dir, `${id}.json`), { force: true });
    return ids.slice(-MAX_TESTS);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  }
}

/** `null` for a file that is none of ours, or broken. */
async function readRecord(path: string, id: string): Promise<TestRecord | null> {
  try {
    if ((await stat(path)).size > 2 * MAX_RECORD) return null;
    return parseRecord(id, asFields("BAD_FRAME", "test", parseJson("BAD_FRAME", "test", await readFile(path, "utf8"))));
  } catch {
    return null;
  }
}

/** Progress and result are what this hub's user wrote, into files that nobody else can write. */
function parseRecord(id: string, fields: Fields): TestRecord {
  const bad = "BAD_FRAME";
  return {
    id,
    kind: asOneOf(bad, "kind", fields.kind, TEST_KINDS),
    by: asText(bad, "by", fields.by),
    target: asText(bad, "target", fields.target, 2048),
    library: asOneOf(bad, "library", fields.library, LOAD_LIBRARIES),
    profile: fields.profile === null ? null : asText(bad, "profile", fields.profile, 64),
    state: asOneOf(bad, "state", fields.state, TEST_STATES),
    startedAt: asNumber(bad, "startedAt", fields.startedAt, 0),
    endedAt: fields.endedAt === null ? null : asNumber(bad, "endedAt", fields.endedAt, 0),
    progress: objectOrNull(fields.progress),
    result: objectOrNull(fields.result),
    error: objectOrNull(fields.error),
  } as TestRecord;
}

function objectOrNull(value: unknown): Fields | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

async function write(dir: string, id: string, text: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, `${id}.json`);
  // Whoever reads it finds the whole record, or the one before.
  await writeFile(`${path}.part`, text, { mode: 0o600 });
  await rename(`${path}.part`, path);
}
