import type { Offset } from "./time-axis.ts";

/** An instant as a `datetime-local` field takes it, by the clock of `offset`, to the second. */
export function writeLocal(at: number, offset: Offset): string {
  return new Date(at + offset(at)).toISOString().slice(0, 19);
}

/** What such a field says, ms epoch; NaN for no time. */
export function readLocal(text: string, offset: Offset): number {
  const local = Date.parse(`${text.length === 16 ? `${text}:00` : text}Z`);
  return local - offset(local - offset(local));
}
