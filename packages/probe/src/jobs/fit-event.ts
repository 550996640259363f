import {
  type JobEvent,
  MAX_JOB_ERROR,
  MAX_JOB_LABEL,
  MAX_JOB_NAME,
  MAX_JOB_RESULT,
  MAX_JOB_STAGE,
  MAX_WORKER_NAME,
  parseJobEvent,
} from "@wsight/protocol";
import type { Redact } from "../redact.ts";

/** What of an error is looked at: redaction takes time by length. */
const MAX_LOOKED_AT = 4 * MAX_JOB_ERROR;

/** What leaves the process of events. */
export interface EventPrivacy {
  readonly redact: Redact;
  /** Nobody's name leaves the process. */
  readonly hideUsers: boolean;
}

/**
 * An event as it may leave the process: errors redacted, texts cut, a result that is too long left out. Names that
 * tell things apart (of queue, job and user) are never cut.
 * @throws WsightError `BAD_OPTION` for what can't be told
 */
export function fitEvent(event: JobEvent, { redact, hideUsers }: EventPrivacy): JobEvent {
  const fields: Texts = event as Texts;
  const { userId, result, error } = fields;
  const changes: Record<string, unknown> = {};
  if (hideUsers && userId !== undefined) changes.userId = undefined;
  for (const [field, max] of CUT) {
    const text = fields[field];
    if (typeof text === "string" && text.length > max) changes[field] = cut(text, max);
  }
  if (typeof error === "string") changes.error = cut(redact(cut(error, MAX_LOOKED_AT)), MAX_JOB_ERROR);
  if (typeof result === "string" && result.length > MAX_JOB_RESULT) changes.result = undefined;
  // Most events are told as they are.
  const isFit = Object.keys(changes).length === 0;
  return parseJobEvent("BAD_OPTION", "job", isFit ? event : { ...event, ...changes });
}

type Texts = Partial<Record<"userId" | "result" | "error" | (typeof CUT)[number][0], unknown>>;

const CUT = [
  ["name", MAX_JOB_NAME],
  ["label", MAX_JOB_LABEL],
  ["stage", MAX_JOB_STAGE],
  ["worker", MAX_WORKER_NAME],
] as const;

/** Never cuts a character in two. */
function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 2);
  const end = last >= 0xd800 && last <= 0xdbff ? max - 2 : max - 1;
  return `${text.slice(0, end)}…`;
}
