import { pause } from "../pause.ts";
import type { Random } from "../random.ts";
import type { Document } from "./document.ts";
import type { Waiting, WaitingRoom } from "./waiting-room.ts";

/** Tries that a document has. */
export const MAX_ATTEMPTS = 3;
const RETRY_MS = 2_500;
/** Tries that fail of 1; those that a worker loses; and those that it sits over. */
const FAILING = 0.05;
const LOST = 0.012;
const STUCK = 0.004;
const LOST_AFTER_MS = 6_000;
const STUCK_MS = 45_000;
/** Progress is told in so many steps of a try, and no more often than this, ms. */
const STEPS = 8;
const MIN_STEP_MS = 500;

const FAULTS = ["the page could not be decoded", "the converter ran out of memory", "the font server did not answer"];

/** Hears what becomes of documents. */
export interface DocumentNews {
  queued(document: Document): void;
  started(document: Document, worker: string): void;
  progress(document: Document, percent: number, stage: string): void;
  completed(document: Document, result: { readonly pages: number }): void;
  /** @param retryInMs `null`: it is not tried again */
  failed(document: Document, error: string, retryInMs: number | null): void;
  /** The worker lost it; it waits again. */
  lost(document: Document): void;
}

/** What a worker works with. */
export interface WorkerParts {
  readonly name: string;
  readonly random: Random;
  readonly room: WaitingRoom;
  readonly news: DocumentNews;
  readonly signal: AbortSignal;
}

/** Takes one document after the other until all ends. */
export async function runWorker(parts: WorkerParts): Promise<void> {
  for (;;) {
    const next = await parts.room.take();
    if (next === null || parts.signal.aborted) return;
    await tryOnce(parts, next);
  }
}

type Fate = "done" | "failed" | "lost" | "stuck";

function fateOf(random: Random, { broken }: Document): Fate {
  if (broken) return "failed";
  const dice = random();
  if (dice < FAILING) return "failed";
  if (dice < FAILING + LOST) return "lost";
  return dice < FAILING + LOST + STUCK ? "stuck" : "done";
}

async function tryOnce(parts: WorkerParts, waiting: Waiting): Promise<void> {
  const { name, random, news, signal } = parts;
  const { document } = waiting;
  news.started(document, name);
  const fate = fateOf(random, document);
  const share = fate === "done" ? 1 : 0.2 + 0.6 * random();
  if (!(await work(parts, document, share))) return;
  switch (fate) {
    case "done":
      news.completed(document, { pages: 1 + Math.floor(document.fileSize / 90_000) });
      return;
    case "failed":
      fail(parts, waiting);
      return;
    case "lost":
      if (await pause(LOST_AFTER_MS, signal)) lose(parts, waiting);
      return;
    case "stuck":
      if (await pause(STUCK_MS, signal)) lose(parts, waiting);
  }
}

/** So much of a try; false when all ends meanwhile. */
async function work({ news, signal }: WorkerParts, document: Document, share: number): Promise<boolean> {
  const { runMs, kind } = document;
  const steps = Math.max(1, Math.min(STEPS, Math.floor(runMs / MIN_STEP_MS)));
  for (let step = 1; step <= steps && step / steps <= share; step++) {
    if (!(await pause(runMs / steps, signal))) return false;
    if (step === steps) return true;
    const done = step / steps;
    const stage = kind.stages[Math.floor(done * kind.stages.length)] ?? "";
    news.progress(document, Math.round(done * 100), stage);
  }
  return !signal.aborted;
}

function fail({ random, news, room, signal }: WorkerParts, { document, attempt }: Waiting): void {
  const error = document.broken ? "the file is damaged" : (FAULTS[Math.floor(random() * FAULTS.length)] ?? "");
  if (attempt >= MAX_ATTEMPTS) {
    news.failed(document, error, null);
    return;
  }
  const retryInMs = RETRY_MS * 2 ** (attempt - 1);
  news.failed(document, error, retryInMs);
  void pause(retryInMs, signal).then((goesOn) => {
    if (goesOn) room.add({ document, attempt: attempt + 1 });
  });
}

function lose({ news, room }: WorkerParts, { document, attempt }: Waiting): void {
  if (attempt >= MAX_ATTEMPTS) {
    news.failed(document, "lost by its worker once too often", null);
    return;
  }
  news.lost(document);
  room.add({ document, attempt: attempt + 1 });
}
