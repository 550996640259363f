import type { HistoryEvent } from "@wsight/protocol";
import { WsightError } from "@wsight/protocol";
import type { Sample } from "../store/sample.ts";
import type { Store } from "../store/store.ts";
import { LineReader } from "./read-lines.ts";

/** Samples, or events, of one append. */
const BATCH = 5_000;

/** How much was taken in. */
export interface TakenIn {
  readonly samples: number;
  readonly events: number;
  /** False when the last line is missing: whoever wrote the file did not finish. */
  readonly whole: boolean;
}

/** What an import is told on its way. */
export interface TakeInOptions {
  readonly signal: AbortSignal;
  /** Told after each append. */
  readonly onProgress?: (progress: Omit<TakenIn, "whole">) => void;
}

/**
 * Puts lines of an export into a store, a batch at a time, in their order:
 * what comes last counts. Taking the same in again changes nothing.
 * @throws WsightError `BAD_REQUEST` naming the line that can't be read; what stood before it is kept
 */
export async function takeIn(
  store: Pick<Store, "append" | "appendEvents">,
  lines: AsyncIterable<string>,
  { signal, onProgress }: TakeInOptions,
): Promise<TakenIn> {
  const reader = new LineReader();
  const samples: Sample[] = [];
  const events: HistoryEvent[] = [];
  const total = { samples: 0, events: 0 };
  let number = 0;
  let started = false;
  let promised: { readonly samples: number; readonly events: number } | null = null;

  async function flush(): Promise<void> {
    signal.throwIfAborted();
    if (samples.length > 0) await store.append(samples);
    if (events.length > 0) await store.appendEvents(events);
    total.samples += samples.length;
    total.events += events.length;
    samples.length = events.length = 0;
    onProgress?.({ ...total });
  }

  for await (const text of lines) {
    number++;
    if (text === "") continue;
    const line = at(number, () => reader.read(text));
    if (line.type === "start") started = true;
    if (!started) throw notOurs(number);
    if (line.type === "sample") samples.push(line.sample);
    else if (line.type === "event") events.push(line.event);
    else if (line.type === "end") promised = line;
    if (samples.length >= BATCH || events.length >= BATCH) await flush();
  }
  if (!started) throw notOurs(number);
  await flush();
  return { ...total, whole: promised?.samples === total.samples && promised.events === total.events };
}

function at<T>(number: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new WsightError("BAD_REQUEST", `line ${number}: ${message}`, { cause: error });
  }
}

function notOurs(number: number): WsightError {
  return new WsightError(
    "BAD_REQUEST",
    `line ${number}: expected a file that wsight export --format ndjson wrote, which begins with a line of the type wsight-history`,
  );
}
