import { randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, readFile, rename, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { WsightError } from "@wsight/protocol";
import { systemCode } from "../../errors.ts";
import { type Batch, NO_SAMPLES, sizeOf } from "./batch.ts";
import { decodeSegment, encodeSegment } from "./segment.ts";

/** What a small file takes on most disks: so much each counts at least. */
const BLOCK_BYTES = 4096;
/** Damaged files that are kept for people to look at; of more, the rest is deleted. */
const MAX_SET_ASIDE = 16;
const NAME = /^(\d{15})-(\d{1,9})-[\da-f]{8}\.samples$/;

/** A file of samples and events. */
export interface Segment {
  readonly name: string;
  /** Samples and events. */
  readonly samples: number;
  readonly bytes: number;
}

/** How a spool is set up. */
export interface SpoolOptions {
  /** Directory of its own; made when missing. */
  readonly dir: string;
  /** Bytes it may take; beyond, the oldest samples are dropped. */
  readonly maxBytes: number;
  /** Told of samples that are lost, and of damage. */
  readonly onLoss: (samples: number, reason: string) => void;
}

/**
 * Samples that wait on disk, oldest first, in files that are whole or not
 * there: each is written under another name, synced, and only then given its
 * own, which tells its place in the order and how many samples it holds.
 * Names alone make up the spool again when it is opened.
 */
export class Spool {
  readonly #dir: string;
  readonly #maxBytes: number;
  readonly #onLoss: SpoolOptions["onLoss"];
  #segments: Segment[];
  #next: number;
  #bytes: number;
  #samples: number;
  /** Files on their way to the store; `true` once one had to make room meanwhile. */
  readonly #leased = new Map<Segment, boolean>();

  private constructor({ dir, maxBytes, onLoss }: SpoolOptions, segments: readonly Segment[]) {
    this.#dir = dir;
    this.#maxBytes = maxBytes;
    this.#onLoss = onLoss;
    this.#segments = [...segments];
    this.#next = 1 + segments.reduce((newest, { name }) => Math.max(newest, Number.parseInt(name, 10)), 0);
    this.#bytes = segments.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#samples = segments.reduce((sum, { samples }) => sum + samples, 0);
  }

  /** Opens the spool of a directory, with what was left there. @throws what the file system says */
  static async open(options: SpoolOptions): Promise<Spool> {
    const { dir } = options;
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const segments: Segment[] = [];
    for (const name of (await readdir(dir)).sort()) {
      // A write that a crash cut off: nobody was told that it is kept.
      if (name.endsWith(".tmp")) await unlink(join(dir, name)).catch(() => undefined);
      const samples = NAME.exec(name)?.[2];
      if (samples === undefined) continue;
      segments.push({ name, samples: Number(samples), bytes: takenBy((await stat(join(dir, name))).size) });
    }
    return new Spool(options, segments);
  }

  /** Samples that wait. */
  get samples(): number {
    let samples = this.#samples;
    for (const [segment, evicted] of this.#leased) if (evicted) samples += segment.samples;
    return samples;
  }

  /** Files that wait, oldest first. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Resolves once the batch survives a crash; `null` when it is larger than the spool may be, and lost. @throws WsightError `STORE_UNAVAILABLE` when it can't be written */
  async add(batch: Batch): Promise<Segment | null> {
    const bytes = encodeSegment(batch);
    const samples = sizeOf(batch);
    const taken = takenBy(bytes.length);
    if (taken > this.#maxBytes) {
      this.#onLoss(samples, `the spool of ${this.#maxBytes} bytes is smaller than what had to be kept`);
      return null;
    }
    await this.#makeRoom(taken);
    const number = String(this.#next++).padStart(15, "0");
    const name = `${number}-${samples}-${randomBytes(4).toString("hex")}.samples`;
    await this.#write(name, bytes);
    const segment = { name, samples, bytes: taken };
    this.#segments.push(segment);
    this.#bytes += segment.bytes;
    this.#samples += segment.samples;
    return segment;
  }

  /** What a file holds. One that is damaged is set aside and counted, and holds nothing. */
  async read(segment: Segment): Promise<Batch> {
    try {
      return decodeSegment(await readFile(join(this.#dir, segment.name)));
    } catch (error) {
      await this.#setAside(segment, error instanceof Error ? error.message : String(error));
      return { samples: NO_SAMPLES, events: [] };
    }
  }

  /** What these files hold is on its way to the store. Only then is known whether one that has to make room is lost. */
  lease(segments: readonly Segment[]): void {
    for (const segment of segments) if (!this.#leased.has(segment)) this.#leased.set(segment, false);
  }

  /** Ends a lease: what is stored is taken away, else it waits on. Says how many samples that were. */
  async settle(segments: readonly Segment[], stored: boolean): Promise<number> {
    const over = segments.filter((segment) => stored || this.#leased.get(segment) === true);
    for (const segment of segments) if (!over.includes(segment)) this.#leased.delete(segment);
    for (const { name } of over) await unlink(join(this.#dir, name)).catch(ignoreMissing);
    // Were a name to come back after a power cut, an older value would replace a newer one.
    if (over.length > 0) await this.#sync();
    // Counted in one turn with what the caller makes of it.
    return over.reduce((samples, segment) => samples + this.#end(segment, stored), 0);
  }

  #end(segment: Segment, stored: boolean): number {
    const evicted = this.#leased.get(segment) === true;
    this.#leased.delete(segment);
    if (!evicted && !this.#forget(segment)) return 0;
    if (stored) return segment.samples;
    this.#lose(segment);
    return 0;
  }

  async #write(name: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.#dir, name);
    try {
      await writeSynced(`${path}.tmp`, bytes);
      await rename(`${path}.tmp`, path);
      await this.#sync();
    } catch (error) {
      await unlink(`${path}.tmp`).catch(() => undefined);
      throw new WsightError(
        "STORE_UNAVAILABLE",
        `history: the spool ${this.#dir} can't be written (${messageOf(error)})`,
      );
    }
  }

  async #makeRoom(bytes: number): Promise<void> {
    let oldest = this.#segments[0];
    while (oldest !== undefined && this.#bytes + bytes > this.#maxBytes) {
      this.#forget(oldest);
      // Its file stays until it is settled, for whoever is about to read it.
      if (this.#leased.has(oldest)) this.#leased.set(oldest, true);
      else {
        this.#lose(oldest);
        await unlink(join(this.#dir, oldest.name)).catch(ignoreMissing);
      }
      oldest = this.#segments[0];
    }
  }

  #lose({ samples }: Segment): void {
    this.#onLoss(samples, `the spool of ${this.#maxBytes} bytes is full; the oldest samples made room`);
  }

  async #setAside(segment: Segment, reason: string): Promise<void> {
    if (!this.#forget(segment)) return;
    const path = join(this.#dir, segment.name);
    this.#onLoss(segment.samples, `segment ${segment.name} was set aside: ${reason}`);
    const kept = (await readdir(this.#dir).catch(() => [])).filter((name) => name.endsWith(".corrupt"));
    if (kept.length >= MAX_SET_ASIDE) await unlink(path).catch(() => undefined);
    else await rename(path, `${path}.corrupt`).catch(() => undefined);
  }

  /** False when it was forgotten before. */
  #forget(segment: Segment): boolean {
    const index = this.#segments.indexOf(segment);
    if (index < 0) return false;
    this.#segments.splice(index, 1);
    this.#bytes -= segment.bytes;
    this.#samples -= segment.samples;
    return true;
  }

  /** Makes names last, on systems that can. */
  async #sync(): Promise<void> {
    let directory: FileHandle | undefined;
    try {
      directory = await open(this.#dir, "r");
      await directory.sync();
    } catch {
      // Windows has no such thing.
    } finally {
      await directory?.close().catch(() => undefined);
    }
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

function takenBy(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}

function ignoreMissing(error: unknown): void {
  if (systemCode(error) !== "ENOENT") throw error;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
