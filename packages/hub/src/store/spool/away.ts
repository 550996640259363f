import { WsightError } from "@wsight/protocol";

/** True for what may succeed later. */
export function isAway(error: unknown): error is WsightError {
  return error instanceof WsightError && error.code === "STORE_UNAVAILABLE";
}

/** The result, or `STORE_UNAVAILABLE` when it is not there in time. */
export async function inTime<T>(result: Promise<T>, patienceMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new WsightError("STORE_UNAVAILABLE", `history: the store did not answer within ${patienceMs} ms`)),
      patienceMs,
    );
  });
  return Promise.race([result, late]).finally(() => clearTimeout(timer));
}

/** What a reader is told while the store is away: what goes on, and how much waits on disk. */
export function whileSpooling({ message, cause }: WsightError, spooled: number): WsightError {
  const waiting = spooled === 0 ? "" : ` ${spooled} samples wait on disk for it.`;
  const text = `${message}. Live figures go on.${waiting}`;
  return new WsightError("STORE_UNAVAILABLE", text, cause === undefined ? {} : { cause });
}
