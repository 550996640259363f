import type { Delivery } from "../../notifier.ts";

/** An error of nodemailer. `code` alone does not say whether it is for good: refusals for now and for ever have the same. */
export interface MailError extends Error {
  readonly code: string;
  /** Of SMTP; absent when the server said nothing. */
  readonly responseCode?: number;
  readonly response?: string;
  readonly command?: string;
  readonly recipient?: string;
  readonly rejectedErrors?: readonly MailError[];
}

/** A recipient that was refused, and how. */
export interface Refusal {
  readonly responseCode: number;
  readonly words: string;
}

/** Faults that no server takes back: what we sent can't be sent like this. */
const OUR_FAULTS: readonly string[] = ["EMESSAGE", "ECONFIG", "ENOAUTH", "EMAXRECIPIENTS"];

/** Which recipients may be tried later, and which never. */
export function splitRefusals(refusals: readonly Refusal[]): {
  readonly later: readonly Refusal[];
  readonly never: readonly Refusal[];
} {
  const never = refusals.filter(({ responseCode }) => isForGood(responseCode));
  return { never, later: refusals.filter((refusal) => !never.includes(refusal)) };
}

/** What became of a mail that no recipient has. */
export function judgeMailError(error: MailError): Delivery {
  const refusals = refusalsOf(error);
  const words = refusals.length > 0 ? refusals.map((refusal) => refusal.words).join("; ") : wordsOfMail(error);
  const isDead =
    refusals.length > 0
      ? splitRefusals(refusals).later.length === 0
      : error.responseCode === undefined
        ? OUR_FAULTS.includes(error.code)
        : isForGood(error.responseCode);
  return isDead ? { result: "dead", error: words } : { result: "again", error: words, afterMs: null };
}

/** The recipients that were refused. */
export function refusalsOf({ rejectedErrors }: { readonly rejectedErrors?: unknown }): readonly Refusal[] {
  const errors = Array.isArray(rejectedErrors) ? (rejectedErrors as readonly MailError[]) : [];
  return errors.map((error) => ({
    responseCode: error.responseCode ?? 0,
    words: `${error.recipient ?? "a recipient"}: ${error.response ?? error.message}`,
  }));
}

/** 5xx, but for 503: that says that the session was in the wrong state, not that the mail was refused. */
function isForGood(responseCode: number): boolean {
  return responseCode >= 500 && responseCode < 600 && responseCode !== 503;
}

function wordsOfMail({ code, message, response, command }: MailError): string {
  if (code === "EABORT") return "no answer in time";
  const where = command === undefined || command === "CONN" ? "" : ` (${command})`;
  return response === undefined ? `${message}${where}` : `the mail server said ${response}${where}`;
}
