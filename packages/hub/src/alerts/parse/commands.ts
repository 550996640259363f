import { Form } from "./form.ts";
import { text, whole } from "./reads.ts";

/** Longest note, in characters. */
const MAX_NOTE = 1000;
/** Longest snooze, seconds: a week. */
const LONGEST_SNOOZE_SEC = 604_800;
const SHORTEST_SNOOZE_SEC = 60;

/** Parses `{ note? }` of an acknowledgement; empty when none is given. @throws WsightError `BAD_REQUEST` */
export function parseNote(value: unknown): string {
  const form = Form.open("acknowledgement", value ?? {}, ["note"]);
  const note = form.optional("note", text(MAX_NOTE), "");
  form.finish("acknowledgement");
  return note;
}

/** Parses `{ text }` of a note. @throws WsightError `BAD_REQUEST` */
export function parseNoteText(value: unknown): string {
  const form = Form.open("note", value, ["text"]);
  const note = form.required("text", text(MAX_NOTE, 1), "");
  form.finish("note");
  return note;
}

/**
 * Parses `{ until }` (ms epoch) or `{ forSec }` of a snooze into ms epoch: a minute to a week ahead, or now for
 * `{ forSec: 0 }`, which ends one. @throws WsightError `BAD_REQUEST`
 */
export function parseSnooze(value: unknown, now: number): number {
  const form = Form.open("snooze", value, ["until", "forSec"]);
  if (form.has("until") === form.has("forSec")) form.fail("until", "expected either until or forSec");
  const shortest = form.raw("forSec") === 0 ? 0 : SHORTEST_SNOOZE_SEC;
  const forSec = form.optional("forSec", whole(shortest, LONGEST_SNOOZE_SEC), SHORTEST_SNOOZE_SEC);
  const earliest = now + SHORTEST_SNOOZE_SEC * 1000;
  const until = form.optional("until", whole(earliest, now + LONGEST_SNOOZE_SEC * 1000), now + forSec * 1000);
  form.finish("snooze");
  return until;
}
