import { planTakeout, type TakeoutPart, type TakeoutStore, takeOut } from "./takeout.ts";
import type { TakeoutQuery } from "./takeout-query.ts";
import { TAKEOUT_TEXTS } from "./takeout-text.ts";

/** Samples or events of one piece of text: about two milliseconds of work. */
const PIECE_ITEMS = 250;

/**
 * The text of a takeout in pieces of some ten kilobytes. Whoever reads it sets
 * the pace: nothing is read ahead but the page at hand, and the event loop
 * goes on between two pieces. Stops with the signal's reason.
 */
export async function* writeTakeout(
  store: TakeoutStore,
  query: TakeoutQuery,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const text = TAKEOUT_TEXTS[query.format]();
  const plan = await planTakeout(store, query);
  let samples = 0;
  let events = 0;
  yield text.begin(query, plan);
  for await (const part of takeOut(store, query, plan, signal)) {
    for (const piece of piecesOf(part)) {
      if (piece.type === "samples") samples += piece.samples.length;
      else events += piece.events.length;
      yield text.part(piece);
      await new Promise(setImmediate);
      signal.throwIfAborted();
    }
  }
  yield text.end(samples, events);
}

function* piecesOf(part: TakeoutPart): Generator<TakeoutPart> {
  const { length } = part.type === "samples" ? part.samples : part.events;
  for (let from = 0; from < length; from += PIECE_ITEMS) {
    const to = from + PIECE_ITEMS;
    if (part.type === "samples") yield { type: "samples", samples: part.samples.slice(from, to) };
    else yield { type: "events", events: part.events.slice(from, to) };
  }
}
