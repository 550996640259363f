import { describe } from "@wsight/protocol";
import { type Guard, isThenable } from "./guard.ts";
import type { ProbeContext } from "./integration.ts";

/** Longest channel name kept. */
const MAX_CHANNEL = 128;

/** Asks the application whose connection it is; `null` when it does not know, throws, or answers with a promise. */
export function askUser(context: ProbeContext, socket: unknown, request?: unknown): string | null {
  const { getUser } = context.options;
  if (getUser === undefined) return null;
  return context.userKey(ask(context.guard, "getUser", () => getUser(socket, request)));
}

/** Asks the application which channel a connection belongs to; `null` as for {@link askUser}. */
export function askChannel(context: ProbeContext, socket: unknown, request?: unknown): string | null {
  const { getChannel } = context.options;
  if (getChannel === undefined) return null;
  const channel = ask(context.guard, "getChannel", () => getChannel(socket, request));
  return typeof channel === "string" && channel !== "" ? channel.slice(0, MAX_CHANNEL) : null;
}

/** Runs a callback of the application; a throw or a promise is a fault of `source` and answers `undefined`. */
function ask(guard: Guard, source: string, fn: () => unknown): unknown {
  const answer = guard.run("callback", fn, undefined, source);
  if (!isThenable(answer)) return answer;
  // Nobody else waits for it: left alone, its rejection would end the process.
  guard.run("callback", () => answer.then(undefined, () => undefined), undefined, source);
  guard.fault("callback", new TypeError(`${source}: expected an answer at once, got ${describe(answer)}`), source);
  return undefined;
}
