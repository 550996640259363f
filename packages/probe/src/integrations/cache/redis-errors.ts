import { OTHER } from "@wsight/protocol";

/**
 * First words of error replies. A list, since scripts make error replies of their own, and what they put there may be
 * a key.
 */
const REPLIES: ReadonlySet<string> = new Set(
  (
    "ERR WRONGTYPE NOSCRIPT NOAUTH WRONGPASS NOPERM MOVED ASK CLUSTERDOWN CROSSSLOT TRYAGAIN LOADING BUSY MASTERDOWN " +
    "MISCONF READONLY OOM EXECABORT NOREPLICAS BUSYGROUP NOGROUP BUSYKEY UNKILLABLE NOMASTERLINK NOPROTO NOTBUSY INPROG " +
    "UNBLOCKED NOTREADY DENIED NOQUORUM IOERR SYNTAX"
  ).split(" "),
);

/** Codes and class names are short and of one word; anything else is not told. */
const WORD = /^[A-Za-z_]\w{0,63}$/;

/** A bounded word for an error of a Redis client: the first word of an error reply, else the code, else the class. */
export function errorType(error: unknown): string {
  if (!(error instanceof Error)) return OTHER;
  const first = /^([A-Z][A-Z0-9_]+)(?: |$)/.exec(error.message.slice(0, 40))?.[1];
  if (first !== undefined) return REPLIES.has(first) ? first : OTHER;
  const { code, name } = error as { code?: unknown; name: unknown };
  for (const word of [code, name === "Error" ? error.constructor.name : name])
    if (typeof word === "string" && WORD.test(word)) return word;
  return "Error";
}

/** True for the server's own refusal, as opposed to a connection that failed. */
export function isReplyError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === "UpstashError" || REPLIES.has(/^[A-Z]+/.exec(error.message)?.[0] ?? "");
}
