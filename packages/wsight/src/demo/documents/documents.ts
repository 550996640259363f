import { setMaxListeners } from "node:events";
import { pause } from "../pause.ts";
import { createRandom, exponential, type Random } from "../random.ts";
import type { Rhythm } from "../rhythm.ts";
import { type Document, makeDocument } from "./document.ts";
import { type Waiting, WaitingRoom } from "./waiting-room.ts";
import { type DocumentNews, runWorker } from "./worker.ts";

const WORKERS = ["press-1", "press-2", "press-3"] as const;
/** Documents that may wait; while it is full nobody brings another. */
const ROOM = 40;
/** Between two documents on average, ms. */
const ARRIVAL_MS = 2_200;
/** Documents that are there at once, so that there is something to see. */
const AT_START = 9;

/** What documents are processed with. */
export interface DocumentsParts {
  readonly seed: number;
  /** How busy people are. */
  readonly rhythm: Rhythm;
  /** Hears what becomes of documents. */
  readonly news: DocumentNews;
}

/** The running document service. */
export interface Documents {
  /** Lets everything lie; safe to call twice. */
  close(): void;
}

/**
 * A service that makes something of documents: three workers, a queue by plan, tries that fail and are tried again, and
 * now and then a worker that loses its document. Nothing is really read; time passes as if it were.
 */
export function startDocuments({ seed, rhythm, news }: DocumentsParts): Documents {
  const ending = new AbortController();
  const { signal } = ending;
  setMaxListeners(0, signal);
  const random = createRandom(seed * 31 + 7);
  const room = new WaitingRoom(ROOM);
  const bring = bringer({ random, room, news });
  for (let i = 0; i < AT_START; i++) bring();
  for (const name of WORKERS) void runWorker({ name, random, room, news, signal });
  void arrive({ random, rhythm, room, bring, signal });
  return {
    close() {
      ending.abort();
      room.close();
    },
  };
}

function bringer(parts: {
  readonly random: Random;
  readonly room: WaitingRoom;
  readonly news: DocumentNews;
}): () => void {
  let number = 0;
  return () => {
    const document: Document = makeDocument(parts.random, ++number);
    const waiting: Waiting = { document, attempt: 1 };
    parts.news.queued(document);
    parts.room.add(waiting);
  };
}

async function arrive(parts: {
  readonly random: Random;
  readonly rhythm: Rhythm;
  readonly room: WaitingRoom;
  readonly bring: () => void;
  readonly signal: AbortSignal;
}): Promise<void> {
  const startedAt = Date.now();
  const { random, rhythm, room, bring, signal } = parts;
  while (await pause(exponential(random, ARRIVAL_MS / rhythm(Date.now() - startedAt)), signal)) {
    if (!room.isFull) bring();
  }
}
